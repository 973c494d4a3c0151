"""What the ledger keeps of requests that are answered by key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.core.decision import By, Decision, End, Way
from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.ledger.approval import ApprovalBook
from ccpar_hybrid.ledger.store import Ledger
from tests.support.approval import ALLOWED, ASKED, KEY, make_answer, make_request
from tests.support.ledger import SOME_TIME as NOW

LATER = NOW + timedelta(seconds=3)


@pytest.fixture
def book(home: Path) -> Iterator[ApprovalBook]:
    with Ledger.open(str(home / "ledger" / "l.db")) as opened:
        yield opened.approvals


def test_that_a_key_goes_out_is_noted_and_taken_back(book: ApprovalBook) -> None:
    request = make_request(way=Way.SCREEN)
    book.note(request, ALLOWED, make_answer())
    for moment in (LATER, None):
        book.note_key(request.id, moment)
        found = book.find(request.id)
        assert found
        assert found.key_at == moment
    with pytest.raises(NotFound):
        book.note_key("f" * 32, LATER)


def test_a_decision_that_no_key_could_say_is_a_persons_again(book: ApprovalBook) -> None:
    request = make_request(way=Way.SCREEN)
    book.note(request, ALLOWED, make_answer())
    book.leave_to_pane(request.id, ASKED)
    found = book.find(request.id)
    assert found
    assert (found.answer, found.ruling, found.is_open) == (None, ASKED, True)
    assert book.decide(request.id, make_answer(Decision.DENY, By.PERSON))


def test_what_has_ended_is_left_as_it_is(book: ApprovalBook) -> None:
    request = make_request(way=Way.SCREEN)
    book.note(request, ALLOWED, make_answer())
    book.end(request.id, End.ANSWERED, LATER)
    before = book.find(request.id)
    book.leave_to_pane(request.id, ASKED)
    assert book.find(request.id) == before


def test_the_newest_of_an_attempt_is_told(book: ApprovalBook) -> None:
    assert book.newest(KEY, 1) is None
    for attempt in (1, 1, 2):
        book.note(make_request(attempt=attempt), ASKED)
    last = make_request(attempt=1)
    book.note(last, ASKED)
    found = book.newest(KEY, 1)
    assert found
    assert found.id == last.id


def test_a_dialog_that_its_killed_hook_had_told_of_is_answered_once(book: ApprovalBook) -> None:
    by_hook, other = make_request(), make_request(attempt=2)
    for each in (by_hook, other):
        book.note(each, ASKED)
        book.end(each.id, End.GONE, LATER)
    by_key = make_request(way=Way.SCREEN)
    book.note(by_key, ASKED)
    assert not book.is_answered_by_screen(by_hook.id)
    book.decide(by_key.id, make_answer(Decision.ALLOW, By.PERSON))
    assert book.is_answered_by_screen(by_hook.id)
    assert not book.is_answered_by_screen(other.id)
    assert not book.is_answered_by_screen(by_key.id)
