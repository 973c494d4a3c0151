"""One simple command, its words expanded: function, builtin, interpreter, or a known program."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccpar_hybrid.approval import builtin, find, interpreter, python_text, script, variable
from ccpar_hybrid.approval.act import Act, Effect
from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact
from ccpar_hybrid.approval.assignment import environment
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.invocation import Invocation, read
from ccpar_hybrid.approval.perform import based, output, perform
from ccpar_hybrid.approval.state import NO_FUNCTION, Flow, State, both, join
from ccpar_hybrid.approval.tool import Kind, Tool
from ccpar_hybrid.approval.xargs import extended

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

_SYSTEM = ("/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/homebrew/bin")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def simple(shell: Shell, argv: tuple[Arg, ...], state: State, stdin: Stream) -> Flow:
    """Judge one simple command; functions come before builtins, builtins before programs."""
    name = argv[0]
    if not name.is_exact or not name.text:
        shell.unclear(_line(argv), "which program runs is known only when it runs")
        return Flow(state, state, UNKNOWN)
    bodies = state.functions.get(name.text, frozenset({NO_FUNCTION}))
    flow: Flow | None = None
    for number in sorted(bodies):
        if number == NO_FUNCTION:
            one = outside_functions(shell, argv, state, stdin)
        else:
            one = shell.call(number, argv, state, stdin)
        flow = (
            one
            if flow is None
            else Flow(join(flow.ok, one.ok), join(flow.failed, one.failed), UNKNOWN)
        )
    return flow or both(state)


def outside_functions(shell: Shell, argv: tuple[Arg, ...], state: State, stdin: Stream) -> Flow:
    """What it is when no function has the name."""
    name = argv[0].text
    if handler := builtin.BUILTINS.get(name):
        return handler(shell, argv, state, stdin)
    if name in builtin.UNJUDGED:
        shell.unclear(_line(argv), f"the builtin {name} is not judged")
        return Flow(state, state, UNKNOWN)
    program = _program(shell, argv, state)
    if program == "find":
        printed = find.judge(shell, argv, state)
    elif program in interpreter.SHELLS:
        printed = interpreter.shell(shell, program, argv, state, stdin)
    elif tool := shell.tools.get(program):
        printed = _tool(shell, tool, program, argv, state, stdin)
    elif "/" in name and name.rpartition("/")[0] not in _SYSTEM:
        printed = _own_program(shell, argv, state)
    else:
        line = _line(argv)
        shell.add(
            Act(Effect.UNKNOWN, line, tuple(map(str, argv)), why=f"nothing is known of {name}")
        )
        printed = UNKNOWN
    return Flow(state, state, printed)


def _program(shell: Shell, argv: tuple[Arg, ...], state: State) -> str:
    """The program's plain name; a path inside the project is executed as such too."""
    name = argv[0].text
    folder, _, last = name.rpartition("/")
    if not folder:
        return name
    if re.search(r"\s", name):
        shell.unclear(name, "a text that a program may take for a command")
    if folder in _SYSTEM:
        return last
    shell.path("execute", argv[0], state, (name,))
    return last if folder.endswith(("/bin", ".bin")) or last in ("gradlew", "mvnw") else name


def _own_program(shell: Shell, argv: tuple[Arg, ...], state: State) -> Stream:
    """A program of the project, of which nothing more is known: its arguments may be paths."""
    found = Invocation(Tool(does=Effect.BUILD), (argv[0].text,))
    found.takes = [(Kind.ANY, word) for word in argv[1:]]
    perform(shell, found, state, None)
    return UNKNOWN


def _tool(
    shell: Shell, tool: Tool, name: str, argv: tuple[Arg, ...], state: State, stdin: Stream
) -> Stream:
    call = read(tool, name, argv[1:])
    if name in ("env", "sudo", "printenv"):
        call = _without_assignments(shell, call, state)
    perform(shell, call, state, stdin)
    for kind, word in call.takes:
        if kind is Kind.MODULE:
            return _module(shell, word, call.rest or (), state, stdin)
    if name.startswith(("python", "pypy")):
        _python_input(shell, call, state, stdin)
    elif script.reads_program(call):
        shell.unclear(name, "it runs a program text that it reads")
    if call.rest is None:
        if call.names == ("git", "rev-parse") and call.options == ["--show-toplevel"]:
            return _toplevel(shell, state)
        return output(call, stdin)
    rest = call.rest
    if call.grammar.appends:
        rest = extended(call, stdin)
    if any(kind is Kind.LOCAL_COMMAND for kind, _ in call.takes):
        known = shell.tools.get(rest[0].text) if rest[0].is_exact else None
        shell.path("execute", Arg(f"node_modules/.bin/{rest[0].text}", rest[0].form), state, ())
        if known is None or known.ships != "npm":
            shell.unclear(_line(argv), "it may bring in a package of that name")
            return UNKNOWN
    outside = replace(based(shell, call, state, tuple(call.names)), functions={})
    return shell.run(rest, outside, stdin).output if rest else UNKNOWN


def _toplevel(shell: Shell, state: State) -> Stream:
    """The worktree, if the shell is surely in it and in no repository inside of it."""
    ground = shell.ground
    folders = state.folders or frozenset()
    is_here = folders == {ground.directory} and Path(ground.worktree, ".git").exists()
    return exact(ground.worktree + "\n") if is_here else Arg(ground.worktree, Form.INSIDE)


def _without_assignments(shell: Shell, call: Invocation, state: State) -> Invocation:
    rest = list(call.rest or ())
    while rest and (match := _ASSIGNMENT.fullmatch(rest[0].text)):
        if rest[0].is_several:
            shell.unclear(str(rest[0]), "it may become several words, a command among them")
        environment(shell, match[1], [Arg(match[2], rest[0].form)], state)
        rest.pop(0)
    call.rest = tuple(rest)
    if not rest and call.names[0] == "env" and "--version" not in call.options:
        call.effects.append(Effect.SECRETS)
    if call.names[0] == "printenv":
        for _, word in call.operands:
            if not word.is_exact or variable.is_secret(word.text):
                call.effects.append(Effect.SECRETS)
        if not call.operands:
            call.effects.append(Effect.SECRETS)
    return call


def _module(shell: Shell, name: Arg, rest: tuple[Arg, ...], state: State, stdin: Stream) -> Stream:
    """`python -m NAME ARGUMENTS`: a tool of that name, or a module of the project."""
    if not name.is_exact:
        shell.unclear(f"python -m {name}", "which program runs is known only when it runs")
        return UNKNOWN
    known = "python -m " + name.text
    tool = shell.tools.get(known) or shell.tools.get(name.text)
    if tool is not None:
        return _tool(shell, tool, name.text, (name, *rest[1:]), state, stdin)
    path = name.text.replace(".", "/")
    folders = state.folders or frozenset()
    is_own = re.fullmatch(r"[\w.]+", name.text) and any(
        os.path.exists(os.path.join(folder, start, path + end))  # noqa: PTH110, PTH118
        for folder in folders
        for start in ("", "src")
        for end in ("", ".py")
    )
    if not is_own:
        shell.add(
            Act(
                Effect.UNKNOWN,
                known,
                ("python", "-m", name.text),
                why="nothing is known of the module",
            )
        )
        return UNKNOWN
    return _own_program(shell, (exact(known), *rest[1:]), state)


def _python_input(shell: Shell, call: Invocation, state: State, stdin: Stream) -> None:
    """Without a script it runs what it reads."""
    script = any(
        kind in (Kind.SCRIPT, Kind.PYTHON) and word.text != "-" for kind, word in call.takes
    )
    if script or any(
        option in ("--version", "-V", "-VV", "--help", "-h") for option in call.options
    ):
        return
    if stdin is None or not stdin.is_exact:
        shell.unclear("python", "it runs a text that is not known")
        return
    for effect, what in python_text.look(stdin.text):
        if effect == "unclear":
            shell.unclear("python", what)
        else:
            shell.path(effect, exact(what), state, ())


def _line(argv: tuple[Arg, ...]) -> str:
    return " ".join(map(str, argv))[:120]
