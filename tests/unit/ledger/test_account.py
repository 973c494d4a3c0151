"""What the ledger keeps of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.core.account import AccountId, Limit, Reading, Window, WindowName
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.account import KEPT, STAGGERED_STEPS, AccountBook
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import SOME_TIME as NOW

ME, OTHER = AccountId("claude:login-1"), AccountId("claude:key-2")
ONE, TWO = TaskKey("t1"), TaskKey("t2")
STEP = timedelta(seconds=5)


@pytest.fixture
def book(home: Path) -> Iterator[AccountBook]:
    with Ledger.open(str(home / "ledger" / "l.db")) as ledger:
        yield ledger.accounts


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


def reading(used: float, at: datetime = NOW, resets_at: datetime | None = None) -> Reading:
    reset = resets_at or after(hours=5)
    window = Window(name=WindowName.FIVE_HOUR, used_percent=used, resets_at=reset)
    return Reading(account=ME, at=at, window=window)


def limit(since: datetime, until: datetime, **more: object) -> Limit:
    return Limit.model_validate({"account": ME, "since": since, "until": until, **more})


def meet(book: AccountBook, now: datetime, until: datetime, **more: object) -> Limit:
    return book.meet_limit(ME, now, lambda _: limit(now, until, **more))


def test_only_news_is_kept_and_the_newest_is_told(book: AccountBook) -> None:
    book.note([reading(10), reading(8)])
    book.note([reading(10, after(minutes=1))])
    book.note([reading(30, after(minutes=2))])
    told = book.readings(ME, WindowName.FIVE_HOUR)
    assert [each.window.used_percent for each in told] == [10, 30]
    assert book.last_readings(ME) == [told[-1]]
    assert book.last_readings(OTHER) == []
    assert book.all() == [ME]


def test_old_readings_are_forgotten(book: AccountBook) -> None:
    book.note([reading(10)])
    later = NOW + KEPT + timedelta(seconds=1)
    book.note([reading(5, later, later + timedelta(hours=5))])
    assert [each.at for each in book.readings(ME, WindowName.FIVE_HOUR)] == [later]


def test_a_limit_is_in_force_until_its_end(book: AccountBook) -> None:
    met = meet(book, NOW, after(hours=1), window=WindowName.SEVEN_DAY)
    assert book.limit(ME, after(minutes=59)) == met
    assert book.limit(ME, after(hours=1)) is None
    assert book.limit(OTHER, NOW) is None


def test_sessions_that_meet_a_limit_together_count_once(book: AccountBook) -> None:
    first = meet(book, NOW, after(minutes=5), is_known=False)
    again = meet(book, after(seconds=1), after(minutes=10), is_known=False, times=2)
    assert again == first


def test_a_session_that_knows_the_reset_corrects_a_pause(book: AccountBook) -> None:
    meet(book, NOW, after(minutes=5), is_known=False)
    known = meet(book, after(seconds=1), after(hours=2))
    assert book.limit(ME, after(seconds=2)) == known
    assert meet(book, after(seconds=3), after(hours=9)) == known


def test_the_last_limit_is_given_to_the_reckoning_until_something_went_well(
    book: AccountBook,
) -> None:
    given: list[Limit | None] = []

    def reckon(now: datetime) -> None:
        def told(before: Limit | None) -> Limit:
            given.append(before)
            return limit(now, now + timedelta(minutes=5), is_known=False)

        book.meet_limit(ME, now, told)

    reckon(NOW)
    book.went_well(ME, after(minutes=1))  # from a request of before the limit: it proves nothing
    reckon(after(minutes=6))
    book.went_well(ME, after(minutes=12))
    reckon(after(minutes=13))
    assert [before is None for before in given] == [True, False, True]


def test_a_person_can_lift_a_limit(book: AccountBook) -> None:
    meet(book, NOW, after(hours=1))
    assert book.lift_limits(OTHER, NOW) == []
    assert book.lift_limits(None, after(minutes=1)) == [ME]
    assert book.limit(ME, after(minutes=2)) is None
    assert book.lift_limits(ME, after(minutes=2)) == []


def test_after_a_limit_the_starts_lie_apart(book: AccountBook) -> None:
    meet(book, NOW, after(minutes=1))
    end = after(minutes=1)
    assert book.depart(ME, ONE, end, STEP) is None
    assert book.depart(ME, ONE, end + STEP / 5, STEP) is None
    assert book.depart(ME, TWO, end + STEP / 5, STEP) == end + STEP
    assert book.depart(ME, TWO, end + STEP, STEP) is None
    assert book.depart(OTHER, ONE, end, STEP) is None


def test_without_a_limit_or_long_after_it_nobody_waits(book: AccountBook) -> None:
    assert [book.depart(ME, key, NOW, STEP) for key in (ONE, TWO)] == [None, None]
    meet(book, NOW, after(minutes=1))
    later = after(minutes=1) + STAGGERED_STEPS * STEP
    assert [book.depart(ME, key, later, STEP) for key in (ONE, TWO)] == [None, None]
    soon = after(minutes=1)
    assert [book.depart(ME, key, soon, timedelta()) for key in (ONE, TWO)] == [None, None]


def test_starts_lie_apart_after_a_lifted_limit_as_well(book: AccountBook) -> None:
    meet(book, NOW, after(hours=9))
    book.lift_limits(ME, NOW)
    assert book.depart(ME, ONE, NOW, STEP) is None
    assert book.depart(ME, TWO, NOW, STEP) == NOW + STEP


def test_two_that_ask_at_once_do_not_start_at_once(book: AccountBook) -> None:
    meet(book, NOW, after(minutes=1))
    end = after(minutes=1)
    assert book.depart(ME, ONE, end + timedelta(microseconds=5), STEP) is None
    assert book.depart(ME, TWO, end, STEP) is not None


def test_a_clock_that_was_set_back_holds_nobody_for_long(book: AccountBook) -> None:
    meet(book, NOW, after(minutes=1))
    assert book.depart(ME, ONE, after(minutes=4), STEP) is None
    assert book.depart(ME, TWO, after(minutes=2), STEP) is None


def test_a_refused_login_is_noted_once_for_each_group(book: AccountBook) -> None:
    assert book.refuse_login(ME, "a", "run /login", NOW)
    assert not book.refuse_login(ME, "a", "run /login", after(seconds=1))
    assert book.refuse_login(ME, "b", "run /login", NOW)
    book.paused_for_login("a", NOW)
    assert [(each.group, each.is_paused) for each in book.refusals(ME)] == [
        ("a", True),
        ("b", False),
    ]
    assert book.refusals(OTHER) == []
    assert len(book.refusals()) == 2
    book.lift_refusals(ME, after(minutes=1))
    assert book.refusals() == []
    assert book.refuse_login(ME, "a", "again", after(minutes=2))
