"""A claimed task waits until its agent may start, and says for what."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ccpar_hybrid.agents.command import CommandAgent
from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.worker import standby
from ccpar_hybrid.worker.audience import Audience
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.hold import Held, Question
from ccpar_hybrid.worker.standby import Left, Standby, countdown

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
SPEC = TaskSpec(prompt="true", directory="/", agent="command")
TASK = Task(key=TaskKey("taaaaaaaa"), spec=SPEC, source=TaskSource.ADDED, created_at=NOW)
QUESTION = Question(TASK, CommandAgent(), {}, resume=False)


class Border(Console):
    """Keeps what it is to show."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.has_shown = asyncio.Event()

    def label(self, state: WorkerState, label: str = "", detail: str = "") -> None:
        self.shown.append(f"{state}: {detail}")
        self.has_shown.set()

    def show_held(self, task: str, reason: str) -> None:
        pass


class Quiet(Audience):
    """Shims that are not paused."""

    def __init__(self) -> None:
        pass

    is_paused = False


class HeldFor:
    """Has something against a start for so many questions."""

    def __init__(self, times: int, until: datetime | None = None) -> None:
        self._times = times
        self._until = until
        self.asked: list[Question] = []

    def held(self, question: Question) -> Held | None:
        self.asked.append(question)
        return Held("no memory", self._until) if len(self.asked) <= self._times else None


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "ASK_AGAIN_S", 0.01)
    monkeypatch.setattr(standby, "WRITE_AGAIN_S", 0.01)


def waiting(*holds: HeldFor) -> tuple[Standby, Border, list[str]]:
    border, told = Border(), list[str]()
    return Standby(border, TASK.name, holds, Quiet(), told.append), border, told


async def test_every_hold_is_asked_until_none_has_anything_against_the_start() -> None:
    first, second = HeldFor(2), HeldFor(1)
    wait, border, told = waiting(first, second)
    assert await wait.wait(QUESTION, 0.0, "")
    assert first.asked == [QUESTION] * 4
    assert border.shown == ["held: no memory"]
    assert told == ["no memory"]
    assert wait.view is None


async def test_what_is_held_until_a_time_shows_how_long_that_is() -> None:
    hold = HeldFor(10**6, datetime.now(UTC) + timedelta(hours=2, minutes=1))
    wait, border, _ = waiting(hold)
    waits = asyncio.ensure_future(wait.wait(QUESTION, 0.0, ""))
    await border.has_shown.wait()
    assert border.shown == ["held: no memory, 2 h 01 min left"]
    wait.stir()
    assert await waits is False


async def test_a_pause_comes_before_the_holds_and_can_be_stirred() -> None:
    hold = HeldFor(0)
    wait, border, _ = waiting(hold)
    waits = asyncio.ensure_future(wait.wait(QUESTION, 300.0, "next try"))
    await border.has_shown.wait()
    assert wait.view == (WorkerState.HELD, "next try, 5 min left", "worker")
    wait.stir()
    assert await waits is False
    assert hold.asked == []


async def test_the_ledger_is_insisted_on_even_when_the_task_is_cancelled() -> None:
    wait, border, _ = waiting()
    wait.stir()
    answers = iter([MissingPart("the ledger is full"), MissingPart("the ledger is full"), None])

    def write() -> str:
        if error := next(answers):
            raise error
        return "written"

    assert await wait.insist(write) == "written"
    assert border.shown == ["held: the ledger is full"]


async def test_a_worker_that_goes_insists_no_more() -> None:
    wait, _, _ = waiting()
    wait.leave()

    def write() -> None:
        raise MissingPart("the ledger is full")

    with pytest.raises(Left):
        await wait.insist(write)


def test_the_time_left_is_told_in_coarse_steps() -> None:
    times = (0.4, 4, 11, 25, 61, 119, 121, 3599, 3601, 7300)
    assert [countdown(left_s) for left_s in times] == [
        "1 s",
        "4 s",
        "15 s",
        "25 s",
        "70 s",
        "120 s",
        "3 min",
        "1 h 00 min",
        "1 h 01 min",
        "2 h 02 min",
    ]
