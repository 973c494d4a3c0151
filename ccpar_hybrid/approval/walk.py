"""Statements, in the ways that bash may take through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form
from ccpar_hybrid.approval.assignment import assign, assigned, declare
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.parameter import arithmetic, assignments
from ccpar_hybrid.approval.redirect import redirect
from ccpar_hybrid.approval.shape import asks_whether_set, is_followed, operators, unfolded
from ccpar_hybrid.approval.special import CLAUSES, SPECIAL
from ccpar_hybrid.approval.state import ANY, NUMBER, Flow, State, both, join
from ccpar_hybrid.approval.syntax import Node
from ccpar_hybrid.approval.word import argvs, expanded, single

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

MOST_ROUNDS = 4
_BODIES = frozenset([
    "Block", "Subshell", "IfClause", "WhileClause", "ForClause", "CaseClause", "TestClause",
    "ArithmCmd",
])  # fmt: skip
"""What may be a function's body."""
_Statements = Sequence[Node]


def statements(shell: Shell, nodes: _Statements, state: State, stdin: Stream) -> Flow:
    """One after the other."""
    flow = both(state)
    outputs: list[Stream] = []
    for node in nodes:
        now = flow.either
        if now is None:
            # Never reached as far as is known; judged all the same.
            now = state
            flow = statement(shell, node, now, stdin)
            flow = Flow(None, None, flow.output)
        else:
            flow = statement(shell, node, now, stdin)
        outputs.append(flow.output)
    return Flow(flow.ok, flow.failed, _together(outputs))


def _together(outputs: list[Stream]) -> Stream:
    found = [each for each in outputs if each is not None]
    if not found:
        return None
    return (
        found[0] if (len(set(found)) == 1 and not found[0].is_exact) or len(found) == 1 else UNKNOWN
    )


def statement(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    """One statement with its redirections."""
    shell.count()
    if node.get("Coprocess") or node.get("Disown"):
        shell.unclear("coproc", "a coprocess is not judged")
    piped = redirect(shell, node.get("Redirs") or [], state, stdin)
    command = node.get("Cmd")
    if command is None:
        return both(state)
    flow = _COMMANDS.get(command["Type"], _unknown)(shell, command, state, piped.stdin)
    if piped.output_taken:
        flow = Flow(flow.ok, flow.failed, None)
    elif piped.errors_mixed and flow.output is not None and flow.output.is_exact:
        flow = Flow(flow.ok, flow.failed, UNKNOWN)
    if piped.may_fail:  # then the command does not run at all
        flow = Flow(flow.ok, join(flow.failed, state), flow.output)
    if node.get("Negated"):
        flow = Flow(flow.failed, flow.ok, flow.output)
    if node.get("Background"):
        return Flow(state, state, flow.output)
    return flow


def _unknown(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    shell.unclear(str(node["Type"]), "a kind of statement that is not judged")
    return both(state)


def _call(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    words = node.get("Args") or []
    given = node.get("Assigns") or []
    if not words:
        return both(assign(shell, given, state, exported=False))
    inner = assign(shell, given, state, exported=True) if given else state
    flow: Flow | None = None
    shell.only_tests = asks_whether_set(words) and not state.functions
    readings = argvs(shell, words, state)
    shell.only_tests = False
    for argv in dict.fromkeys(readings):
        if not argv:
            one = both(state)
        else:
            reads = argv[0].text in ("read", "mapfile", "readarray")
            one = shell.run(argv, state if reads or not given else inner, stdin)
            if given and not reads:
                names = [(each.get("Name") or {}).get("Value", "") for each in given]
                ok, failed = (_restored(way, state, names) for way in (one.ok, one.failed))
                one = Flow(ok, failed, one.output)
        flow = one if flow is None else _merged(flow, one)
    return flow or both(state)


def _restored(after: State | None, before: State, names: list[str]) -> State | None:
    """Variables given to one command alone are what they were, or what that command made them."""
    if after is None:
        return None
    for name in names:
        after = after.with_value(name, before.values.get(name, ANY) | after.values.get(name, ANY))
    return after


def _merged(one: Flow, other: Flow) -> Flow:
    output = one.output if one.output == other.output else UNKNOWN
    return Flow(join(one.ok, other.ok), join(one.failed, other.failed), output)


def _binary(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    operator, left, right = node["Op"], node["X"], node["Y"]
    if operator != "&&" and is_followed(right):
        shell.unclear("function", "what follows its body is not plain")
    if operator in ("|", "|&"):
        first = statement(shell, left, state, stdin)
        second = statement(shell, right, state, first.output if operator == "|" else UNKNOWN)
        after = join(state, second.either)
        return Flow(after, after, second.output)
    first = statement(shell, left, state, stdin)
    entry = first.ok if operator == "&&" else first.failed
    second = statement(shell, right, entry or state, stdin)
    if entry is None:
        second = Flow(None, None, second.output)
    output = second.output if first.output is None else UNKNOWN
    if second.output is None:
        output = first.output
    if operator == "&&":
        return Flow(second.ok, join(first.failed, second.failed), output)
    return Flow(join(first.ok, second.ok), second.failed, output)


def _block(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    return statements(shell, node.get("Stmts") or [], state, stdin)


def _subshell(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    flow = statements(shell, node.get("Stmts") or [], state, stdin)
    return Flow(state, state, flow.output)


def _if(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    if not node.get("Cond"):
        return statements(shell, node.get("Then") or [], state, stdin)
    condition = statements(shell, node["Cond"], state, stdin)
    then = statements(shell, node.get("Then") or [], condition.ok or state, stdin)
    if condition.ok is None:
        then = Flow(None, None, then.output)
    if node.get("Else") is None:
        after = join(then.either, condition.failed)
        return Flow(after, after, _together([condition.output, then.output]))
    other = _if(shell, node["Else"], condition.failed or state, stdin)
    after = join(then.either, other.either)
    return Flow(after, after, UNKNOWN)


def _while(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    def once(now: State) -> tuple[State | None, State | None]:
        condition = statements(shell, node.get("Cond") or [], now, stdin)
        entry, leave = condition.ok, condition.failed
        if node.get("Until"):
            entry, leave = leave, entry
        body = statements(shell, node.get("Do") or [], entry or now, stdin)
        return body.either, leave

    return _loop(shell, state, once)


def _for(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    loop = node["Loop"]
    if node.get("Select"):
        shell.unclear("select", "a person chooses")
    if loop["Type"] == "CStyleLoop":
        return _counted(shell, node, loop, state, stdin)
    name = loop["Name"]["Value"]
    values = _items(shell, loop, state) or [
        UNKNOWN
    ]  # without items the body is judged all the same

    def once(now: State) -> tuple[State | None, State | None]:
        entry = assigned(shell, name, values, now)
        return statements(shell, node.get("Do") or [], entry, stdin).either, now

    return _loop(shell, state, once)


def _items(shell: Shell, loop: Node, state: State) -> list[Arg]:
    """What the variable of a loop may be."""
    if "InPos" not in loop or (not loop.get("Items") and not loop["InPos"].get("Line")):
        found = list(state.arrays.get("@", (UNKNOWN,)))
    else:
        found = [
            each
            for word in loop.get("Items") or []
            for argv in expanded(shell, word, state)
            for each in argv
        ]
    return [
        Arg(each.text, Form.OPEN) if each.form is Form.MANY else replace(each, several=False)
        for each in found
    ]


def _counted(shell: Shell, node: Node, loop: Node, state: State, stdin: Stream) -> Flow:
    def count(key: str, now: State) -> State:
        arithmetic(shell, loop.get(key), now)
        for name in assignments(loop.get(key)):
            now = assigned(shell, name, list(NUMBER), now)
        return now

    def once(now: State) -> tuple[State | None, State | None]:
        now = count("Cond", now)
        after = statements(shell, node.get("Do") or [], now, stdin).either
        return (count("Post", after) if after else None), now

    return _loop(shell, count("Init", state), once)


def _loop(
    shell: Shell, state: State, once: Callable[[State], tuple[State | None, State | None]]
) -> Flow:
    """Round and round until nothing new is learnt; what never settles is forgotten."""
    now, after = state, None
    for _ in range(MOST_ROUNDS):
        shell.leaving.append([])
        try:
            back, leave = once(now)
        finally:
            left = shell.leaving.pop()
        for each in (leave, *left):
            after = join(after, each)
        following = join(now, back)
        for each in left:
            following = join(following, each)
        assert following is not None
        if following == now:
            break
        now = following
    else:
        changed = [name for name, values in now.values.items() if values != state.values.get(name)]
        for name in changed:
            now = now.without(name)
        now = State(None, now.values, {}, now.functions)
        once_more = once(now)
        after = join(now, join(once_more[0], once_more[1]))
    after = join(after, now)
    return Flow(after, after, UNKNOWN)


def _case(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    single(shell, node.get("Word"), state)
    after: State | None = state
    for item in node.get("Items") or []:
        for pattern in item.get("Patterns") or []:
            single(shell, pattern, state)
        if item.get("Op") != ";;":
            shell.unclear(str(item.get("Op")), "a case that falls through is not judged")
        after = join(after, statements(shell, item.get("Stmts") or [], state, stdin).either)
    return Flow(after, after, UNKNOWN)


def _function(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    """The parser takes `&& …` after a body for a part of it, which it is not to bash."""
    body, command = node["Body"], node["Body"].get("Cmd") or {}
    if command.get("Type") == "BinaryCmd" and operators(body) == {"&&"}:
        return statement(shell, unfolded(node, body), state, stdin)
    if command.get("Type") not in _BODIES or body.get("Background") or body.get("Negated"):
        shell.unclear("function", "what follows its body is not plain")
    if body.get("Background"):
        return both(state)
    return _defined(shell, node, state)


def _defined(shell: Shell, node: Node, state: State) -> Flow:
    name = (node.get("Name") or {}).get("Value", "")
    if name in ("command_not_found_handle", "command_not_found_handler") or node.get("Names"):
        shell.unclear(name, "a function that is called by the shell itself")
    if name in CLAUSES:
        shell.unclear(name, "a function with the name of a part of the grammar")
    if name in SPECIAL:
        shell.unclear(name, "shells differ in whether this function or the builtin is run")
    shell.bodies.append(node["Body"])
    return both(state.with_function(name, len(shell.bodies) - 1))


def _test(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    _test_part(shell, node["X"], state)
    return both(state)


def _test_part(shell: Shell, node: Node, state: State) -> None:
    """`[[ … ]]`: numbers are evaluated as arithmetic, `-v` evaluates a subscript."""
    if node["Type"] == "Word":
        single(shell, node, state)
        return
    operator = node.get("Op", "")
    if operator in ("-eq", "-ne", "-lt", "-le", "-gt", "-ge"):
        for side in (node["X"], node["Y"]):
            arithmetic(shell, side, state)
        return
    if operator in ("-v", "-R"):
        found = single(shell, node["X"], state)
        if not all(each.is_exact and each.text.isidentifier() for each in found):
            shell.unclear(f"[[ {operator} … ]]", "it evaluates a subscript")
        return
    for key in ("X", "Y"):
        if isinstance(node.get(key), dict):
            _test_part(shell, node[key], state)


def _arithmetic(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    expressions = [node["X"]] if node.get("X") else node.get("Exprs") or []
    for expression in expressions:
        arithmetic(shell, expression, state)
        for name in assignments(expression):
            state = assigned(shell, name, list(NUMBER), state)
    return both(state)


def _declare(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    return both(declare(shell, node, state))


def _time(shell: Shell, node: Node, state: State, stdin: Stream) -> Flow:
    inner = node.get("Stmt")
    return statement(shell, inner, state, stdin) if inner else both(state)


_COMMANDS: dict[str, Callable[[Shell, Node, State, Stream], Flow]] = {
    "CallExpr": _call,
    "BinaryCmd": _binary,
    "Block": _block,
    "Subshell": _subshell,
    "IfClause": _if,
    "WhileClause": _while,
    "ForClause": _for,
    "CaseClause": _case,
    "FuncDecl": _function,
    "TestClause": _test,
    "ArithmCmd": _arithmetic,
    "LetClause": _arithmetic,
    "DeclClause": _declare,
    "TimeClause": _time,
}
