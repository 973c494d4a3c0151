"""Hooks of the shape that Claude Code's settings have: commands for events. Stdlib only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.demo.agent_child import Child
from ccpar_hybrid.demo.agent_loop import Job

TIMEOUT_S = 600.0
BLOCKED = 2
Settings = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Hook:
    """One command for one event; ``matcher`` is for the tool's name or the event's source."""

    event: str
    matcher: str
    command: str
    timeout_s: float

    def fits(self, event: str, subject: str) -> bool:
        """Whether it is to run."""
        if event != self.event or self.matcher in ("", "*"):
            return event == self.event
        try:
            return bool(re.fullmatch(self.matcher, subject))
        except re.error:
            return self.matcher == subject


@dataclass(frozen=True, slots=True)
class Reply:
    """What the hooks of one event said: their JSON laid over each other, and why they block."""

    fields: Mapping[str, object]
    blocked: str | None = None

    @property
    def specific(self) -> Mapping[str, object]:
        """The ``hookSpecificOutput``."""
        inner = self.fields.get("hookSpecificOutput")
        return inner if isinstance(inner, Mapping) else {}

    @property
    def permission(self) -> tuple[str, str] | None:
        """``allow`` or ``deny`` of a PermissionRequest, with its message; None: no decision."""
        decision = self.specific.get("decision")
        if not isinstance(decision, Mapping) or decision.get("behavior") not in ("allow", "deny"):
            return None
        return str(decision["behavior"]), str(decision.get("message", ""))


def read_hooks(settings: Settings) -> tuple[Hook, ...]:
    """The command hooks in settings; what is not understood is passed over."""
    hooks = settings.get("hooks")
    events = hooks.items() if isinstance(hooks, Mapping) else ()
    return tuple(hook for event, groups in events for hook in _of_event(str(event), groups))


def _of_event(event: str, groups: object) -> Iterator[Hook]:
    for group in groups if isinstance(groups, list) else ():
        if not isinstance(group, Mapping):
            continue
        for each in group.get("hooks") or ():
            if isinstance(each, Mapping) and each.get("type") == "command":
                timeout = each.get("timeout", TIMEOUT_S)
                timeout_s = float(timeout) if isinstance(timeout, int | float) else TIMEOUT_S
                matcher = str(group.get("matcher") or "")
                yield Hook(event, matcher, str(each.get("command", "")), timeout_s)


class Hooks:
    """Runs the hooks of a session, each as a child that gets the event's JSON."""

    def __init__(self, hooks: tuple[Hook, ...], folder: Path) -> None:
        self._hooks, self._folder = hooks, folder

    def wants(self, event: str, subject: str = "") -> bool:
        """Whether any hook is there for this."""
        return any(hook.fits(event, subject) for hook in self._hooks)

    def run(self, event: str, payload: Mapping[str, object], subject: str = "") -> Job[Reply]:
        """Run all hooks of an event side by side and wait for them."""
        wanted = [hook for hook in self._hooks if hook.fits(event, subject)]
        given = json.dumps(payload, ensure_ascii=False).encode(errors="replace")
        children: list[tuple[Hook, Child]] = []
        fields: dict[str, object] = {}
        blocked: str | None = None
        try:
            for hook in wanted:
                child = self._start(hook, given)
                children.append((hook, child))
            for hook, child in children:
                yield from child.wait(hook.timeout_s)
                code = child.code
                out, err = child.finish()
                fields.update(_json(out))
                blocked = err.strip() or "blocked" if code == BLOCKED else blocked
        finally:
            for _, child in children:
                child.kill()
        if fields.get("decision") == "block":
            blocked = str(fields.get("reason", "blocked"))
        return Reply(fields, blocked)

    def _start(self, hook: Hook, given: bytes) -> Child:
        environment = {**os.environ, "CLAUDE_PROJECT_DIR": str(self._folder)}
        return Child(["/bin/sh", "-c", hook.command], self._folder, environment, given)


def _json(text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
