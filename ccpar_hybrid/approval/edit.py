"""What tools do to the files that they are given: formatters change them, builds run them."""

from __future__ import annotations

from ccpar_hybrid.approval.act import Effect, Place
from ccpar_hybrid.approval.arg import Arg, Form
from ccpar_hybrid.approval.host import Host
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind

_GIVEN = (Kind.READ, Kind.LINES, Kind.ANY, Kind.NODE)


def judge(host: Host, call: Invocation, state: State, words: tuple[str, ...]) -> None:
    """Judge the operands once more, as what is written or run."""
    edits = _edits(call)
    for kind, word in call.operands:
        if kind not in _GIVEN or word.text.startswith("-"):
            continue
        if edits and word.text:
            # What is edited lies below: not the folder itself is changed.
            below = Arg(word.text, Form.INSIDE) if word.is_exact else word
            host.path("write", below, state, words, listing=True)
        if call.grammar.does is Effect.BUILD and word.is_exact and _is_outside(host, word, state):
            host.path("execute", word, state, words)


def _edits(call: Invocation) -> bool:
    grammar = call.grammar
    if grammar.edits_unless:
        return not any(option in grammar.edits_unless for option in call.options)
    return any(option in grammar.edits_with for option in call.options)


def _is_outside(host: Host, word: Arg, state: State) -> bool:
    path = word.text.partition("::")[0]
    spots = [host.ground.spot(path, folder) for folder in state.folders or ()]
    return any(Place.OUTSIDE in spot.places for spot in spots)
