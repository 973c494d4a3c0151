"""What the ledger keeps of agents' requests and of the decisions on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.core.decision import By, Decision, End
from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.ledger.approval import Sieve
from ccpar_hybrid.ledger.store import Ledger
from tests.support.approval import ALLOWED, ASKED, make_answer, make_request
from tests.support.ledger import SOME_TIME as NOW
from tests.support.ledger import make_outcome, make_task

LATER = NOW + timedelta(seconds=3)
PERSON = make_answer(Decision.ALLOW, By.PERSON)


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "ledger" / "l.db")) as opened:
        yield opened


def test_a_request_reads_back_as_it_was_noted(ledger: Ledger) -> None:
    given = {"command": "printf 'ä\\n'", "deep": [{"a": None}, 1.5, True]}
    request = make_request(input=given, screen="│ Bash command", session_id=None)
    noted = ledger.approvals.note(request, ASKED)
    assert ledger.approvals.find(request.id) == noted
    assert noted.is_open
    assert noted.took_s is None


def test_a_request_that_comes_again_is_the_one_that_is_there(ledger: Ledger) -> None:
    request, answer = make_request(), make_answer()
    first = ledger.approvals.note(request, ALLOWED, answer)
    assert ledger.approvals.note(request, ASKED) == first
    assert len(ledger.approvals.history()) == 1


def test_the_first_decision_stays(ledger: Ledger) -> None:
    request = make_request()
    ledger.approvals.note(request, ASKED)
    assert ledger.approvals.decide(request.id, PERSON)
    assert not ledger.approvals.decide(request.id, make_answer(Decision.DENY, By.TIMEOUT))
    found = ledger.approvals.find(request.id)
    assert found is not None
    assert found.answer == PERSON
    assert not found.is_open


def test_what_has_ended_is_decided_no_more(ledger: Ledger) -> None:
    request = make_request()
    ledger.approvals.note(request, ASKED)
    assert ledger.approvals.end(request.id, End.GONE, LATER)
    assert not ledger.approvals.decide(request.id, PERSON)
    assert not ledger.approvals.end(request.id, End.ANSWERED, LATER)
    found = ledger.approvals.find(request.id)
    assert found is not None
    assert (found.end, found.answer, found.took_s) == (End.GONE, None, 3.0)


def test_an_answer_by_hand_wins_over_one_that_the_agent_never_heard_of(ledger: Ledger) -> None:
    request = make_request()
    ledger.approvals.note(request, ALLOWED, make_answer())
    ledger.approvals.end_by_hand(request.id, None, LATER)
    found = ledger.approvals.find(request.id)
    assert found is not None
    assert found.answer == make_answer(None, By.HAND, LATER)
    assert found.end is End.BY_HAND


def test_how_a_person_answered_by_hand_may_become_known_later(ledger: Ledger) -> None:
    request = make_request()
    ledger.approvals.note(request, ASKED)
    ledger.approvals.end_by_hand(request.id, None, NOW)
    ledger.approvals.end_by_hand(request.id, Decision.ALLOW, LATER)
    ledger.approvals.end_by_hand(request.id, None, LATER)
    found = ledger.approvals.find(request.id)
    assert found is not None
    assert found.answer == make_answer(Decision.ALLOW, By.HAND, NOW)
    assert found.ended_at == NOW


def test_a_dialog_that_went_may_turn_out_to_have_been_answered_by_hand(ledger: Ledger) -> None:
    request = make_request()
    ledger.approvals.note(request, ASKED)
    ledger.approvals.end(request.id, End.GONE, NOW)
    ledger.approvals.end_by_hand(request.id, Decision.ALLOW, LATER)
    found = ledger.approvals.find(request.id)
    assert found is not None
    assert (found.end, found.answer) == (
        End.BY_HAND,
        make_answer(Decision.ALLOW, By.HAND, LATER),
    )


def test_an_answer_that_was_delivered_is_not_taken_for_one_by_hand(ledger: Ledger) -> None:
    request = make_request()
    ledger.approvals.note(request, ALLOWED, make_answer())
    ledger.approvals.end(request.id, End.ANSWERED, NOW)
    ledger.approvals.end_by_hand(request.id, Decision.DENY, LATER)
    found = ledger.approvals.find(request.id)
    assert found is not None
    assert (found.end, found.answer) == (End.ANSWERED, make_answer())


def test_nothing_is_noted_of_a_request_that_is_not_there(ledger: Ledger) -> None:
    for change in (
        lambda: ledger.approvals.decide("0" * 32, PERSON),
        lambda: ledger.approvals.end("0" * 32, End.GONE, NOW),
        lambda: ledger.approvals.end_by_hand("0" * 32, None, NOW),
    ):
        with pytest.raises(NotFound):
            change()


def test_a_request_stands_as_long_as_its_attempt_does(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    attempt = ledger.begin_attempt(
        task.key, worker="w1", agent="claude", session_id=None, pueue_id=None, at=NOW
    )
    request = make_request(key=task.key)
    noted = ledger.approvals.note(request, ASKED)
    assert ledger.approvals.standing() == [noted]
    assert ledger.approvals.left_behind() == []
    cut_off = make_outcome(Result.INTERRUPTED)
    ledger.end_attempt(task.key, attempt.number, cut_off, settle=False)
    assert ledger.approvals.standing() == []
    assert ledger.approvals.left_behind() == [request.id]
    assert not ledger.approvals.decide(request.id, PERSON)


def test_history_is_sieved_and_the_newest_comes_first(ledger: Ledger) -> None:
    book = ledger.approvals
    old = book.note(make_request(at=NOW - timedelta(days=9)), ALLOWED, make_answer())
    asked = book.note(make_request(group="docs", tool="WebFetch"), ASKED)
    by_hand = book.note(make_request("rm x", agent="demo"), ASKED, PERSON)
    assert book.history() == [by_hand, asked, old]
    assert book.history(limit=1) == [by_hand]
    assert book.history(Sieve(since=NOW)) == [by_hand, asked]
    assert book.history(Sieve(group="docs")) == [asked]
    assert book.history(Sieve(tool="WebFetch", agent="demo")) == []
    assert book.history(Sieve(by=By.PERSON)) == [by_hand]
    assert book.history(Sieve(decision=Decision.ALLOW, agent="claude")) == [old]


def test_people_may_shorten_an_id(ledger: Ledger) -> None:
    book = ledger.approvals
    one = book.note(make_request(id="ab" + "0" * 30), ASKED)
    other = book.note(make_request(id="ac" + "0" * 30), ASKED)
    assert book.beginning("ab") == [one]
    assert book.beginning("a") == [other, one]
    assert book.beginning("*") == book.beginning("") == book.beginning("AB") == []


def test_only_what_the_policy_allowed_since_a_person_answered_is_counted(ledger: Ledger) -> None:
    book = ledger.approvals
    for _ in range(3):
        book.note(make_request("before"), ALLOWED, make_answer())
    book.note(make_request("asked"), ASKED, PERSON)
    book.note(make_request("first"), ALLOWED, make_answer())
    book.note(make_request("open"), ASKED)
    book.note(make_request("other", key=make_task().key), ALLOWED, make_answer())
    book.note(make_request("second"), ALLOWED, make_answer())
    found = book.since_a_person(make_request().key, 10)
    assert [each.request.input["command"] for each in found] == ["second", "first"]
    assert len(book.since_a_person(make_request().key, 1)) == 1


def test_approvals_move_with_their_task_to_another_ledger(ledger: Ledger, home: Path) -> None:
    task = make_task()
    ledger.add([task])
    book = ledger.approvals
    book.note(make_request("ls", key=task.key), ALLOWED, make_answer())
    waiting = make_request("curl x", key=task.key)
    book.note(waiting, ASKED)
    book.end_by_hand(waiting.id, Decision.DENY, LATER)
    record = ledger.whole(task.key)
    assert [each.request.input["command"] for each in record.approvals] == ["ls", "curl x"]
    with Ledger.open(str(home / "other" / "l.db")) as other:
        assert other.take_in([record]) == [task.key]
        assert other.whole(task.key) == record
        assert other.take_in([record]) == []
