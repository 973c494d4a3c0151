"""Assignments: what a variable may hold, and whether setting it changes what runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ccpar_hybrid.approval import variable
from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact
from ccpar_hybrid.approval.parameter import subscript
from ccpar_hybrid.approval.state import ANY, State
from ccpar_hybrid.approval.syntax import Node
from ccpar_hybrid.approval.word import argvs, single

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

_MARKS = frozenset("rxtg")
"""Options of `declare` after which a value is what is written; `-i`, `-n`, `-f`, `-A` evaluate or
run, `-l` and `-u` change its letters."""


def assign(shell: Shell, nodes: list[Node], state: State, *, exported: bool) -> State:
    """`name=value …`; `exported`: for a program that is started with them."""
    for node in nodes:
        state = _one(shell, node, state, exported=exported)
    return state


def assigned(shell: Shell, name: str, values: list[Arg], state: State) -> State:
    """The name gets one of these, in a loop or by arithmetic."""
    if variable.is_special(name):
        shell.unclear(f"{name}=…", "setting it may change what runs")
    return state.with_value(name, values)


def environment(shell: Shell, name: str, values: list[Arg], state: State) -> None:
    """Judge a variable that programs get."""
    if variable.is_path_list(name):
        for value in values:
            for part in value.text.split(os.pathsep) if value.is_exact else ():
                shell.path("execute", exact(part), state, ())
            if not value.is_exact:
                shell.unclear(f"{name}=…", "from where code is loaded is not known")
    elif not variable.is_harmless(name):
        shell.unclear(f"{name}=…", "the variable may change what programs do")


def _one(shell: Shell, node: Node, state: State, *, exported: bool) -> State:
    name = (node.get("Name") or {}).get("Value", "")
    if not name:
        return state
    if node.get("Index") is not None:
        subscript(shell, node["Index"], state)
        single(shell, node.get("Value"), state)
        return state.without(name)
    if node.get("Array") is not None:
        return _array(shell, name, node, state)
    if node.get("Naked"):
        return state
    values = single(shell, node.get("Value"), state)
    if node.get("Append"):
        values = _appended(state, name, values)
    if exported:
        environment(shell, name, values, state)
    elif variable.is_special(name):
        shell.unclear(f"{name}=…", "setting it may change what runs")
    return state.with_value(name, values)


def _appended(state: State, name: str, values: list[Arg]) -> list[Arg]:
    before = state.values.get(name, ANY)
    if len(before) * len(values) > 16:
        return [UNKNOWN]
    return [_together(old, new) for old in before for new in values]


def _together(old: Arg, new: Arg) -> Arg:
    forms = {old.form, new.form}
    if forms <= {Form.EXACT, Form.NUMBERED}:
        return Arg(old.text + new.text, Form.NUMBERED if Form.NUMBERED in forms else Form.EXACT)
    if not old.is_exact:
        return UNKNOWN
    return Arg(old.text + (new.text if new.form is Form.OPEN else ""), Form.OPEN)


def _array(shell: Shell, name: str, node: Node, state: State) -> State:
    if variable.is_special(name):
        shell.unclear(f"{name}=(…)", "setting it may change what runs")
    elements = node["Array"].get("Elems") or []
    words = []
    for element in elements:
        if element.get("Index") is not None:
            subscript(shell, element["Index"], state)
        if element.get("Value") is not None:
            words.append(element["Value"])
    readings = argvs(shell, words, state)
    if len(readings) != 1 or any(element.get("Index") is not None for element in elements):
        return state.without(name)
    before = state.arrays.get(name) if node.get("Append") else ()
    if before is None:
        return state.without(name)
    return state.with_array(name, (*before, *readings[0]))


def _is_quoted_array(shell: Shell, nodes: list[Node], state: State) -> bool:
    """`declare -a x='(…)'`."""
    options = [each.get("Value") for each in nodes if not each.get("Name")]
    marks = "".join(value.text for word in options for value in single(shell, word, state))
    return "a" in marks and any(each.get("Name") and each.get("Value") for each in nodes)


def declare(shell: Shell, node: Node, state: State) -> State:
    """`export`, `declare`, `local`, `readonly`, `typeset`."""
    variant = node["Variant"]["Value"]
    exported, fixed, everywhere = variant == "export", variant == "readonly", False
    nodes = node.get("Args") or []
    if _is_quoted_array(shell, nodes, state):
        shell.unclear(f"{variant} -a", "some shells evaluate the value")
    for each in nodes:
        if each.get("Name"):
            continue
        for value in single(shell, each.get("Value"), state):
            marks = value.text.lstrip("-+")
            if not value.is_exact or value.text[:1] not in "-+":
                shell.unclear(f"{variant} {value}", "what it declares is not plain")
            elif variant == "nameref" or not set(marks) <= _MARKS | (
                {"a"} if marks == "a" else set()
            ):
                shell.unclear(f"{variant} {value}", "the variable's value would be evaluated")
            exported = exported or "x" in marks
            fixed, everywhere = fixed or "r" in marks, everywhere or "g" in marks
    if not any(each.get("Name") for each in nodes):
        shell.unclear(variant, "it prints every variable, secrets too")
    for each in nodes:
        name = (each.get("Name") or {}).get("Value", "")
        if name and each.get("Naked") and exported:
            environment(shell, name, list(state.values.get(name, ANY)), state)
        elif name and each.get("Naked") and variant == "local":
            if variable.is_special(name):
                shell.unclear(f"local {name}", "without it, other programs may run")
            state = state.with_value(name, [exact("")])
        elif name:
            state = _one(shell, each, state, exported=exported)
        if name and fixed:
            state = state.with_fixed(name)
        if name and shell.locals and not everywhere:
            shell.locals[-1].add(name)
    return state
