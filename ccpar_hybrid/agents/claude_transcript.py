"""Reads a session's transcript of Claude Code (2.1.197) as it grows: story, tokens, last words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ccpar_hybrid.agents.base import Progress
from ccpar_hybrid.agents.claude_tool import summary
from ccpar_hybrid.core.outcome import Usage
from ccpar_hybrid.core.text import first_line

_RESULT_WIDTH = 160
_RESULT_LINES = 4
_INTERRUPTED = "[Request interrupted by user"
_COUNTED = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


def has_transcript(home: Path, session_id: str) -> bool:
    """Whether a session has begun; only then can it be resumed, and its id not be given anew."""
    return any(home.glob(f"projects/*/{session_id}.jsonl"))


class ClaudeTranscript:
    """One session's file, with those of its subagents.

    An answer may stand in several lines, each with the same usage.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""
        self._usages: dict[str, dict[str, int]] = {}
        self._last_message: str | None = None
        self._interrupted = False

    def read(self) -> Progress:
        """What the file has gained since the last call."""
        lines = [line for entry in self._new_entries() for line in self._take(entry)]
        return Progress(tuple(lines), self._usage(), self._last_message, self._interrupted)

    def _new_entries(self) -> Iterator[dict[str, Any]]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and not entry.get("isSidechain"):
                yield entry

    def _take(self, entry: dict[str, Any]) -> Iterator[str]:
        message = entry.get("message")
        if not isinstance(message, dict):
            return
        if entry.get("type") == "assistant":
            self._interrupted = False
            self._count(message)
            yield from self._told(message, is_error=bool(entry.get("isApiErrorMessage")))
        elif entry.get("type") == "user" and not entry.get("isMeta"):
            yield from self._answered(message)

    def _count(self, message: dict[str, Any]) -> None:
        usage = message.get("usage")
        if isinstance(usage, dict) and isinstance(message.get("id"), str):
            self._usages[message["id"]] = {
                name: value for name in _COUNTED if isinstance(value := usage.get(name), int)
            }

    def _told(self, message: dict[str, Any], *, is_error: bool) -> Iterator[str]:
        for block in _blocks(message):
            if block.get("type") == "text" and str(block.get("text", "")).strip():
                self._last_message = str(block["text"])
                yield f"{'✘' if is_error else '●'} {self._last_message}"
            elif block.get("type") == "tool_use":
                yield f"● {summary(str(block.get('name')), block.get('input') or {})}"

    def _answered(self, message: dict[str, Any]) -> Iterator[str]:
        self._interrupted = False
        for block in _blocks(message):
            if block.get("type") == "tool_result":
                yield from _result(block)
            elif str(block.get("text", "")).startswith(_INTERRUPTED):
                self._interrupted = True
                yield "· interrupted by a person"

    def _usage(self) -> Usage:
        sums = [sum(each.get(name, 0) for each in self._usages.values()) for name in _COUNTED]
        return Usage(
            input_tokens=sums[0],
            output_tokens=sums[1],
            cache_read_tokens=sums[2],
            cache_write_tokens=sums[3],
        )


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or () if isinstance(block, dict)]


def _result(block: dict[str, Any]) -> Iterator[str]:
    content = block.get("content")
    text = content if isinstance(content, str) else "\n".join(_texts(content))
    lines = [line for line in text.splitlines() if line.strip()]
    mark = "  ⎿ " if not block.get("is_error") else "  ⎿ ✘ "
    for number, line in enumerate(lines[:_RESULT_LINES]):
        yield (mark if number == 0 else "    ") + first_line(line, _RESULT_WIDTH)
    if len(lines) > _RESULT_LINES:
        yield f"    … {len(lines) - _RESULT_LINES} more lines"


def _texts(content: object) -> list[str]:
    if not isinstance(content, list):
        return []
    return [str(part.get("text", "")) for part in content if isinstance(part, dict)]
