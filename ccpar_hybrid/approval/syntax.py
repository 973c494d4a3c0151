"""A text's syntax tree, if two parsers agree on what it runs.

The tree is that of mvdan/sh (`shfmt --to-json`, v3.14), whose grammar is nearest to bash's own;
tree-sitter-bash is the second opinion. Bash sees a carriage return or a no-break space as a
letter, and people see neither: such texts are not understood.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ccpar_hybrid.approval.opinion import LONE_DASH, Spans, other_commands

Node = dict[str, Any]
"""One node as shfmt prints it; docs of mvdan.cc/sh/v3/syntax name the fields."""

LONGEST_TEXT = 100_000
_TIMEOUT_S = 5.0
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\xa0\u1680\u2000-\u200a\u200b\u2028\u2029\u202a-\u202f"
    "\u205f\u2060-\u2069\u3000\ufeff\ud800-\udfff]"
)


class NotUnderstood(Exception):
    """The text is no shell script that both parsers read alike; the message says why."""


@lru_cache(maxsize=256)
def parse(text: str, dialect: str = "bash") -> tuple[Node, ...]:
    """The statements of a script; raises NotUnderstood. `dialect`: bash or posix."""
    if len(text) > LONGEST_TEXT:
        raise NotUnderstood("it is too long to be judged")
    if unseen := UNSEEN.search(text):
        raise NotUnderstood(f"it holds the character U+{ord(unseen[0]):04X}, which is not seen")
    tree = _tree(text, dialect)
    ours = sorted(_commands(tree, text.encode()))
    theirs = sorted(other_commands(text))
    if ours != theirs:
        raise NotUnderstood("two parsers do not agree on what it runs")
    return tuple(tree.get("Stmts") or ())


def _tree(text: str, dialect: str) -> Node:
    try:
        done = subprocess.run(
            [_shfmt(), "--to-json", f"-ln={dialect}"],
            input=text.encode(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            close_fds=False,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotUnderstood(f"the parser did not answer: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().partition(": ")[2]
        raise NotUnderstood(f"it is no shell script: {said}")
    found: Node = json.loads(done.stdout)
    return found


@lru_cache(maxsize=1)
def _shfmt() -> str:
    own = os.path.join(sysconfig.get_path("scripts"), "shfmt")  # noqa: PTH118
    return own if os.access(own, os.X_OK) else shutil.which("shfmt") or own


def _commands(node: object, source: bytes) -> Iterator[Spans]:
    """Where the words of each simple command stand, in bytes."""
    if isinstance(node, dict):
        if node.get("Type") == "CallExpr" and node.get("Args"):
            yield _spans(node["Args"], source)
        for name, value in node.items():
            if name not in ("Pos", "End"):
                yield from _commands(value, source)
    elif isinstance(node, list):
        for each in node:
            yield from _commands(each, source)


def _spans(words: list[Node], source: bytes) -> Spans:
    spans = [(word["Pos"]["Offset"], word["End"]["Offset"]) for word in words]
    if source[slice(*spans[0])] == b"[":
        return ((spans[0][0], spans[-1][1]),)
    return tuple(span for span in spans if source[slice(*span)] != LONE_DASH)
