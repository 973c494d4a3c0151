"""Tools that print what the files below a folder hold: whether secrets are among them."""

from __future__ import annotations

import os

from ccpar_hybrid.approval import below
from ccpar_hybrid.approval.arg import Arg, Form, exact
from ccpar_hybrid.approval.ground import is_secret_pattern
from ccpar_hybrid.approval.host import Host, Stream
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind

_ALWAYS = "*"


def judge(host: Host, call: Invocation, state: State, stdin: Stream) -> None:
    """Look below the folders that are searched, unless a pattern of names narrows them."""
    searches = call.grammar.searches
    always = _ALWAYS in searches
    if call.grammar.packs:
        _look_into(host, call, state)
    if not (always or any(option in searches for option in call.options)) or _narrowed(call):
        return
    paths = [word for kind, word in call.operands if kind in (Kind.LINES, Kind.READ)]
    if not paths:
        if stdin is not None and always:
            return
        paths = [exact(".")]
    for folder in sorted(state.folders or ()):
        for path in paths:
            place = os.path.join(folder, path.text if path.is_exact else ".")  # noqa: PTH118
            if path.form is Form.GLOB:
                place = folder
            _look(host, call, os.path.realpath(place), hidden=not always)


def _look_into(host: Host, call: Invocation, state: State) -> None:
    """An archive's name does not tell that secrets are in it."""
    for kind, word in call.takes:
        if kind in (Kind.TAR, Kind.READ) and word.form is not Form.OPEN and state.folders:
            for folder in sorted(state.folders):
                spots = host.ground.spots(word.text, folder) if word.form is Form.GLOB else []
                places = [spot.path for spot in spots[1:]] or [os.path.join(folder, word.text)]  # noqa: PTH118
                for place in places:
                    _look(host, call, os.path.realpath(place), hidden=True)


def _look(host: Host, call: Invocation, place: str, *, hidden: bool) -> None:
    found = below.secret(host.ground, place, hidden=hidden)
    if found is None:
        host.unclear(" ".join(call.names), "it searches too many files to look at each")
    elif found:
        host.unclear(" ".join(call.names), f"it would print what {found} holds, a secret")


def printed(call: Invocation, paths: list[Arg]) -> Stream:
    """The names that a search prints, where its own operands or one pattern narrow them."""
    globs = [word for kind, word in call.takes if kind is Kind.GLOB]
    if len(globs) == 1 and _narrowed(call):
        base = paths[0] if len(paths) == 1 else None
        if not paths or (base is not None and base.form in (Form.EXACT, Form.INSIDE)):
            text = base.text if base is not None and base.text != "." else ""
            return Arg(text, Form.INSIDE, names=globs[0].text)
    searches = any(option in call.grammar.searches for option in call.options)
    if len(paths) == 1 and paths[0].form is Form.GLOB and not searches:
        return paths[0]
    return None


def _narrowed(call: Invocation) -> bool:
    globs = [word.text for kind, word in call.takes if kind is Kind.GLOB]
    return bool(globs) and not any(
        text.startswith("!")
        or "/" in text
        or not any(letter.isalnum() for letter in text)
        or is_secret_pattern(text)
        for text in globs
    )
