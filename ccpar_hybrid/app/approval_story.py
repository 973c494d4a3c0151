"""Requests of agents as lines of their task's story. Pure.

The record of approvals is the only place where they are kept; the story is made of it when
somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from heapq import merge

from ccpar_hybrid.agents.claude_tool import summary
from ccpar_hybrid.app.approval_view import SHORT
from ccpar_hybrid.core.decision import Answer, Approval, By, End, Way
from ccpar_hybrid.core.mask import masked, masked_value
from ccpar_hybrid.core.outcome import Event

REQUEST, ANSWER = "request", "answer"


def with_requests(events: Iterable[Event], approvals: Iterable[Approval]) -> list[Event]:
    """A task's events with its requests among them; both in order, and so is what comes out."""
    told = sorted((each for one in approvals for each in _told(one)), key=lambda each: each.at)
    return list(merge(events, told, key=lambda each: each.at))


def _told(approval: Approval) -> Iterator[Event]:
    """The request with the policy's word on it; and its answer, unless that was the policy's."""
    request, ruling, answer = approval.request, approval.ruling, approval.answer
    asked: dict[str, object] = {
        "call": masked(summary(request.tool, masked_value(request.input))),
        "policy": ruling.decision.value,
        "why": masked(ruling.rule or ruling.why),
    }
    if request.way is Way.SCREEN:
        asked["way"] = request.way.value
    yield _event(approval, REQUEST, request.asked_at, asked)
    if answer is not None and answer.by is not By.POLICY:
        yield _event(approval, ANSWER, answer.at, _decided(answer))
    elif approval.end is End.GONE and approval.ended_at is not None:
        yield _event(approval, ANSWER, approval.ended_at, {"end": approval.end.value})


def _event(approval: Approval, kind: str, at: datetime, data: Mapping[str, object]) -> Event:
    request = approval.request
    return Event(
        key=request.key,
        at=at,
        kind=kind,
        attempt=request.attempt,
        data={"id": approval.id[:SHORT], **data},
    )


def _decided(answer: Answer) -> dict[str, object]:
    told: dict[str, object] = {
        "decision": answer.decision.value if answer.decision else None,
        "by": answer.by.value,
    }
    if answer.message:
        told["message"] = masked(answer.message)
    return told
