"""Requests of agents as lines of their task's story."""

from __future__ import annotations

from datetime import timedelta

from ccpar_hybrid.app.approval_story import with_requests
from ccpar_hybrid.core.decision import Approval, By, Decision, End, Way
from ccpar_hybrid.core.outcome import Event
from tests.support.approval import ALLOWED, ASKED, KEY, make_answer, make_request
from tests.support.ledger import SOME_TIME

SECRET = "Zx9kQ7w" * 4


def later(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def told(approval: Approval) -> list[tuple[str, dict[str, object]]]:
    return [(each.kind, each.data) for each in with_requests([], [approval])]


def test_what_the_policy_decides_is_one_line() -> None:
    request = make_request("ls -l")
    approval = Approval(request=request, ruling=ALLOWED, answer=make_answer(), end=End.ANSWERED)
    assert told(approval) == [
        (
            "request",
            {"id": request.id[:8], "call": "Bash(ls -l)", "policy": "allow", "why": "reading"},
        )
    ]


def test_what_a_person_decides_is_told_when_they_do() -> None:
    request = make_request("make deploy")
    answer = make_answer(Decision.DENY, By.PERSON, SOME_TIME + later(9))
    answer = answer.model_copy(update={"message": f"not with --token {SECRET}"})
    approval = Approval(request=request, ruling=ASKED, answer=answer)
    asked, answered = with_requests([], [approval])
    assert (asked.kind, asked.at, asked.data["policy"]) == ("request", SOME_TIME, "ask")
    assert asked.data["why"] == "fetch: no rule allows it"
    assert (answered.kind, answered.at, answered.attempt) == ("answer", SOME_TIME + later(9), 1)
    assert answered.data == {
        "id": request.id[:8],
        "decision": "deny",
        "by": "person",
        "message": "not with --token [masked]",
    }


def test_a_request_whose_dialog_went_is_told_as_gone() -> None:
    approval = Approval(
        request=make_request(), ruling=ASKED, end=End.GONE, ended_at=SOME_TIME + later(1)
    )
    assert told(approval)[1] == ("answer", {"id": approval.id[:8], "end": "gone"})


def test_an_open_request_has_no_answer_and_tells_its_way_where_that_is_the_screen() -> None:
    approval = Approval(request=make_request(way=Way.SCREEN), ruling=ASKED)
    assert [(kind, data.get("way")) for kind, data in told(approval)] == [("request", "screen")]


def test_secrets_of_a_request_are_masked() -> None:
    approval = Approval(request=make_request(f"deploy --token {SECRET} now"), ruling=ASKED)
    assert told(approval)[0][1]["call"] == "Bash(deploy --token [masked] now)"


def test_requests_stand_among_the_events_and_those_keep_their_order() -> None:
    def event(kind: str, at_s: float) -> Event:
        return Event(key=KEY, at=SOME_TIME + later(at_s), kind=kind)

    events = [event("attempt-started", 0), event("working", 5), event("set back", 3)]
    asked = [
        Approval(request=make_request("second", at=SOME_TIME + later(2)), ruling=ASKED),
        Approval(request=make_request("first", at=SOME_TIME + later(1)), ruling=ASKED),
    ]
    found = with_requests(events, asked)
    assert [each.data.get("call") or each.kind for each in found] == [
        "attempt-started",
        "Bash(first)",
        "Bash(second)",
        "working",
        "set back",
    ]
