"""What `$name`, `${name…}` and arithmetic may give, and what they run on the way."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable

from ccpar_hybrid.approval import variable
from ccpar_hybrid.approval.arg import UNKNOWN, WORDS, Arg, Form, exact
from ccpar_hybrid.approval.host import Host
from ccpar_hybrid.approval.state import ANY, NUMBER, State, Values
from ccpar_hybrid.approval.syntax import Node

_NUMBERS = frozenset(
    [
        "!",
        "#",
        "?",
        "$",
        "RANDOM",
        "SRANDOM",
        "LINENO",
        "SECONDS",
        "UID",
        "EUID",
        "PPID",
        "BASHPID",
        "EPOCHSECONDS",
        "SHLVL",
        "COLUMNS",
        "LINES",
    ]
)
_INTEGER = re.compile(r"-?\d*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HARMLESS_AT = frozenset("QULuEAaKk") - {"E", "A"}
_ASSIGNING = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="])


def value_of(host: Host, name: str, state: State) -> Values:
    """What a plain `$name` may hold."""
    if name in _NUMBERS and name not in state.values:
        return NUMBER
    if name in state.values:
        return state.values[name]
    if name == "_":  # the last word of the command before
        host.traces = True
    if variable.is_secret(name) and host.only_tests:
        host.tests_secrets = True
    elif variable.is_secret(name):
        host.unclear(f"${name}", "the variable may hold a secret")
    if name == "HOME":
        return frozenset({exact(host.ground.home)})
    if name == "PWD" and state.folders is not None:
        return frozenset(exact(folder) for folder in state.folders)
    return ANY


def elements(host: Host, part: Node, state: State) -> tuple[Arg, ...] | None:
    """What `$@`, `$*`, `${a[@]}` and `${a[*]}` give; None for other parameters."""
    name = part["Param"]["Value"]
    index = ((part.get("Index") or {}).get("Parts") or [{}])[0].get("Value")
    is_all = name in ("@", "*") and "Index" not in part
    if not (is_all or index in ("@", "*")) or part.get("Length"):
        return None
    plain = not any(
        part.get(key) for key in ("Exp", "Slice", "Repl", "Excl", "Flags", "NestedParam")
    )
    if not plain:
        _inner(host, part, state)
        return (WORDS,)
    return state.arrays.get("@" if is_all else name, (WORDS,))


def parameter(host: Host, part: Node, state: State) -> list[Arg]:
    """What one parameter may give."""
    name = part["Param"]["Value"]
    if part.get("Excl") or part.get("NestedParam") or part.get("Flags"):
        host.unclear("${!…}", "which variable is meant is known only when it runs")
        return [WORDS]
    if part.get("Index") is not None:
        subscript(host, part["Index"], state)
    if part.get("Length") or part.get("Width"):
        return list(NUMBER)
    if (part.get("Exp") or {}).get("Op") in ("+", ":+"):  # only whether it is set
        return _expansion(host, name, part["Exp"], ANY, state)
    values = ANY if part.get("Index") is not None else value_of(host, name, state)
    if part.get("Slice") or part.get("Repl"):
        _inner(host, part, state)
        return [UNKNOWN]
    if expansion := part.get("Exp"):
        return _expansion(host, name, expansion, values, state)
    return list(values)


def check_quotes(host: Host, part: Node) -> None:
    """Between double quotes `"${x:-'$(this)'}"` runs: the inner quotes are letters there.

    The parser takes them for quotes. In a pattern, as after `#`, they are.
    """
    expansion, replaced = part.get("Exp") or {}, part.get("Repl") or {}
    words = [expansion.get("Word"), replaced.get("Orig"), replaced.get("With")]
    pieces = [piece for word in words if word for piece in word.get("Parts") or []]
    if expansion.get("Op") in _CUTS or replaced:
        pieces = [piece for piece in pieces if piece["Type"] != "SglQuoted"]
    if any(_has_single_quotes(piece) for piece in pieces):
        host.unclear("${…'…'}", "whether these are quotes depends on the quotes around them")


def _has_single_quotes(node: object) -> bool:
    if isinstance(node, dict):
        if node.get("Type") == "CmdSubst":  # what is in there is a text of its own
            return False
        return node.get("Type") == "SglQuoted" or any(map(_has_single_quotes, node.values()))
    return isinstance(node, list) and any(map(_has_single_quotes, node))


def without_word(host: Host, part: Node, state: State) -> list[Arg]:
    """What `${name:-word}` or `${name:+word}` may give beside the word."""
    without = {**part, "Exp": {**part["Exp"], "Word": None}}
    if part["Exp"]["Op"] in ("+", ":+"):
        parameter(host, without, state)
        return [exact("")]
    return parameter(host, {**part, "Exp": None}, state)


def _inner(host: Host, part: Node, state: State) -> None:
    """Judge what stands inside of a parameter's braces."""
    from ccpar_hybrid.approval.word import single

    piece = part.get("Slice") or {}
    for bound in (piece.get("Offset"), piece.get("Length")):
        arithmetic(host, bound, state)
    replaced = part.get("Repl") or {}
    for word in (replaced.get("Orig"), replaced.get("With"), (part.get("Exp") or {}).get("Word")):
        if word is not None:
            single(host, word, state)


def _expansion(host: Host, name: str, expansion: Node, values: Values, state: State) -> list[Arg]:
    from ccpar_hybrid.approval.word import single

    operator, word = expansion["Op"], expansion.get("Word")
    others = single(host, word, state) if word is not None else [exact("")]
    if operator == "@":
        if word is None or others[0].text not in _HARMLESS_AT:
            host.unclear(f"${{{name}@…}}", "it evaluates the variable's value")
        return [UNKNOWN]
    if operator in ("-", ":-"):
        return [*values, *others]
    if operator in ("+", ":+"):
        return [exact(""), *others]
    if operator in ("=", ":="):
        host.unclear(f"${{{name}{operator}…}}", "it sets a variable on the way")
        return [UNKNOWN]
    if operator in ("?", ":?"):
        return list(values)
    pattern = _plain_pattern(single(host, word, state, globs=True)) if word is not None else None
    if pattern is not None and operator in _CUTS:
        cut = _CUTS[operator]
        return [_cut(value, pattern, operator, cut) for value in values]
    return [UNKNOWN]


def _plain_pattern(found: list[Arg]) -> str | None:
    """The pattern as Python reads it, what is quoted escaped; None where bash may differ."""
    if len(found) != 1 or found[0].form not in (Form.EXACT, Form.GLOB):
        return None
    text = found[0].text
    if found[0].is_exact:
        return re.sub(r"([*?\[])", r"[\1]", text)
    return None if "[" in re.sub(r"\[[*?\[]\]", "", text) or "\\" in text else text


def _cut(value: Arg, pattern: str, operator: str, cut: Callable[[str, str], str]) -> Arg:
    if value.is_exact:
        return exact(cut(value.text, pattern))
    if value.form is Form.GLOB and operator == "##" and pattern == "*/":
        return Arg(value.text.rsplit("/", 1)[-1], Form.GLOB, loose=value.loose)
    is_plain = not any(letter in pattern for letter in "*?[\\/")
    if value.form is Form.GLOB and operator[0] == "%" and is_plain and value.text.endswith(pattern):
        return Arg(value.text[: len(value.text) - len(pattern)], Form.GLOB, loose=value.loose)
    if value.form is Form.GLOB and operator == "%" and pattern == "/" and value.text.endswith("/"):
        return Arg(value.text[:-1], Form.GLOB, loose=value.loose)
    return UNKNOWN


def _shortest_end(text: str, pattern: str) -> str:
    for start in range(len(text), -1, -1):
        if fnmatch.fnmatchcase(text[start:], pattern):
            return text[:start]
    return text


def _longest_end(text: str, pattern: str) -> str:
    for start in range(len(text) + 1):
        if fnmatch.fnmatchcase(text[start:], pattern):
            return text[:start]
    return text


def _shortest_start(text: str, pattern: str) -> str:
    for end in range(len(text) + 1):
        if fnmatch.fnmatchcase(text[:end], pattern):
            return text[end:]
    return text


def _longest_start(text: str, pattern: str) -> str:
    for end in range(len(text), -1, -1):
        if fnmatch.fnmatchcase(text[:end], pattern):
            return text[end:]
    return text


_CUTS: dict[str, Callable[[str, str], str]] = {
    "%": _shortest_end,
    "%%": _longest_end,
    "#": _shortest_start,
    "##": _longest_start,
}


def subscript(host: Host, index: Node, state: State) -> None:
    """Judge the subscript of an array, which bash evaluates."""
    parts = index.get("Parts") or []
    if len(parts) == 1 and parts[0].get("Value") in ("@", "*"):
        return
    arithmetic(host, index, state)


def arithmetic(host: Host, node: Node | None, state: State) -> None:
    """Judge an expression: a name in it is evaluated again, and a subscript may run commands."""
    if node is None:
        return
    if node.get("Type") != "Word":
        for key in ("X", "Y", "Z"):
            if isinstance(node.get(key), dict):
                arithmetic(host, node[key], state)
        if node.get("Type") == "BinaryArithm" and node.get("Op") in _ASSIGNING:
            _check_assigned(host, node["X"])
        return
    for part in node.get("Parts") or []:
        _operand(host, part, state)


def _check_assigned(host: Host, node: Node) -> None:
    names = assigned_names(node)
    if len(names) != 1:
        host.unclear("$((…=…))", "what it assigns to is not plain")


def assigned_names(node: Node) -> list[str]:
    """The plain names of an operand."""
    parts = node.get("Parts") or []
    text = parts[0].get("Value") if len(parts) == 1 else None
    return [text] if isinstance(text, str) and _NAME.fullmatch(text) else []


def assignments(node: Node | None) -> list[str]:
    """Every name that an expression assigns to."""
    if node is None or node.get("Type") == "Word":
        return []
    found = []
    if node.get("Op") in _ASSIGNING or node.get("Op") in ("++", "--"):
        found += assigned_names(node["X"])
    for key in ("X", "Y", "Z"):
        if isinstance(node.get(key), dict):
            found += assignments(node[key])
    return found


def _operand(host: Host, part: Node, state: State) -> None:
    kind = part["Type"]
    if kind == "Lit":
        text = part["Value"]
        if re.fullmatch(r"[0-9]+(#[0-9a-zA-Z@_]+)?|0[xX][0-9a-fA-F]+", text):
            return
        if _NAME.fullmatch(text):
            _check_number(host, text, value_of(host, text, state))
            return
    elif kind == "ParamExp":
        check_quotes(host, part)
        if part.get("Index") is not None and not part.get("Length"):
            host.unclear("$((…[…]))", "the value of an array's element is evaluated")
        for value in parameter(host, part, state):
            _check_number(host, part["Param"]["Value"], frozenset({value}))
        return
    elif kind == "ArithmExp":
        arithmetic(host, part.get("X"), state)
        return
    elif kind == "CmdSubst":
        value = host.substitution(part.get("Stmts") or [], state)
        _check_number(host, "$(…)", frozenset({value}))
        return
    elif kind == "DblQuoted":
        for each in part.get("Parts") or []:
            _operand(host, each, state)
        return
    host.unclear("$((…))", "the expression is not plain")


def _check_number(host: Host, name: str, values: Values) -> None:
    for value in values:
        known = value.form in (Form.EXACT, Form.NUMBERED)
        if not (known and _INTEGER.fullmatch(value.text)):
            host.unclear(name, "arithmetic evaluates its value, which is not known to be a number")
            return
