"""What can be asked of a syntax tree's nodes alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ccpar_hybrid.approval.syntax import Node


def asks_whether_set(words: Sequence[Node]) -> bool:
    """`[ -n "$name" ]`, and the like: what the variable holds is not told."""
    said = [_plain_text(word) for word in words]
    name, operator = said[0], said[1] if len(said) > 1 else None
    if operator not in ("-n", "-z") or (name, len(said)) not in (("test", 3), ("[", 4)):
        return False
    parts = words[2].get("Parts") or []
    return len(parts) == 1 and parts[0]["Type"] == "DblQuoted" and _is_bare(parts[0])


def _plain_text(word: Node) -> str | None:
    parts = word.get("Parts") or []
    return parts[0].get("Value") if len(parts) == 1 and parts[0]["Type"] == "Lit" else None


def _is_bare(quoted: Node) -> bool:
    """Whether it is nothing but `$name` or `${name:-}`."""
    parts = quoted.get("Parts") or []
    if len(parts) != 1 or parts[0]["Type"] != "ParamExp":
        return False
    others = set(parts[0]) - {"Type", "Pos", "End", "Dollar", "Rbrace", "Short", "Param", "Exp"}
    expansion = parts[0].get("Exp") or {"Op": "-"}
    return not others and expansion["Op"] in ("-", ":-") and not expansion.get("Word")


def is_followed(node: Node) -> bool:
    """Whether it is a function with something after its body, as the parser sees it."""
    command = node.get("Cmd") or {}
    return command.get("Type") == "FuncDecl" and bool(operators(command["Body"]))


def operators(node: Node) -> set[str]:
    """Those that join this statement's first command to others."""
    command = node.get("Cmd") or {}
    if command.get("Type") != "BinaryCmd":
        return set()
    return {command["Op"]} | operators(command["X"])


def unfolded(node: Node, body: Node) -> Node:
    """The same statement with the function's body alone in the function."""
    command = body.get("Cmd") or {}
    if command.get("Type") != "BinaryCmd":
        return {"Cmd": {**node, "Body": body}}
    return {**body, "Cmd": {**command, "X": unfolded(node, command["X"])}}
