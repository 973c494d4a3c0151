"""Reads a session's transcript of Claude Code (2.1.197) as it grows: story, tokens, last words."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from ccpar_hybrid.agents.base import Observation, Progress, Sign, Source
from ccpar_hybrid.agents.claude_limit import notice_of
from ccpar_hybrid.agents.claude_text import told, whole
from ccpar_hybrid.agents.claude_tool import summary
from ccpar_hybrid.agents.claude_usage import UsageCount
from ccpar_hybrid.agents.failure import RATE_LIMIT
from ccpar_hybrid.agents.json_tail import Entry, JsonTail
from ccpar_hybrid.core.text import first_line

_WIDTH = 160
_RESULT_LINES = 4
_INTERRUPTED = "[Request interrupted by user"
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.S)
_TAG = re.compile(r"</?[a-z][a-z-]*>")


def has_transcript(home: Path, session_id: str) -> bool:
    """Whether a session has begun; only then can it be resumed, and its id not be given anew."""
    return any(home.glob(f"projects/*/{glob.escape(session_id)}.jsonl"))


class ClaudeTranscript:
    """One session's file, with those of its subagents, whose tokens count but not their words."""

    def __init__(self, path: Path) -> None:
        self._file = JsonTail(path)
        self._subagents: dict[Path, JsonTail] = {}
        self._subagents_place = path.with_suffix("") / "subagents"
        self._count = UsageCount()
        self._last_message: str | None = None
        self._interrupted = False
        self._has_begun = False
        self._failure: Observation | None = None

    def read(self) -> Progress:
        """What the files have gained since the last call."""
        lines = [line for entry in self._file.read() for line in self._take(entry)]
        for tail in self._subagent_files():
            for entry in tail.read():
                self._count.add(entry)
        return Progress(
            tuple(lines), self._count.total, self._last_message, self._interrupted, self._failure
        )

    def _subagent_files(self) -> Iterator[JsonTail]:
        for path in self._subagents_place.glob("**/*.jsonl"):
            if path not in self._subagents:
                self._subagents[path] = JsonTail(path)
        yield from self._subagents.values()

    def _take(self, entry: Entry) -> Iterator[str]:
        self._count.add(entry)
        message = entry.get("message")
        if not isinstance(message, dict) or entry.get("isSidechain"):
            return
        if entry.get("type") == "assistant":
            self._interrupted = False
            self._failure = _failure(entry, message)
            yield from self._said(message, is_error=bool(entry.get("isApiErrorMessage")))
        elif entry.get("type") == "user" and not entry.get("isMeta"):
            self._interrupted = False
            self._failure = None
            yield from self._answered(message, is_human=_is_human(entry))

    def _said(self, message: dict[str, Any], *, is_error: bool) -> Iterator[str]:
        for block in _blocks(message):
            text = whole(block.get("text"))
            if block.get("type") == "text" and text.strip():
                self._last_message = text
                yield f"{'✘' if is_error else '●'} {told(text)}"
            elif block.get("type") == "tool_use":
                yield f"● {summary(whole(block.get('name')), _mapping(block.get('input')))}"

    def _answered(self, message: dict[str, Any], *, is_human: bool) -> Iterator[str]:
        for block in _blocks(message):
            text = whole(block.get("text"))
            if block.get("type") == "tool_result":
                yield from _result(block)
            elif text.startswith(_INTERRUPTED):
                self._interrupted = True
                yield "· interrupted by a person"
            elif is_human and not self._has_begun:
                # The task's own prompt: the ledger has it, and Pueue's logs shall not.
                self._has_begun = True
            elif asked := _asked(text, is_human=is_human):
                yield asked


def _failure(entry: Entry, message: dict[str, Any]) -> Observation | None:
    """What the program wrote in the place of an answer because the service refused one."""
    error = whole(entry.get("error"))
    if not entry.get("isApiErrorMessage") or not error:
        return None
    text = "\n".join(whole(block.get("text")) for block in _blocks(message)).strip()
    status = entry.get("apiErrorStatus")
    at = _time(entry.get("timestamp"))
    return Observation(
        sign=Sign.TURN_FAILED,
        source=Source.TRANSCRIPT,
        text=text,
        error=error,
        status=status if isinstance(status, int) else None,
        notice=notice_of(text, at) if error == RATE_LIMIT and at else None,
    )


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(whole(value))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = content if isinstance(content, list) else []
    return [block for block in blocks if isinstance(block, dict)]


def _is_human(entry: Entry) -> bool:
    """Prompts also come from the program itself, as at the end of a background task."""
    return bool(_mapping(entry.get("origin")).get("kind", "human") == "human")


def _asked(text: str, *, is_human: bool) -> str:
    summary_of_task = _SUMMARY.search(text)
    if summary_of_task and not is_human:
        return f"· {first_line(summary_of_task[1], _WIDTH)}"
    shown = first_line(_TAG.sub(" ", text), _WIDTH)
    return f"{'❯' if is_human else '·'} {shown}" if shown else ""


def _result(block: dict[str, Any]) -> Iterator[str]:
    content = block.get("content")
    text = content if isinstance(content, str) else "\n".join(_texts(content))
    lines = [line for line in text.splitlines() if line.strip()]
    mark = "  ⎿ " if not block.get("is_error") else "  ⎿ ✘ "
    for number, line in enumerate(lines[:_RESULT_LINES]):
        yield (mark if number == 0 else "    ") + first_line(line, _WIDTH)
    if len(lines) > _RESULT_LINES:
        yield f"    … {len(lines) - _RESULT_LINES} more lines"


def _texts(content: object) -> list[str]:
    if not isinstance(content, list):
        return []
    return [whole(part.get("text")) for part in content if isinstance(part, dict)]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
