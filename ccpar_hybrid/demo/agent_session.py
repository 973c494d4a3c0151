"""A session: its identity, record, hooks and figures. Standard library only."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from ccpar_hybrid.demo.agent_child import Child
from ccpar_hybrid.demo.agent_hook import Hooks, Reply, read_hooks
from ccpar_hybrid.demo.agent_loop import Job
from ccpar_hybrid.demo.agent_option import Options
from ccpar_hybrid.demo.agent_permission import Policy
from ccpar_hybrid.demo.agent_status import Meter
from ccpar_hybrid.demo.agent_tool import Tools
from ccpar_hybrid.demo.agent_transcript import (
    MET,
    Record,
    Transcript,
    find_transcript,
    new_id,
    read_records,
    transcript_path,
)

STATUS_TIMEOUT_S = 5.0
_UNPROMPTED = ("SessionStart", "SessionEnd")


class SessionError(Exception):
    """The session can't be begun or gone on with; the message is for the user."""


class Session:
    """One conversation in one folder. Raises SessionError for an id that can't be used.

    ``met`` are the steps that it plays no second time.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.folder = options.folder
        self.policy = Policy(options.mode, options.allowed, options.denied)
        self.tools = Tools(options.folder)
        self.meter = Meter()
        self.records: list[Record] = []
        self.met: set[str] = set()
        self._hooks = Hooks(read_hooks(options.settings), options.folder)
        self._begin(options.session_id or new_id())
        if options.resume:
            self._resume(options.resume)
        elif self.transcript.path.exists():
            raise SessionError(f"Error: Session ID {self.id} is already in use.")

    @property
    def source(self) -> str:
        """``startup`` or ``resume``."""
        return "resume" if self.records else "startup"

    def renew(self) -> None:
        """Begin an empty conversation, as /clear does."""
        self.records = []
        self._begin(new_id())

    def _begin(self, session_id: str) -> None:
        self.id = session_id
        path = transcript_path(self.options.home, self.folder, session_id)
        self.transcript = Transcript(path, session_id, self.folder)

    def _resume(self, session_id: str) -> None:
        path = find_transcript(self.options.home, session_id)
        if path is None:
            raise SessionError(f"No conversation found with session ID: {session_id}")
        self.id = session_id
        self.records = list(read_records(path))
        self.transcript = Transcript(path, session_id, self.folder)
        self.transcript.resume(self.records)
        for record in self.records:
            self.meter.read(str(record.get("message", "")))
        self.met = {str(record[MET]) for record in self.records if MET in record}

    def wants(self, event: str, subject: str = "") -> bool:
        """Whether a hook is there for the event."""
        return self._hooks.wants(event, subject)

    def fire(self, event: str, subject: str = "", **facts: object) -> Job[Reply]:
        """Run the hooks of an event."""
        return self._hooks.run(event, self._payload(event, facts), subject)

    def _payload(self, event: str, facts: Mapping[str, object]) -> dict[str, object]:
        payload: dict[str, object] = {
            "session_id": self.id,
            "transcript_path": str(self.transcript.path),
            "cwd": str(self.folder),
            "hook_event_name": event,
        }
        if event not in _UNPROMPTED:
            payload["prompt_id"] = self.transcript.prompt_id
            payload["permission_mode"] = str(self.policy.mode)
        return payload | dict(facts)

    def status_line(self) -> Job[str | None]:
        """What the settings' status line prints now; None without one."""
        setting = self.options.settings.get("statusLine")
        command = setting.get("command") if isinstance(setting, Mapping) else None
        if not isinstance(command, str):
            return None
        given = json.dumps(self._status()).encode()
        child = Child(["/bin/sh", "-c", command], self.folder, os.environ, given)
        try:
            yield from child.wait(STATUS_TIMEOUT_S)
        finally:
            out, _ = child.finish()
        return out.rstrip("\n") or None

    def _status(self) -> dict[str, object]:
        model = self.options.model
        folder = str(self.folder)
        return {
            "session_id": self.id,
            "transcript_path": str(self.transcript.path),
            "cwd": folder,
            "model": {"id": model, "display_name": model},
            "workspace": {
                "current_dir": folder,
                "project_dir": folder,
                "added_dirs": [str(each) for each in self.options.added],
            },
            **self.meter.facts(),
        }
