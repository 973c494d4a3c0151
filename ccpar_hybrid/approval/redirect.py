"""Redirections: what is read and written, and what a command gets as its input."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.syntax import Node
from ccpar_hybrid.approval.word import document, expanded, single

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

_WRITING = (">", ">>", ">|", "&>", "&>>", "<>", ">!", ">>!", "&>|", "&>!")
_HEREDOCS = ("<<", "<<-")
_PLAIN = re.compile(r"[\w./+,:@%= -]*")
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\n")


@dataclass(frozen=True)
class Piped:
    """What a command reads, and whether its output goes elsewhere.

    `errors_mixed`: what it complains of comes with the output. `may_fail`: a file of it may be
    none that can be opened, and then nothing is run.
    """

    stdin: Stream
    output_taken: bool = False
    errors_mixed: bool = False
    may_fail: bool = False


def redirect(shell: Shell, nodes: list[Node], state: State, stdin: Stream) -> Piped:
    """Judge all redirections of a statement."""
    taken = mixed = may_fail = False
    for node in nodes:
        may_fail = may_fail or not _is_sure(node)
        number = (node.get("N") or {}).get("Value", "")
        if number and not number.isdigit():
            shell.unclear(f"{number}{node['Op']}", "it keeps a file open under a variable")
        operator = node["Op"]
        if operator in _HEREDOCS:
            stdin = _heredoc(shell, node, state)
        elif operator == "<<<":
            found = single(shell, node["Word"], state)
            text = found[0] if len(found) == 1 else UNKNOWN
            stdin = exact(text.text + "\n") if text.is_exact else Arg(text.text, Form.OPEN)
        elif operator in (">&", "<&") and _is_descriptor(node["Word"]):
            taken = taken or (operator == ">&" and number in ("", "1"))
            mixed = mixed or (operator == ">&" and number == "2")
        elif operator == "<":
            _file(shell, "read", node, state)
            stdin = UNKNOWN
        elif operator in _WRITING or operator == ">&":
            _file(shell, "write", node, state, again=operator == ">&")
            if operator == "<>":
                _file(shell, "read", node, state)
            taken = taken or number in ("", "1")
        else:
            shell.unclear(operator, "a redirection that is not judged")
    return Piped(stdin, taken, mixed, may_fail)


def loses_semicolons(nodes: Sequence[Node]) -> bool:
    """Whether bash 5.2 runs other commands in a substitution than are written there.

    It writes the commands down anew to parse them once more, and leaves out what stands between two
    of them after a heredoc's text. Only one pipeline is surely kept.
    """
    if not any(_has_heredoc(node) for node in nodes):
        return False
    return len(nodes) != 1 or not _is_pipeline(nodes[0])


def _has_heredoc(node: object) -> bool:
    if isinstance(node, dict):
        return node.get("Op") in _HEREDOCS or any(map(_has_heredoc, node.values()))
    return isinstance(node, list) and any(map(_has_heredoc, node))


def _is_pipeline(node: Node) -> bool:
    command = node.get("Cmd") or {}
    if command.get("Type") == "BinaryCmd" and command["Op"] in ("|", "|&"):
        return _is_pipeline(command["X"]) and _is_pipeline(command["Y"])
    return command.get("Type") in (None, "CallExpr") and not node.get("Background")


def _is_sure(node: Node) -> bool:
    """Whether it can't fail: a text, an open stream, or `/dev/null`."""
    if node["Op"] in (*_HEREDOCS, "<<<"):
        return True
    parts = node["Word"].get("Parts") or []
    text = parts[0].get("Value", "") if len(parts) == 1 and parts[0]["Type"] == "Lit" else ""
    return text == "/dev/null" or (node["Op"] == ">&" and text in ("1", "2"))


def _is_descriptor(word: Node) -> bool:
    parts = word.get("Parts") or []
    text = parts[0].get("Value", "") if len(parts) == 1 and parts[0]["Type"] == "Lit" else ""
    return text == "-" or text.removesuffix("-").isdigit()


def _heredoc(shell: Shell, node: Node, state: State) -> Stream:
    quoted = any(
        part["Type"] != "Lit" or "\\" in part.get("Value", "") for part in node["Word"]["Parts"]
    )
    if not node.get("Hdoc"):
        return exact("")
    if not quoted and _may_end_elsewhere(node):
        shell.unclear("<<", "shells differ in where this text ends")
    found = document(shell, node["Hdoc"], state, quoted=quoted)
    if node["Op"] == "<<-" and found[0].is_exact:
        lines = found[0].text.splitlines(keepends=True)
        return exact("".join(line.lstrip("\t") for line in lines))
    return found[0] if len(found) == 1 else UNKNOWN


def _may_end_elsewhere(node: Node) -> bool:
    """Bash takes a backslash and the newline after it away before it looks for the last line."""
    delimiter = "".join(part.get("Value", "") for part in node["Word"]["Parts"])
    parts = node["Hdoc"].get("Parts") or []
    raw = "".join(part.get("Value", "") if part["Type"] == "Lit" else "\0" for part in parts)
    joined = _CONTINUED.sub(r"\1", raw)
    ends = [line.lstrip("\t") if node["Op"] == "<<-" else line for line in joined.split("\n")]
    return delimiter in ends or raw.endswith("\\\n")


def _file(shell: Shell, effect: str, node: Node, state: State, *, again: bool = False) -> None:
    """The word is expanded as any other; bash refuses one that becomes several.

    `again`: bash 5.2 expands what the word became once more, `>& '$(this)'` too.
    """
    for argv in dict.fromkeys(expanded(shell, node["Word"], state)):
        if again and not all(each.is_exact and _PLAIN.fullmatch(each.text) for each in argv):
            shell.unclear(f"{node['Op']} …", "shells differ in whether the name is expanded again")
        if len(argv) != 1 or argv[0].text.startswith("!"):
            shell.unclear(f"{node['Op']} …", "where it leads is known only when it runs")
        else:
            shell.path(effect, argv[0], state, ())
