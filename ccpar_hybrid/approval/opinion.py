"""The second opinion: what tree-sitter-bash (grammar 0.25) takes for simple commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
"""The grammar's scanner asks C's character tables, which end with them: it crashed. To a shell they
are letters of words and of no names, as a point is."""

Spans = tuple[tuple[int, int], ...]
LONE_DASH = b"-"
"""A word that this grammar leaves out of the tree before a heredoc: not compared."""


def other_commands(text: str) -> list[Spans]:
    """Where the words of each simple command stand, in bytes; [((-1, -1),)] if it saw an error."""
    source = _NOT_ASCII.sub(b".", text.encode())
    root = _parser().parse(source).root_node
    if root.has_error:
        return [((-1, -1),)]
    return [spans for node in _nodes(root) if (spans := _spans(node, source))]


@cache
def _parser() -> Parser:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_bash.language()))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)


def _spans(node: Node, source: bytes) -> Spans:
    if node.type == "test_command":
        return _test_spans(node, source)
    if node.type == "unset_command":
        return tuple((word.start_byte, word.end_byte) for word in node.children)
    name = node.child_by_field_name("name") if node.type == "command" else None
    if name is None:
        return ()
    words = [name, *node.children_by_field_name("argument")]
    spans = [(word.start_byte, word.end_byte) for word in words]
    spans = [span for span in spans if source[slice(*span)] != LONE_DASH]
    if (
        spans and source[slice(*spans[0])] == b"time"
    ):  # a keyword of bash, a command to this grammar
        del spans[0]
        while spans and source[slice(*spans[0])] in (b"-p", b"--"):
            del spans[0]
    return tuple(spans)


def _test_spans(node: Node, source: bytes) -> Spans:
    """`[ … ]` is a command to bash; its words are not told apart here."""
    if source[node.start_byte : node.start_byte + 2] == b"[[" or node.children[0].type != "[":
        return ()
    return ((node.start_byte, node.end_byte),)
