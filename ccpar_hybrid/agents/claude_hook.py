"""What the events of Claude Code's hooks say (2.1.197). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ccpar_hybrid.agents.base import Observation, Sign, Source
from ccpar_hybrid.agents.claude_tool import summary

Event = Mapping[str, Any]
_QUESTION_TOOLS = {"AskUserQuestion": "question", "ExitPlanMode": "plan"}
_HELD = ("running", "pending", "in_progress")


def observe(event: Mapping[str, object]) -> Observation | None:
    """One event's meaning; every one may tell the session and where its transcript lies."""
    read = _READERS.get(str(event.get("hook_event_name")))
    return read(event) if read else None


def _seen(event: Event, sign: Sign, text: str = "", **more: Any) -> Observation:
    transcript = event.get("transcript_path")
    return Observation(
        sign=sign,
        source=Source.HOOK,
        text=text,
        session_id=event.get("session_id"),
        transcript=Path(transcript) if transcript else None,
        **more,
    )


def _session(event: Event) -> Observation:
    source = event.get("source", "")
    line = f"· session {event.get('session_id')} ({source})" if source != "startup" else None
    return _seen(event, Sign.SESSION, str(source), line=line)


def _prompt(event: Event) -> Observation:
    return _seen(event, Sign.PROMPT, str(event.get("prompt", "")))


def _tool(event: Event) -> Observation:
    name, given = str(event.get("tool_name")), event.get("tool_input") or {}
    if name == "AskUserQuestion":
        return _seen(event, Sign.WAITING, f"question: {summary(name, given)}")
    return _seen(event, Sign.WORKING, summary(name, given))


def _tool_done(event: Event) -> Observation:
    return _seen(event, Sign.WORKING)


def _permission(event: Event) -> Observation:
    name, given = str(event.get("tool_name")), event.get("tool_input") or {}
    kind = _QUESTION_TOOLS.get(name, "permission")
    return _seen(event, Sign.WAITING, f"{kind}: {summary(name, given)}")


def _stop(event: Event) -> Observation:
    held = [
        task
        for task in event.get("background_tasks") or ()
        if isinstance(task, dict) and task.get("status", "running") in _HELD
    ]
    if held:
        what = held[0].get("description") or held[0].get("command") or "a task"
        more = f" and {len(held) - 1} more" if len(held) > 1 else ""
        return _seen(event, Sign.BACKGROUND, f"in the background: {what}{more}")
    return _seen(event, Sign.TURN_ENDED, str(event.get("last_assistant_message") or ""))


def _stop_failure(event: Event) -> Observation:
    text = str(event.get("last_assistant_message") or event.get("error_details") or "")
    error = str(event.get("error") or "error")
    return _seen(event, Sign.TURN_FAILED, text, error=error, line=f"✘ {error}: {text}")


def _figures(event: Event) -> Observation | None:
    cost = (event.get("cost") or {}).get("total_cost_usd")
    if not isinstance(cost, int | float):
        return None
    return _seen(event, Sign.FIGURES, cost_usd=float(cost))


def _ended(event: Event) -> Observation:
    return _seen(event, Sign.ENDED, str(event.get("reason") or ""))


def _compact(event: Event) -> Observation:
    return _seen(event, Sign.WORKING, "compacting the conversation")


_READERS: dict[str, Callable[[Event], Observation | None]] = {
    "SessionStart": _session,
    "UserPromptSubmit": _prompt,
    "PreToolUse": _tool,
    "PostToolUse": _tool_done,
    "PostToolUseFailure": _tool_done,
    "PermissionRequest": _permission,
    "Stop": _stop,
    "StopFailure": _stop_failure,
    "PreCompact": _compact,
    "SessionEnd": _ended,
    "StatusLine": _figures,
}
EVENTS = tuple(name for name in _READERS if name != "StatusLine")
"""The hooks to ask for; the status line comes by another way."""
