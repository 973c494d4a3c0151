"""What keeps a task's account from being used, and what a session's news do to that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.agents.base import Observation, Sign, Source
from ccpar_hybrid.agents.command import CommandAgent
from ccpar_hybrid.agents.registry import all_agents
from ccpar_hybrid.core.account import AccountId, LimitNotice, Window, WindowName
from ccpar_hybrid.core.settings import LimitSettings, Settings
from ccpar_hybrid.core.task import OnLimit, Task
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.memory import MemoryScheduler
from ccpar_hybrid.worker.account_hold import LOOK_S, AccountHold, advice
from ccpar_hybrid.worker.accounts import Accounts
from ccpar_hybrid.worker.hold import Held, Question
from tests.support.ledger import make_task

GROUP = "subissues"


class Place:
    """An account's hold and its witness, over one ledger, at a time that a test sets."""

    def __init__(self, ledger: Ledger, scheduler: MemoryScheduler, **settings: object) -> None:
        self.now = datetime(2026, 5, 4, 9, tzinfo=UTC)
        given = LimitSettings.model_validate(settings)
        self.book = ledger.accounts
        self.scheduler = scheduler
        self.hold = AccountHold(self.book, given, lambda: scheduler, lambda: self.now)
        self._accounts = Accounts(self.book, given, lambda: self.now)
        self._environment = {"HOME": "/nonexistent"}
        self._agent = all_agents(Settings())["claude"]

    @property
    def account(self) -> AccountId:
        account = self._agent.account(self._environment)
        assert account is not None
        return account

    def after(self, **span: float) -> datetime:
        return self.now + timedelta(**span)

    def saw(self, sign: Sign, **facts: object) -> None:
        seen = Observation(sign, Source.HOOK, **facts)  # type: ignore[arg-type]
        self._accounts.saw(self.account, GROUP, seen)

    def told(self, used_percent: float, resets_at: datetime) -> None:
        window = Window(name=WindowName.FIVE_HOUR, used_percent=used_percent, resets_at=resets_at)
        self.saw(Sign.FIGURES, windows=(window,))

    def held(
        self, task: Task | None = None, *, resume: bool = False, **spec: object
    ) -> Held | None:
        task = task or make_task()
        task = task.model_copy(update={"spec": task.spec.model_copy(update=spec)})
        return self.hold.held(Question(task, self._agent, self._environment, resume))


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "ledger" / "l.db")) as opened:
        yield opened


@pytest.fixture
def scheduler() -> Iterator[MemoryScheduler]:
    with MemoryScheduler({}, lambda _: ["true"]) as made:
        made.ensure_group(GROUP, 1)
        yield made


@pytest.fixture
def place(ledger: Ledger, scheduler: MemoryScheduler) -> Place:
    return Place(ledger, scheduler)


def test_a_limit_holds_all_of_its_account_until_its_reset(place: Place) -> None:
    assert place.held() is None
    reset = place.after(hours=2)
    place.told(99, reset)
    place.saw(Sign.TURN_FAILED, error="rate_limit")
    held = place.held(resume=True)
    assert held is not None
    assert held.until == reset
    assert "usage limit of claude:login-" in held.reason
    assert "five-hour window" in held.reason
    place.now = reset
    assert place.held(resume=True) is None


def test_a_limit_without_a_known_reset_says_so(place: Place) -> None:
    place.saw(Sign.TURN_FAILED, error="rate_limit", notice=LimitNotice())
    held = place.held()
    assert held is not None
    assert "reset is unknown" in held.reason
    assert held.until == place.after(seconds=300)


def test_a_task_that_shall_fail_is_let_through_to_the_limit(place: Place) -> None:
    place.saw(Sign.TURN_FAILED, error="rate_limit")
    assert place.held(on_limit=OnLimit.FAIL) is None
    assert place.held(on_limit=OnLimit.ASK) is not None


def test_a_command_draws_on_nobodys_account(place: Place) -> None:
    place.saw(Sign.TURN_FAILED, error="rate_limit")
    question = Question(make_task(), CommandAgent(), {}, False)
    assert place.hold.held(question) is None


def test_the_reserve_holds_what_has_not_begun(place: Place) -> None:
    reset = place.after(hours=2)
    place.told(96, reset)
    held = place.held()
    assert held is not None
    assert held.reason.startswith("reserve: 4 % of claude:login-")
    assert held.until == reset
    assert place.held(resume=True) is None
    assert place.held(ignore_reserve=True) is None
    place.now = reset
    assert place.held() is None


def test_after_a_limit_one_starts_after_the_other(place: Place) -> None:
    place.told(99, place.after(minutes=5))
    place.saw(Sign.TURN_FAILED, error="rate_limit")
    place.now = place.after(minutes=5)
    one, other = make_task(), make_task()
    assert place.held(one, resume=True) is None
    assert place.held(one, resume=True) is None
    held = place.held(other)
    assert held is not None
    assert held.until == place.after(seconds=5)


@pytest.mark.parametrize("error", ["server_error", "unknown", "invalid_request"])
def test_other_errors_hold_nothing(place: Place, error: str) -> None:
    place.saw(Sign.TURN_FAILED, error=error)
    assert place.held() is None


def test_a_turn_that_ended_well_makes_the_next_pause_a_first_one(place: Place) -> None:
    def pause_s() -> float:
        place.saw(Sign.TURN_FAILED, error="rate_limit")
        held = place.held()
        assert held is not None
        assert held.until is not None
        return (held.until - place.now).total_seconds()

    assert pause_s() == 300
    place.now = place.after(seconds=301)
    assert pause_s() == 600
    place.now = place.after(seconds=601)
    place.saw(Sign.TURN_ENDED)
    place.now = place.after(seconds=1)
    assert pause_s() == 300


def test_a_refused_login_pauses_its_group_and_holds_until_a_person_starts_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 0.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    place.saw(Sign.TURN_FAILED, error="authentication_failed", text="Please run /login")
    held = place.held(resume=True)
    assert held is not None
    assert f"pueue start -g {GROUP}" in held.reason
    assert "Please run /login" in held.reason
    assert place.scheduler.snapshot().groups[GROUP].paused
    clock += LOOK_S
    assert place.held() is not None
    place.scheduler.resume_group(GROUP)
    assert place.held() is not None, "it was looked at a moment ago"
    clock += LOOK_S
    assert place.held() is None
    assert place.book.refusals() == []


def test_a_group_that_a_person_had_paused_counts_as_paused_for_the_login(place: Place) -> None:
    place.scheduler.pause_group(GROUP)
    place.saw(Sign.TURN_FAILED, error="authentication_failed")
    assert place.held() is not None
    assert [each.is_paused for each in place.book.refusals()] == [True]


def test_what_to_do_depends_on_the_kind_of_account(place: Place) -> None:
    for kind, words in (("login", "claude /login"), ("key", "a new key")):
        place.book.refuse_login(AccountId(f"claude:{kind}-1"), "g", "", place.now)
        assert words in advice(place.book.refusals()[-1])


def test_a_ledger_that_cannot_be_read_holds_with_its_reason(
    ledger: Ledger, scheduler: MemoryScheduler
) -> None:
    place = Place(ledger, scheduler)
    ledger._database._connection.execute("DROP TABLE login_refusals")
    held = place.held()
    assert held is not None
    assert "ledger" in held.reason
    place.saw(Sign.TURN_FAILED, error="authentication_failed")
