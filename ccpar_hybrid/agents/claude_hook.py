"""What the events of Claude Code's hooks say (2.1.197). Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ccpar_hybrid.agents.base import Observation, Sign, Source, ToolCall
from ccpar_hybrid.agents.claude_limit import notice_of, windows_of
from ccpar_hybrid.agents.claude_text import told, whole
from ccpar_hybrid.agents.claude_tool import subject, summary
from ccpar_hybrid.agents.failure import RATE_LIMIT
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.mask import masked_line
from ccpar_hybrid.core.text import first_line

Event = Mapping[str, Any]
_HELD = ("running", "pending", "in_progress")
_WIDTH = 120
PERMISSION = "PermissionRequest"
"""Comes with each dialog that asks leave; its hook may answer."""
_AFTER_TOOL = ("PostToolUse", "PostToolUseFailure")
PLAN = "plan: read it and say whether to go on"


def observe(event: Mapping[str, object], now: datetime) -> Observation | None:
    """One event's meaning; every one may tell the session and where its transcript lies.

    `now`: when it came, for the times that it tells without their date.
    """
    read = _READERS.get(whole(event.get("hook_event_name")))
    seen = read(event) if read else None
    if seen is not None and seen.error == RATE_LIMIT:
        return replace(seen, notice=notice_of(seen.text, now))
    return seen


def _seen(event: Event, sign: Sign, text: str = "", **more: Any) -> Observation:
    transcript = whole(event.get("transcript_path"))
    return Observation(
        sign=sign,
        source=Source.HOOK,
        text=text,
        session_id=whole(event.get("session_id")) or None,
        transcript=Path(transcript) if transcript else None,
        **more,
    )


def _session(event: Event) -> Observation:
    source = whole(event.get("source"))
    line = f"· session {whole(event.get('session_id'))} ({source})"
    return _seen(event, Sign.SESSION, source, line=None if source == "startup" else told(line))


def _prompt(event: Event) -> Observation:
    return _seen(event, Sign.PROMPT, whole(event.get("prompt")))


def _tool(event: Event) -> Observation:
    return _seen(event, Sign.WORKING, _call(event))


def _tool_done(event: Event) -> Observation:
    return _seen(event, Sign.WORKING)


def _permission(event: Event) -> Observation:
    """It comes for questions and plans too; the dialog is on the screen by then."""
    name = whole(event.get("tool_name"))
    if name == "AskUserQuestion":
        return _seen(
            event, Sign.WAITING, f"question: {masked_line(subject(_given(event)), _WIDTH)}"
        )
    if name == "ExitPlanMode":
        return _seen(event, Sign.WAITING, PLAN)
    asker = first_line(whole(event.get("agent_type")), _WIDTH)
    return _seen(
        event, Sign.WAITING, f"permission: {_call(event)}" + (f" for {asker}" if asker else "")
    )


def _call(event: Event) -> str:
    return summary(whole(event.get("tool_name")), _given(event))


def _given(event: Event) -> Mapping[str, Any]:
    given = event.get("tool_input")
    return given if isinstance(given, dict) else {}


def _stop(event: Event) -> Observation:
    held = _running(event.get("background_tasks"))
    if held:
        what = whole(held[0].get("description")) or whole(held[0].get("command")) or "a task"
        more = f" and {len(held) - 1} more" if len(held) > 1 else ""
        return _seen(
            event, Sign.BACKGROUND, f"in the background: {masked_line(what, _WIDTH)}{more}"
        )
    return _seen(event, Sign.TURN_ENDED, whole(event.get("last_assistant_message")))


def _running(tasks: object) -> list[dict[str, Any]]:
    return [
        task
        for task in (tasks if isinstance(tasks, list) else ())
        if isinstance(task, dict) and task.get("status", "running") in _HELD
    ]


def _stop_failure(event: Event) -> Observation:
    text = whole(event.get("last_assistant_message")) or whole(event.get("error_details"))
    error = first_line(whole(event.get("error")), _WIDTH) or "error"
    return _seen(event, Sign.TURN_FAILED, text, error=error, line=told(f"✘ {error}: {text}"))


def _figures(event: Event) -> Observation | None:
    cost = event.get("cost")
    dollars = cost.get("total_cost_usd") if isinstance(cost, dict) else None
    windows = windows_of(event)
    if not isinstance(dollars, int | float):
        return _seen(event, Sign.FIGURES, windows=windows) if windows else None
    return _seen(event, Sign.FIGURES, cost_usd=float(dollars), windows=windows)


def _ended(event: Event) -> Observation:
    return _seen(event, Sign.ENDED, whole(event.get("reason")))


def _compact(event: Event) -> Observation:
    return _seen(event, Sign.WORKING, "compacting the conversation")


def asked(event: Mapping[str, object]) -> ToolCall | None:
    """The call of a PermissionRequest; None for other events, and for what is not understood."""
    return _tool_call(event) if event.get("hook_event_name") == PERMISSION else None


def carried_out(event: Mapping[str, object]) -> ToolCall | None:
    """The call that was carried out, well or not; None for other events."""
    return _tool_call(event) if event.get("hook_event_name") in _AFTER_TOOL else None


def _tool_call(event: Mapping[str, object]) -> ToolCall | None:
    tool, given, folder = event.get("tool_name"), event.get("tool_input"), event.get("cwd")
    if not (isinstance(tool, str) and tool and isinstance(given, dict) and isinstance(folder, str)):
        return None
    return ToolCall(tool, given, folder)


def leave(decision: Decision, message: str) -> str:
    """What a PermissionRequest hook prints; nothing to leave it to a person."""
    if decision is Decision.ASK:
        return ""
    said: dict[str, object] = {"behavior": decision.value}
    if decision is Decision.DENY:
        said["message"] = message
    return json.dumps({"hookSpecificOutput": {"hookEventName": PERMISSION, "decision": said}})


_READERS: dict[str, Callable[[Event], Observation | None]] = {
    "SessionStart": _session,
    "UserPromptSubmit": _prompt,
    "PreToolUse": _tool,
    "PostToolUse": _tool_done,
    "PostToolUseFailure": _tool_done,
    PERMISSION: _permission,
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "PreCompact": _compact,
    "SessionEnd": _ended,
    "StatusLine": _figures,
}
EVENTS = tuple(name for name in _READERS if name != "StatusLine")
"""The hooks to ask for; the status line comes by another way."""
