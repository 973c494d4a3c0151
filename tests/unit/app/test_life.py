"""Who ended a killed job: told by which scheduler lived when."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from ccpar_hybrid.app import life
from ccpar_hybrid.app.life import KilledBy, Lives
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState, Life
from ccpar_hybrid.system import paths
from tests.support.ledger import SOME_TIME, make_task
from tests.unit.app.queue import job


def at(seconds: float) -> datetime:
    return SOME_TIME + timedelta(seconds=seconds)


def a_life(start: float) -> Life:
    return Life(id=f"1.{start}", started_at=at(start))


def killed(start: float, end: float) -> Job:
    return job(
        make_task(),
        state=JobState.ENDED,
        end=JobEnd.KILLED,
        started_at=at(start),
        ended_at=at(end),
    )


def test_a_kill_that_the_scheduler_outlived_is_a_persons() -> None:
    lives = Lives().with_seen(a_life(0), at(30))
    assert lives.killed_by(killed(10, 20), a_life(0)) is KilledBy.PERSON
    assert lives.killed_by(killed(10, 20), a_life(60)) is KilledBy.PERSON


def test_a_kill_soon_after_a_start_is_a_persons_too() -> None:
    lives = Lives().with_seen(a_life(0), at(4))
    assert lives.killed_by(killed(0.5, 1), a_life(0)) is KilledBy.PERSON


def test_a_scheduler_that_may_be_ending_is_waited_for() -> None:
    lives = Lives().with_seen(a_life(0), at(20.5))
    assert lives.killed_by(killed(10, 20), a_life(0)) is KilledBy.UNSURE
    assert lives.killed_by(killed(10, 20), a_life(21)) is KilledBy.SCHEDULER


def test_what_a_start_found_running_it_has_cut_off() -> None:
    lives = Lives().with_seen(a_life(0), at(20)).with_seen(a_life(30), at(60))
    assert lives.killed_by(killed(10, 30.02), a_life(30)) is KilledBy.SCHEDULER


def test_a_start_that_nobody_saw_hides_nothing() -> None:
    lives = Lives().with_seen(a_life(0), at(20)).with_seen(a_life(90), at(120))
    assert lives.killed_by(killed(10, 30.02), a_life(90)) is KilledBy.SCHEDULER


def test_a_job_that_began_with_its_scheduler_is_of_the_life_before() -> None:
    lives = Lives().with_seen(a_life(30), at(60))
    assert lives.killed_by(killed(30.005, 30.02), a_life(30)) is KilledBy.SCHEDULER


def test_where_nothing_was_noted_nobody_killed_it() -> None:
    assert Lives().killed_by(killed(10, 20), a_life(60)) is KilledBy.SCHEDULER


def test_lives_are_noted_and_a_damaged_note_is_none(home: Path) -> None:
    places = paths.resolve({"HOME": str(home)})
    noted = Lives().with_seen(a_life(0), at(1)).with_order(a_life(0))
    life.save(places, noted)
    assert life.load(places) == noted
    Path(places.state, "scheduler.json").write_text("{")
    assert life.load(places) == Lives()
