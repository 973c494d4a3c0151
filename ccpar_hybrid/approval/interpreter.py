"""`bash -c TEXT`, `bash FILE`, `… | bash`: a shell that this shell starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccpar_hybrid.approval.act import Act, Effect
from ccpar_hybrid.approval.arg import UNKNOWN, Arg, exact
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.perform import perform
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind, Tool

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

SHELLS = frozenset(["bash", "sh", "dash"])
_HARMLESS = frozenset("euxvnl")
_LONG = frozenset(["--norc", "--noprofile", "--posix"])
_INFORMING = frozenset(["--version", "--help"])


def shell(shell: Shell, name: str, argv: tuple[Arg, ...], state: State, stdin: Stream) -> Stream:
    """Judge a shell's call; what it prints."""
    words = list(argv[1:])
    has_text = checks_only = False
    while (
        words and words[0].is_exact and words[0].text[:1] in "-+" and words[0].text not in ("-", "")
    ):
        option = words.pop(0).text
        if option == "--":
            break
        if option in _INFORMING:
            return UNKNOWN
        if option in _LONG:
            continue
        letters = option[1:]
        has_text = has_text or "c" in letters
        checks_only = checks_only or "n" in letters
        shell.traces = shell.traces or "x" in letters
        if letters.endswith("o") and words and words[0].text in ("pipefail", "errexit", "nounset"):
            words.pop(0)
            letters = letters[:-1]
        if not set(letters) - {"c"} <= _HARMLESS or option.startswith("--") or "l" in letters:
            shell.unclear(f"{name} {option}", "nothing is known of this option")
    if words and not words[0].is_exact and words[0].may_be_option:
        shell.unclear(f"{name} {words[0]}", "a word that could be an option")
    if has_text:
        return _text(shell, name, words, state, stdin)
    if words and words[0].text != "-":
        return _file(shell, name, words, state, checks_only=checks_only)
    if stdin is not None and stdin.is_exact:
        return shell.script(stdin.text, _child(state, [exact(name)]), None).output
    shell.unclear(name, "a shell runs a text that is not known")
    return UNKNOWN


def _text(shell: Shell, name: str, words: list[Arg], state: State, stdin: Stream) -> Stream:
    if not words or not words[0].is_exact:
        shell.unclear(f"{name} -c …", "a shell runs a text that is not known")
        return UNKNOWN
    text = words[0].text
    if name != "bash" and ("$'" in text or '$"' in text):
        shell.unclear(f"{name} -c …", "shells read this quoting differently")
    return shell.script(text, _child(state, words[1:]), stdin).output


def _file(shell: Shell, name: str, words: list[Arg], state: State, *, checks_only: bool) -> Stream:
    if checks_only:
        shell.path("read", words[0], state, (name, str(words[0])))
        return None
    if words[0].text.startswith("/dev/fd/"):
        shell.unclear(name, "a shell runs a text that is not known")
        return UNKNOWN
    found = Invocation(Tool(does=Effect.BUILD), (name, str(words[0])))
    found.takes = [(Kind.SCRIPT, words[0]), *((Kind.ANY, word) for word in words[1:])]
    perform(shell, found, state, None)
    return UNKNOWN


def _child(state: State, words: list[Arg]) -> State:
    """Another process: only what is exported is there; positional arguments are its own."""
    child = State(state.folders)
    if words and not words[0].is_several:
        child = child.with_value("0", [words[0]]).with_arguments(tuple(words[1:]))
    return child


__all__ = ["SHELLS", "Act", "shell"]
