"""Bash's builtins (bash 5.2's manual); those not named here are not judged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ccpar_hybrid.approval import variable
from ccpar_hybrid.approval.act import Act, Effect
from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact
from ccpar_hybrid.approval.assignment import assigned
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.state import MOST_VALUES, NO_FUNCTION, Flow, State, both

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

Argv = tuple[Arg, ...]
_NAME = re.compile(r"[A-Za-z_]\w*")
_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknoprstuwxzGLNOS")
_BINARY = frozenset(
    ["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]
)
_OPTIONS = frozenset(
    ["errexit", "nounset", "pipefail", "xtrace", "verbose", "noclobber", "monitor"]
)
_SHOPTS = frozenset(["nullglob", "failglob", "globstar", "inherit_errexit", "lastpipe"])
_CD_OPTIONS = frozenset(["-P", "-L", "--", "-e"])
_ENDING = frozenset(["EXIT", "0", "INT", "TERM", "HUP", "QUIT"])
UNJUDGED = frozenset([
    "alias", "bind", "builtin_", "compgen", "complete", "compopt", "enable", "fc", "history",
    "let", "logout", "suspend", "unalias", "declare", "export", "local", "readonly", "typeset",
    "coproc", "caller", "newgrp", "noglob", "nocorrect", "zmodload", "autoload", "emulate",
    "setopt", "unsetopt", "vared", "zle", "sched", "zcompile", "functions", "hash_", "limit",
    "rehash", "where",
])  # fmt: skip


def _quiet(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    return both(state)


def _printing(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    return Flow(state, state, UNKNOWN)


def _waiting(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    """`wait -p NAME` evaluates a subscript, `jobs -x` runs a command."""
    flags = ("-l", "-n", "-p", "-r", "-s") if argv[0].text == "jobs" else ("-n", "-f")
    for word in argv[1:]:
        if not word.is_exact or (word.text.startswith("-") and word.text not in flags):
            shell.unclear(_line(argv), "what it is told is not known")
    return Flow(state, state, UNKNOWN if argv[0].text == "jobs" else None)


def _false(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    return both(state)


def _echo(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    shell.add(Act(Effect.LOOK, _line(argv), tuple(map(str, argv))))
    texts = argv[1:]
    if texts and texts[0].text == "-n":
        texts = texts[1:]
    if texts and re.fullmatch(r"-[neE]+", texts[0].text):  # shells differ
        return Flow(state, state, UNKNOWN)
    if all(word.is_exact for word in texts) and not any("\\" in word.text for word in texts):
        return Flow(state, state, exact(" ".join(word.text for word in texts) + "\n"))
    return Flow(state, state, UNKNOWN)


def _printf(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = list(argv[1:])
    if words and (words[0].form is Form.MANY or (not words[0].is_exact and words[0].may_be_option)):
        shell.unclear(_line(argv), "its first word could be an option")
    if words and words[0].text.startswith("-v"):
        word = words.pop(0)
        if word.text == "-v" and word.is_exact and words:
            word = words.pop(0)
        value = word.text.removeprefix("-v")
        if not word.is_exact or not _NAME.fullmatch(value):
            shell.unclear(_line(argv), "it evaluates a subscript")
        return both(assigned(shell, value, [UNKNOWN], state))
    shell.add(Act(Effect.LOOK, _line(argv), tuple(map(str, argv))))
    return Flow(state, state, UNKNOWN)


def _pwd(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    if state.folders is not None and len(state.folders) == 1:
        return Flow(state, state, exact(next(iter(state.folders)) + "\n"))
    return Flow(state, state, UNKNOWN)


def _cd(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = [word for word in argv[1:] if not (word.is_exact and word.text in _CD_OPTIONS)]
    if len(words) > 1:
        shell.unclear(_line(argv), "it has more than one folder")
    is_push = argv[0].text == "pushd"
    if is_push and (not words or words[0].may_be_option or words[0].text.startswith("+")):
        return Flow(state.at(None), state, UNKNOWN)
    flow = _moved(shell, words[0] if words else exact(shell.ground.home), state)
    return Flow(flow.ok, flow.failed, UNKNOWN if is_push else None)


def _moved(shell: Shell, target: Arg, state: State) -> Flow:
    if not target.is_exact or target.text.startswith("-") or state.folders is None:
        if target.is_exact and target.text.startswith("/"):
            shell.path("read", target, state, ("cd", target.text))
            return Flow(state.at(shell.ground.steps(target.text, "/")), state)
        if target.form in (Form.INSIDE, Form.GLOB) and state.folders is not None:
            shell.path("read", target, state, ("cd", str(target)))
            return Flow(_inside(shell, target, state), state)
        return Flow(state.at(None), state)
    shell.path("read", target, state, ("cd", target.text))
    steps = [shell.ground.steps(target.text or ".", base) for base in state.folders]
    return Flow(state.at(frozenset().union(*steps)), state)


def _inside(shell: Shell, target: Arg, state: State) -> State:
    """Somewhere below: a name that stands for it, for nothing leads up from there by itself."""
    bases = state.folders or frozenset()
    parts = [part for part in target.text.split("/") if part]
    if target.form is Form.GLOB:
        parts = [re.sub(r"[*?\[\]]+", "_", part) for part in parts]
    name = ("/" if target.text.startswith("/") else "") + "/".join(parts)
    names = [name] if target.form is Form.GLOB else [name or ".", f"{name or '.'}/_"]
    found = {shell.ground.spot(each, base).path for base in bases for each in names}
    if target.form is Form.GLOB:  # what is a link is where it leads, too
        found |= {spot.path for base in bases for spot in shell.ground.spots(target.text, base)[1:]}
    return state.at(frozenset(found) if len(found) <= MOST_VALUES else None)


def _popd(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    return both(state.at(None))


def _test(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    """`[` evaluates the subscript after `-v`; it must be plain what is an operator."""
    words = list(argv[1:])
    if argv[0].text == "[":
        if not words or words[-1].text != "]":
            shell.unclear(_line(argv), "its `]` is missing")
        words = words[:-1]
    for position, word in enumerate(words):
        before = words[position - 1] if position else None
        after = words[position + 1] if position + 1 < len(words) else None
        if word.is_exact and word.text in ("-v", "-R"):
            if after is None or not after.is_exact or not _NAME.fullmatch(after.text):
                shell.unclear(_line(argv), "it evaluates a subscript")
        elif (word.is_several and word.may_be_option) and not (
            before and before.text in _UNARY and after is None
        ):
            shell.unclear(_line(argv), "a word without quotes could become an operator")
        elif word.form is Form.OPEN and not (
            len(words) == 1
            or (after is not None and after.is_exact and after.text in _BINARY)
            or (before is not None and before.is_exact and before.text in _UNARY | _BINARY)
        ):
            shell.unclear(_line(argv), "a word could be an operator")
    return both(state)


def _read(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = list(argv[1:])
    raw = array = False
    while words and words[0].is_exact and words[0].text.startswith("-") and words[0].text != "-":
        letters = words.pop(0).text[1:]
        raw = raw or "r" in letters
        array = array or "a" in letters
        if not set(letters) <= set("rsepnNtduaiE"):
            shell.unclear(_line(argv), "nothing is known of this option")
        if letters[-1:] in ("p", "n", "N", "t", "d", "u", "i") and words:
            words.pop(0)
    names = [word.text if word.is_exact and _NAME.fullmatch(word.text) else "" for word in words]
    if "" in names:
        shell.unclear(_line(argv), "it evaluates a subscript")
    value = UNKNOWN
    if (
        raw
        and not array
        and len(names) == 1
        and stdin is not None
        and stdin.form in (Form.INSIDE, Form.GLOB)
    ):
        value = stdin
    for name in names or ["REPLY_"]:
        if name:
            state = assigned(shell, name, [value], state)
    return both(state)


def _mapfile(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = [word for word in argv[1:] if not (word.is_exact and word.text == "-t")]
    if len(words) != 1 or not words[0].is_exact or not _NAME.fullmatch(words[0].text):
        shell.unclear(_line(argv), "only `mapfile -t NAME` is judged")
        return both(state)
    return both(assigned(shell, words[0].text, [UNKNOWN], state))


def _unset(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    for word in argv[1:]:
        if word.is_exact and word.text in ("-v", "-f"):
            continue
        if word.text in state.functions:
            functions = state.functions[word.text] | {NO_FUNCTION}
            state = replace(state, functions={**state.functions, word.text: functions})
        if not word.is_exact or not _NAME.fullmatch(word.text) or variable.is_special(word.text):
            shell.unclear(_line(argv), "which variable is unset may change what runs")
        if shell.locals:  # of a function's variable, the one outside may come to light
            state = state.without(word.text)
        else:
            state = state.with_value(word.text, [exact("")])
    return both(state)


def _set(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = list(argv[1:])
    if not words:
        shell.add(Act(Effect.SECRETS, "set", ("set",), why="it prints every variable"))
    while words:
        word = words.pop(0)
        if word.text == "--" and word.is_exact:
            return both(state.with_arguments(tuple(words)))
        shell.traces = shell.traces or "x" in word.text or "o" in word.text
        letters = word.text[1:]
        if (
            not word.is_exact
            or word.text[:1] not in "-+"
            or not set(letters) <= set("euxvCmo")
            or ("o" in letters and (not words or words.pop(0).text not in _OPTIONS))
        ):
            shell.unclear(_line(argv), "the option may change how the shell reads")
    return both(state)


def _shopt(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    for word in argv[1:]:
        if not word.is_exact or (word.text not in ("-s", "-u", "-q") and word.text not in _SHOPTS):
            shell.unclear(_line(argv), "the option may change how the shell reads")
    return both(state)


def _shift(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    old = state.arrays.get("@")
    count = argv[1].text if len(argv) > 1 else "1"
    plain = re.fullmatch(r"[0-9]{1,3}", count) and len(argv) <= 2
    if old is None or not plain or any(each.form is not Form.EXACT for each in old):
        return both(state.with_arguments((Arg("", Form.MANY),)))
    if int(count) > len(old):
        return both(state)  # it fails, and shifts nothing
    return Flow(state.with_arguments(old[int(count) :]), state)


def _eval(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = argv[1:]
    if not all(word.is_exact for word in words):
        shell.unclear(_line(argv), "it runs a text that is not known")
        return both(state.at(None))
    return shell.script(" ".join(word.text for word in words), state, stdin)


def _source(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    """Only the script that makes a Python environment is known to change nothing else."""
    if len(argv) == 2 and argv[1].is_exact and re.fullmatch(r"(.*/)?bin/activate", argv[1].text):
        shell.path("execute", argv[1], state, tuple(map(str, argv)))
        return both(state)
    shell.unclear(_line(argv), "it runs a program text in this shell")
    return both(state.at(None))


def _exec(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    if len(argv) == 1:
        shell.unclear("exec", "it redirects what follows")
        return both(state)
    if argv[1].text.startswith("-"):
        shell.unclear(_line(argv), "nothing is known of this option")
    outside = replace(state, functions={})
    return Flow(None, state, shell.run(argv[1:], outside, stdin).output)


def _command(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    words = list(argv[1:])
    while words and words[0].is_exact and words[0].text.startswith("-"):
        option = words.pop(0).text
        if option in ("-v", "-V"):
            return Flow(state, state, UNKNOWN)
        if option not in ("-p", "--"):
            shell.unclear(_line(argv), "nothing is known of this option")
    if not words:
        return both(state)
    from ccpar_hybrid.approval.command import outside_functions

    if not words[0].is_exact:
        shell.unclear(_line(argv), "which program runs is known only when it runs")
        return both(state)
    return outside_functions(shell, tuple(words), state, stdin)


def _trap(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    """Only at the end, or when somebody ends it: between commands it could change anything."""
    words = [word for word in argv[1:] if not (word.is_exact and word.text == "--")]
    if not words or (words[0].is_exact and words[0].text in ("-p", "-l", "-", "")):
        return Flow(state, state, UNKNOWN)
    shell.traps = True
    if not words[0].is_exact:
        shell.unclear(_line(argv), "it runs a text that is not known")
    else:
        shell.script(words[0].text, State(None), None)
    if not all(word.text.upper().removeprefix("SIG") in _ENDING for word in words[1:]):
        shell.unclear(_line(argv), "when it runs is not known")
    return both(state)


def _leave(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    """break, continue, return; where there is nothing to leave they fail, and the rest runs."""
    for frame in shell.leaving:
        frame.append(state)
    return both(state)


def _exit(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    plain = all(word.is_exact and re.fullmatch(r"[0-9]+", word.text) for word in argv[1:])
    return Flow(None, None) if plain and len(argv) <= 2 else both(state)


def _type(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    return Flow(state, state, UNKNOWN)


def _hash(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    options = [word for word in argv[1:] if word.may_be_option]
    if not all(word.is_exact and word.text in ("-r", "-t", "-l") for word in options):
        shell.unclear(_line(argv), "it changes which program a name is")
    return Flow(state, state, UNKNOWN)


def _getopts(shell: Shell, argv: Argv, state: State, stdin: Stream) -> Flow:
    if len(argv) < 3 or not argv[2].is_exact or not _NAME.fullmatch(argv[2].text):
        shell.unclear(_line(argv), "it evaluates a subscript")
        return both(state)
    return both(assigned(shell, argv[2].text, [UNKNOWN], state))


def _line(argv: Argv) -> str:
    return " ".join(map(str, argv))[:120]


BUILTINS: dict[str, Callable[[Shell, Argv, State, Stream], Flow]] = {
    **dict.fromkeys((":", "true", "disown"), _quiet),
    **dict.fromkeys(("times", "help", "dirs", "umask", "fg", "bg", "ulimit"), _printing),
    **dict.fromkeys(("wait", "jobs"), _waiting),
    "false": _false,
    "echo": _echo,
    "printf": _printf,
    "pwd": _pwd,
    **dict.fromkeys(("cd", "pushd", "chdir"), _cd),
    "popd": _popd,
    **dict.fromkeys(("[", "test"), _test),
    "read": _read,
    **dict.fromkeys(("mapfile", "readarray"), _mapfile),
    "unset": _unset,
    "set": _set,
    "shopt": _shopt,
    "shift": _shift,
    "eval": _eval,
    **dict.fromkeys((".", "source"), _source),
    "exec": _exec,
    **dict.fromkeys(("command", "builtin"), _command),
    "trap": _trap,
    **dict.fromkeys(("break", "continue", "return"), _leave),
    "exit": _exit,
    "type": _type,
    "hash": _hash,
    "getopts": _getopts,
}
