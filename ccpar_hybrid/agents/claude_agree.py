"""Whether a permission dialog of Claude Code (2.1.197) shows a call that is known in full. Pure.

The call came by the hook, the dialog is what stands in the pane. Of the call only what the program
draws can be compared: it leaves characters of no width out, draws a tab as blanks, breaks a long
row between words or in one, and shows a path as seen from the directory where the shell stands.
"""

from __future__ import annotations

import json
import os.path
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ccpar_hybrid.agents.base import ToolCall
from ccpar_hybrid.agents.prompt import Prompt, PromptKind

_BLANKS = re.compile(r"[ \t]+")
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[^\[\]])")
_SERVER_CALL = re.compile(r"(.+?) - (.+?)\((.*)\) \(MCP\)")
_SERVER_TOOL = "mcp__"
_LEFT_OUT = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Me", "Mn", "Zl", "Zp"))
_ROW_THAT_MAY_GO_ON = 30
_REPLACED = "\ufffd"
"""What the program draws for a character that turns the direction of writing."""


def agrees(prompt: Prompt, call: ToolCall) -> bool:
    """Whether the dialog surely shows this call; false where it was cut or not surely read.

    `call.directory` is where the agent's shell stands; empty: not known, and then of a path only
    its end is compared.
    """
    if prompt.kind is not PromptKind.PERMISSION or not prompt.whole:
        return False
    if call.tool.startswith(_SERVER_TOOL):
        return prompt.tool is None and _shows_server_call(prompt.subject, call)
    shows = _SHOWS.get(call.tool)
    return shows is not None and prompt.tool == call.tool and shows(prompt.subject, call)


def contradicts(prompt: Prompt, call: ToolCall) -> bool:
    """Whether the dialog surely shows another call than this one.

    A server's tool goes by a name of the server's choice, so another name alone says nothing.
    """
    if prompt.kind is not PromptKind.PERMISSION or not prompt.whole or agrees(prompt, call):
        return False
    if prompt.tool is None:
        served = _SERVER_CALL.fullmatch(prompt.subject)
        return served is None or served[1] != _server(call)
    return prompt.tool != call.tool or call.tool in _SHOWS


def _shows_command(subject: str, call: ToolCall) -> bool:
    return _follows(subject.split("\n"), _text(call.input, "command"))


def _follows(rows: Sequence[str], text: str) -> bool:
    """Whether the text is what stands in these rows; between two of them there may be blanks."""
    rest = _drawn(text).lstrip()
    for row in rows:
        shown = _drawn(row).strip()
        if not rest.startswith(shown):
            return False
        rest = rest[len(shown) :].lstrip()
    return not rest


def _drawn(text: str) -> str:
    """The text without what is not drawn alike each time; blanks in a row are one."""
    kept = (_sign(char) for char in text if char != _REPLACED)
    return _BLANKS.sub(" ", "".join(kept))


def _sign(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() or char in "\t\n" else ""
    kind = unicodedata.category(char)
    return " " if kind == "Zs" else "" if kind in _LEFT_OUT else char


def _shows_path(subject: str, call: ToolCall) -> bool:
    path = _drawn(_ESCAPE.sub("", _text(call.input, "file_path")))
    if not path:
        return False
    given = os.path.normpath(os.path.join(call.directory, path))  # noqa: PTH118
    shown = _drawn(subject)
    if call.directory or shown.startswith("/"):
        return os.path.normpath(os.path.join(call.directory, shown)) == given  # noqa: PTH118
    end = re.sub(r"^(?:\.\./)+", "", shown)
    return f"/{given}".endswith(f"/{os.path.normpath(end)}")


def _shows_address(subject: str, call: ToolCall) -> bool:
    return bool(subject) and subject == _text(call.input, "url")


def _shows_search(subject: str, call: ToolCall) -> bool:
    """Of a long search only the first row is read."""
    whole, shown = _drawn(f'Web Search("{_text(call.input, "query")}")'), _drawn(subject)
    return whole == shown or (len(shown) >= _ROW_THAT_MAY_GO_ON and whole.startswith(shown))


def _shows_server_call(subject: str, call: ToolCall) -> bool:
    served = _SERVER_CALL.fullmatch(subject)
    if served is None or served[1] != _server(call) or _plain_name(served[2]) != _name(call):
        return False
    given = (f"{key}:{json.dumps(value, ensure_ascii=False)}" for key, value in call.input.items())
    return _without_blanks(served[3]) == _without_blanks(",".join(given))


def _server(call: ToolCall) -> str:
    return call.tool.removeprefix(_SERVER_TOOL).partition("__")[0]


def _name(call: ToolCall) -> str:
    return call.tool.removeprefix(_SERVER_TOOL).partition("__")[2]


def _plain_name(name: str) -> str:
    """As the program makes it part of a tool's name."""
    return re.sub("[^A-Za-z0-9_-]", "_", name)


def _without_blanks(text: str) -> str:
    return re.sub(r"\s", "", _drawn(text))


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""


_SHOWS: Mapping[str, Callable[[str, ToolCall], bool]] = {
    "Bash": _shows_command,
    "Write": _shows_path,
    "Edit": _shows_path,
    "Read": _shows_path,
    "WebFetch": _shows_address,
    "WebSearch": _shows_search,
}
