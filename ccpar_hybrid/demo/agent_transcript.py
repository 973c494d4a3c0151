"""The session's record, one JSON a line, of the shape that Claude Code 2.1.197 writes. Stdlib only.

It stands in ``<home>/projects/<folder with - for other signs>/<session id>.jsonl``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.demo.agent_place import make_private

VERSION = "2.1.197"
MET = "demoStep"
"""The one key that the real program's record has not: a step that a conversation meets once."""
Record = Mapping[str, object]


def new_id() -> str:
    """A random UUID; the module uuid would cost each agent its import."""
    raw = bytearray(os.urandom(16))
    raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def transcript_path(home: Path, folder: Path, session_id: str) -> Path:
    """Where a session's record stands."""
    return home / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(folder)) / f"{session_id}.jsonl"


def find_transcript(home: Path, session_id: str) -> Path | None:
    """The record of a session, whichever folder it was in."""
    return next((home / "projects").glob(f"*/{session_id}.jsonl"), None)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer."""

    input_tokens: int
    output_tokens: int

    @property
    def record(self) -> dict[str, object]:
        """As an assistant's line holds it."""
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": self.output_tokens,
            "service_tier": "standard",
        }


class Transcript:
    """Appends to one session's record; each line is whole on the disk when the call returns."""

    def __init__(self, path: Path, session_id: str, folder: Path) -> None:
        self.path = path
        self._session_id, self._folder = session_id, folder
        self._parent: str | None = None
        self.prompt_id = new_id()

    def resume(self, records: list[Record]) -> None:
        """Go on behind these records."""
        ids = [each["uuid"] for each in records if isinstance(each.get("uuid"), str)]
        self._parent = str(ids[-1]) if ids else None

    def mode(self, mode: str) -> None:
        """The session's permission mode."""
        self._append({"type": "permission-mode", "permissionMode": mode} | self._session)

    def queued(self, operation: str, text: str | None = None) -> None:
        """A prompt that waits for the turn's end: ``enqueue`` or ``dequeue``."""
        content = {} if text is None else {"content": text}
        head = {"type": "queue-operation", "operation": operation, "timestamp": _now()}
        self._append(head | self._session | content)

    def prompt(self, text: str, mode: str, source: str) -> None:
        """A prompt; ``source`` is typed, queued or system."""
        self.prompt_id = new_id()
        kind = "task-notification" if source == "system" else "human"
        self._user(text, permissionMode=mode, origin={"kind": kind}, promptSource=source)

    def result(self, call_id: str, text: str, is_error: bool, response: object) -> None:
        """What a tool gave."""
        content = {"tool_use_id": call_id, "type": "tool_result", "content": text}
        self._user([content | {"is_error": is_error}], toolUseResult=response)

    def interrupted(self, in_tool: bool) -> None:
        """A person stopped the turn."""
        text = f"[Request interrupted by user{' for tool use' if in_tool else ''}]"
        self._user([{"type": "text", "text": text}])

    def block(
        self, message_id: str, block: Record, model: str, usage: Usage, stop_reason: str
    ) -> None:
        """One block of an answer. The lines of an answer share its id and repeat its usage."""
        message = {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [block],
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": usage.record,
        }
        self._chained("assistant", message=message, requestId=f"req_{message_id}")

    def failed(self, text: str, error: str, status: int, step: str | None = None) -> None:
        """The service refused for good; ``step`` is one that shall not be played again."""
        message = {
            "id": new_id(),
            "type": "message",
            "role": "assistant",
            "model": "<synthetic>",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "stop_sequence",
            "stop_sequence": "",
            "usage": Usage(0, 0).record,
        }
        facts = {"error": error, "isApiErrorMessage": True, "apiErrorStatus": status}
        facts |= {} if step is None else {MET: step}
        self._chained("assistant", message=message, **facts)

    def turn_ended(self, duration_ms: int) -> None:
        """How long a turn took."""
        self._chained("system", subtype="turn_duration", durationMs=duration_ms, isMeta=False)

    @property
    def _session(self) -> dict[str, object]:
        return {"sessionId": self._session_id}

    def _user(self, content: object, **facts: object) -> None:
        message = {"role": "user", "content": content}
        self._chained("user", promptId=self.prompt_id, message=message, **facts)

    def _chained(self, kind: str, **facts: object) -> None:
        record = {
            "parentUuid": self._parent,
            "isSidechain": False,
            "type": kind,
            **facts,
            "uuid": new_id(),
            "timestamp": _now(),
            "userType": "external",
            "entrypoint": "cli",
            "cwd": str(self._folder),
            **self._session,
            "version": VERSION,
        }
        self._parent = str(record["uuid"])
        self._append(record)

    def _append(self, record: Record) -> None:
        make_private(self.path.parent)
        data = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(
            errors="replace"
        )
        fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(fd, "r+b", buffering=0) as file:  # noqa: PTH123  (it is a descriptor)
            end = file.seek(0, os.SEEK_END)
            # A writer that was killed may have left half a line: it must not spoil this one.
            torn = end > 0 and os.pread(fd, 1, end - 1) != b"\n"
            file.write((b"\n" if torn else b"") + data + b"\n")


def read_records(path: Path) -> Iterator[Record]:
    """The lines of a record that can be read; a torn one is passed over."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for text in file:
            try:
                record = json.loads(text)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield record


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
