"""The command that xargs runs, with the words that it adds (GNU findutils 4.9's manual)."""

from __future__ import annotations

import re
from dataclasses import replace

from ccpar_hybrid.approval.arg import UNKNOWN, WORDS, Arg, Form, exact
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.tool import Kind

_IN_PARTS = ("-n", "--max-args", "-L", "-l", "--max-lines", "-s", "--max-chars")
"""Which words each of the commands gets is not reckoned."""
_REPLACING = ("-I", "-i", "--replace")


def extended(call: Invocation, stdin: Stream) -> tuple[Arg, ...]:
    """The command with what is added at its end, or put in place of `{}`."""
    rest = call.rest or ()
    if any(option in ("-a", "--arg-file") for option in call.options):
        stdin = UNKNOWN
    if any(option in _REPLACING for option in call.options):
        marks = {word.text for kind, word in call.takes if kind is Kind.TEXT} | {"{}"}
        return tuple(_replaced(word, marks, stdin) for word in rest)
    return (*rest, *_appended(call, stdin))


def _replaced(word: Arg, marks: set[str], stdin: Stream) -> Arg:
    """Whatever could be the mark is taken for it; a line becomes one word."""
    places = [word.text.find(mark) for mark in marks if mark and mark in word.text]
    if not places:
        return word
    is_whole = word.is_exact and word.text in marks
    if is_whole and stdin is not None and stdin.form in (Form.INSIDE, Form.GLOB):
        return replace(stdin, loose=False, several=False)
    return Arg(word.text[: min(places)], Form.OPEN)


def _appended(call: Invocation, stdin: Stream) -> tuple[Arg, ...]:
    """Paths where the lines are known to be such, and are not cut anywhere else."""
    cut = any(option in ("-d", "--delimiter") for option in call.options)
    by_line = any(kind is Kind.TEXT and word.text == "\\n" for kind, word in call.takes)
    if stdin is None or (cut and not by_line):
        return (WORDS,)
    in_parts = any(option in _IN_PARTS for option in call.options)
    if stdin.form in (Form.INSIDE, Form.GLOB):
        whole = by_line or any(option in ("-0", "--null") for option in call.options)
        return (replace(stdin, loose=not whole, several=True),)
    if stdin.is_exact and not cut and not in_parts and not re.search(r"['\"\\]", stdin.text):
        return tuple(exact(word) for word in stdin.text.split())
    return (WORDS,)
