"""Requests of agents as words and as JSON. Secrets are masked in both, and nothing in them acts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ccpar_hybrid.agents.claude_tool import subject
from ccpar_hybrid.app.approval_view import SHORT, ApprovalView
from ccpar_hybrid.core.decision import Approval, By, End, Way
from ccpar_hybrid.core.mask import MASK, masked, masked_value, secrets
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.output import ago, paint, span

COLOURS = {"allow": "green", "deny": "red", "ask": "yellow"}
HEADINGS = ("ID", "ASKED", "TASK", "WORKER", "DECISION", "CALL")
_LABEL = 12
_PIECE = 100
_MOST_LINES = 400
_WAYS = {Way.HOOK: "the agent's hook", Way.SCREEN: "the screen; less sure than a hook"}
_BY = {
    By.POLICY: "the policy",
    By.PERSON: "a person",
    By.HAND: "a person, in the pane",
    By.TIMEOUT: "nobody in time",
}
_ENDS = {
    End.ANSWERED: "the agent was told",
    End.BY_HAND: "answered in the pane",
    End.GONE: "its dialog went without an answer",
}


def call_words(approval: Approval, limit: int) -> str:
    """`Bash: make deploy`, on one line; what breaks lines stays to be seen."""
    request = approval.request
    name = visible(request.tool, 60)
    what = visible(masked(subject(masked_value(request.input)).strip()), limit)
    return f"{name}: {what}" if what else name


def decision_words(approval: Approval) -> str:
    """Where it stands: `open`, `allow (policy)`, `gone`; with `, screen` where it came by that."""
    answer = approval.answer
    way = ", screen" if approval.request.way is Way.SCREEN else ""
    if answer is None:
        return f"open{way}" if approval.end is None else f"gone{way}"
    decision = answer.decision.value if answer.decision else "answered"
    return f"{decision} ({answer.by.value}{way})"


def row(view: ApprovalView, now: datetime) -> tuple[str, ...]:
    """Under HEADINGS."""
    approval = view.approval
    return (
        approval.id[:SHORT],
        ago(approval.request.asked_at, now),
        visible(view.task_name, 24),
        visible(approval.request.worker, 16),
        decision_words(approval),
        call_words(approval, 300),
    )


def document(view: ApprovalView) -> dict[str, Any]:
    """An Approval of docs/json.md."""
    approval = view.approval
    request, ruling, answer = approval.request, approval.ruling, approval.answer
    return {
        "id": approval.id,
        "is_open": approval.is_open,
        "asked_at": _time(request.asked_at),
        "key": request.key,
        "label": view.task.spec.label if view.task else None,
        "attempt": request.attempt,
        "session_id": request.session_id,
        "agent": request.agent,
        "group": request.group,
        "worker": request.worker,
        "pane": request.pane,
        "way": request.way.value,
        "tool": request.tool,
        "input": masked_value(request.input),
        "folder": request.directory,
        "ruling": {
            "decision": ruling.decision.value,
            "rule": ruling.rule,
            "where": ruling.where,
            "why": masked(ruling.why),
            "took_s": ruling.took_s,
        },
        "decision": answer.decision.value if answer and answer.decision else None,
        "by": answer.by.value if answer else None,
        "decided_at": _time(answer.at if answer else None),
        "message": answer.message if answer and answer.message else None,
        "end": approval.end.value if approval.end else None,
        "ended_at": _time(approval.ended_at),
        "took_s": approval.took_s,
    }


def print_approval(view: ApprovalView) -> None:
    """All that is known of one: `show`."""
    approval = view.approval
    request = approval.request
    print(f"{paint(approval.id[:SHORT], 'bold')}  {decision_words(approval)}")
    label = "" if view.task_name == request.key else f"{visible(view.task_name, 100)}, "
    task = f"{label}{request.key}, attempt {request.attempt}"
    session = f", session {visible(request.session_id, 60)}" if request.session_id else ""
    line("asked", _moment(request.asked_at))
    line("task", task)
    line("worker", f"{visible(request.worker, 60)}, pane {visible(request.pane, 20)}")
    line("agent", f"{visible(request.agent, 60)}, group {visible(request.group, 60)}{session}")
    line("read from", _WAYS[request.way])
    line("folder", visible(request.directory, 1000))
    print_ruling(approval)
    _print_answer(approval)
    print(paint(visible(request.tool, 100), "bold"))
    _print_input(masked_value(request.input))
    if screen := screen_of(approval):
        print(paint("screen", "bold"))
        _print_text(screen, "  ")
    if MASK in str(masked_value(request.input)):
        print(paint(f"{MASK}: looks like a secret; the pane shows it", "dim"))


def print_ruling(approval: Approval) -> None:
    """What the policy said when the request came."""
    ruling = approval.ruling
    rule = " ".join(filter(None, (ruling.rule, f"({ruling.where})" if ruling.where else "")))
    decision = paint(ruling.decision.value, COLOURS[ruling.decision.value])
    line("policy", f"{decision}, {visible(rule, 400) or 'no rule is about it'}")
    line("why", visible(masked(ruling.why), 1000))


def line(name: str, value: str) -> None:
    """One line of a page."""
    if value:
        print(f"  {paint(name.ljust(_LABEL), 'dim')} {value}")


def _print_answer(approval: Approval) -> None:
    answer = approval.answer
    if answer is not None:
        decision = answer.decision.value if answer.decision else "answered"
        line("decided", f"{decision} by {_BY[answer.by]}, {_moment(answer.at)}")
        line("told", visible(masked(answer.message), 1000))
    if approval.end is not None and approval.took_s is not None:
        line("end", f"{_ENDS[approval.end]}, after {span(max(0.0, approval.took_s))}")


def _print_input(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if isinstance(value, str) and len(value) <= _PIECE and value.isprintable():
            line(visible(str(name), 40), visible(value, _PIECE * 2))
            continue
        print(f"  {paint(visible(str(name), 40), 'dim')}")
        _print_text(value if isinstance(value, str) else _json(value), "    ")


def _print_text(text: str, margin: str) -> None:
    """All of it, long lines folded; who decides on it must see its end."""
    pieces = [
        ("↳ " if start else "") + each[start : start + _PIECE]
        for each in text.split("\n")
        for start in range(0, max(1, len(each)), _PIECE)
    ]
    for piece in pieces[:_MOST_LINES]:
        print(f"{margin}{visible(piece, _PIECE * 2)}")
    if len(pieces) > _MOST_LINES:
        left = len(pieces) - _MOST_LINES
        print(paint(f"{margin}… {left:,} more lines: --json has all of it", "yellow"))


def screen_of(approval: Approval) -> str | None:
    """The pane's text, where it was looked at."""
    request = approval.request
    return None if request.screen is None else masked(request.screen, secrets(request.input))


def _json(value: Any) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone().strftime('%Y-%m-%d %H:%M:%S')}, {ago(moment)}"


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
