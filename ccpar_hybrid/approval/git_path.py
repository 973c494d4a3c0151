"""Git's arguments that name revisions and paths (gitrevisions, gitglossary: pathspec)."""

from __future__ import annotations

import os
import re

from ccpar_hybrid.approval.arg import Arg, Form, exact
from ccpar_hybrid.approval.host import Host
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind

_MAGIC = re.compile(r":(\([^)]*\)|[!^/]*)")
_REVISION = re.compile(r"[\w@{}^~-]*")


def judge(host: Host, kind: Kind, word: Arg, state: State, words: tuple[str, ...]) -> None:
    """Judge what the word may name: of what is only a revision, nothing is judged."""
    effect = "write" if kind is Kind.RESTORED else "read"
    text = word.text
    if not word.is_exact:
        host.path(effect, word, state, words)
        return
    magic = _MAGIC.match(text)
    if kind is not Kind.PATHSPEC and not magic and ":" in text and text[:1] not in "/.":
        text = text.partition(":")[2]  # of a revision: always a path
        if text:
            _path(host, "read", text, state, words)
        return
    if magic:
        text = text[magic.end() :]
        if "/" in magic[0] or "top" in magic[0]:
            host.path(effect, exact(host.ground.worktree), state, words)
    elif kind is Kind.REVISION or (kind is not Kind.PATHSPEC and _is_revision(host, text, state)):
        return
    _path(host, effect, text, state, words)


def _path(host: Host, effect: str, text: str, state: State, words: tuple[str, ...]) -> None:
    if not any(letter in text for letter in "*?["):
        host.path(effect, exact(text), state, words)
        return
    host.path(effect, Arg(text, Form.GLOB), state, words)
    if effect == "write":  # git's `*` also matches slashes
        fixed = re.split(r"[*?\[]", text)[0].rpartition("/")[0]
        host.path(effect, exact(fixed or "."), state, words)


def _is_revision(host: Host, text: str, state: State) -> bool:
    """Whether it looks like one, and no file has that name, now or in the history."""
    if not _REVISION.fullmatch(text) or state.folders is None:
        return False
    paths = [os.path.join(folder, text) for folder in state.folders]  # noqa: PTH118
    return not any(os.path.lexists(path) or host.ground.is_secret(path) for path in paths)
