"""Each rule of an audit finds what breaks its promise, and nothing where all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccpar_hybrid.app.audit import breaches_of, lasting
from ccpar_hybrid.app.audit_picture import (
    Breach,
    Chronicle,
    Entry,
    Picture,
    Role,
    Seat,
    Turn,
)
from ccpar_hybrid.core.outcome import Attempt, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState
from ccpar_hybrid.worker.leftover import Marked
from tests.support.ledger import SOME_TIME, make_outcome, make_task
from tests.unit.app.queue import job, snapshot_of

WORKER, PID = "claude-workers.w1", 4711
DONE = make_task("done", key=TaskKey("taaaaaaaa"))
RUNNING = make_task("running", key=TaskKey("tbbbbbbbb"))


def at(seconds: float) -> datetime:
    return SOME_TIME + timedelta(seconds=seconds)


def attempt(task: Task, number: int = 1, began: float = 0, ended: float | None = None) -> Attempt:
    outcome = make_outcome(ended_at=at(ended)) if ended is not None else None
    return Attempt(
        key=task.key,
        number=number,
        worker=WORKER,
        agent="command",
        started_at=at(began),
        outcome=outcome,
    )


def settled(task: Task, *, ended: float = 2, result: Result = Result.SUCCEEDED) -> Chronicle:
    outcome = make_outcome(result, ended_at=at(ended))
    attempts = () if result is Result.SKIPPED else (attempt(task, 1, ended - 2, ended),)
    return Chronicle(task, outcome, attempts, (Turn(at(ended), result),))


def ended_job(task: Task, end: JobEnd = JobEnd.SUCCEEDED, code: int | None = 0) -> Job:
    return job(task, number=1, state=JobState.ENDED, end=end, exit_code=code)


def status(task: Task | None = RUNNING, number: int | None = 1, name: str = "w1") -> WorkerStatus:
    return WorkerStatus(
        name=name,
        session="claude-workers",
        group="subissues",
        pane="%1",
        pid=PID,
        version="1",
        state=WorkerState.WORKING if task else WorkerState.IDLE,
        since=SOME_TIME,
        key=task.key if task else None,
        attempt=number,
    )


def busy() -> Picture:
    """One task is done, one runs."""
    return Picture(
        at=datetime.now(UTC),
        tasks={
            DONE.key: settled(DONE),
            RUNNING.key: Chronicle(RUNNING, None, (attempt(RUNNING),)),
        },
        queue=snapshot_of(ended_job(DONE), job(RUNNING, number=2, state=JobState.RUNNING)),
        statuses={WORKER: status()},
        entries=(
            Entry(Role.DOOR, "/r/w/1", WORKER, True),
            Entry(Role.LEASE, "/r/l/x", RUNNING.key, True),
        ),
        leases={RUNNING.key: PID},
        marked=(Marked(99, RUNNING.key, 1),),
        seats=(Seat(WORKER, False),),
    )


def with_tasks(*chronicles: Chronicle, jobs: tuple[Job, ...] = (), **more: object) -> Picture:
    """A picture of these tasks and jobs, and of nothing that lives."""
    picture = Picture(
        at=datetime.now(UTC),
        tasks={chronicle.task.key: chronicle for chronicle in chronicles},
        queue=snapshot_of(*jobs),
        leases={},
    )
    return replace(picture, **more)  # type: ignore[arg-type]


def after(task: Task, *before: Task) -> Task:
    keys = tuple(each.key for each in before)
    return task.model_copy(update={"spec": task.spec.model_copy(update={"after": keys})})


def outcome_with(**fields: object) -> Outcome:
    return make_outcome(ended_at=at(2)).model_copy(update=fields)


TURNS = settled(DONE).turns
AGAIN = make_task("again", key=TaskKey("tcccccccc"))
LATER = Chronicle(after(AGAIN, DONE), None, (attempt(AGAIN, began=1),))


@pytest.mark.parametrize(
    ("picture", "promise", "where"),
    [
        (replace(busy(), ledger_trouble="page 3 is bad"), "ledger-whole", "ledger"),
        # --- one outcome
        (with_tasks(replace(settled(DONE), turns=TURNS * 2)), "one-outcome", DONE.key),
        (
            with_tasks(replace(settled(DONE), outcome=None), jobs=(job(DONE),)),
            "one-outcome",
            DONE.key,
        ),
        (
            with_tasks(replace(settled(DONE), turns=(*TURNS, Turn(at(3), None)))),
            "one-outcome",
            DONE.key,
        ),
        (
            with_tasks(replace(settled(DONE), outcome=outcome_with(exit_code=3))),
            "one-outcome",
            DONE.key,
        ),
        (
            with_tasks(replace(settled(DONE), outcome=outcome_with(result=Result.INTERRUPTED))),
            "one-outcome",
            DONE.key,
        ),
        (
            with_tasks(replace(settled(DONE), turns=(Turn(at(2), Result.FAILED),))),
            "one-outcome",
            DONE.key,
        ),
        # --- attempts
        (
            with_tasks(replace(settled(DONE), attempts=(attempt(DONE, 2, 0, 1),))),
            "attempts-numbered",
            DONE.key,
        ),
        (
            with_tasks(
                replace(settled(DONE), attempts=(attempt(DONE, 1, 0, 9), attempt(DONE, 2, 4, 10)))
            ),
            "no-overlap",
            DONE.key,
        ),
        # --- order
        (with_tasks(settled(DONE, ended=9), LATER, jobs=(job(AGAIN),)), "order-kept", AGAIN.key),
        (
            with_tasks(settled(DONE, ended=0, result=Result.FAILED), LATER, jobs=(job(AGAIN),)),
            "order-kept",
            AGAIN.key,
        ),
        # --- Pueue
        (
            with_tasks(settled(DONE), jobs=(ended_job(DONE, JobEnd.KILLED, None),)),
            "pueue-agrees",
            DONE.key,
        ),
        (
            with_tasks(settled(DONE, result=Result.FAILED), jobs=(ended_job(DONE),)),
            "pueue-agrees",
            DONE.key,
        ),
        (
            with_tasks(
                settled(DONE, result=Result.FAILED), jobs=(ended_job(DONE, JobEnd.FAILED, 9),)
            ),
            "pueue-agrees",
            DONE.key,
        ),
        (
            with_tasks(Chronicle(RUNNING), jobs=(ended_job(RUNNING),)),
            "none-done-that-is-not",
            RUNNING.key,
        ),
        (
            with_tasks(
                Chronicle(RUNNING, None, (attempt(RUNNING),)),
                jobs=(ended_job(RUNNING, JobEnd.KILLED, None),),
            ),
            "nothing-lost",
            RUNNING.key,
        ),
        (with_tasks(Chronicle(RUNNING)), "nothing-lost", RUNNING.key),
        (
            with_tasks(Chronicle(AGAIN), jobs=(job(AGAIN, number=1), job(AGAIN, number=2))),
            "queued-once",
            AGAIN.key,
        ),
        (
            with_tasks(Chronicle(RUNNING), jobs=(job(RUNNING, state=JobState.RUNNING),)),
            "running-is-held",
            RUNNING.key,
        ),
        (
            with_tasks(jobs=(job(RUNNING, state=JobState.RUNNING),)),
            "known-to-ledger",
            RUNNING.key,
        ),
        # --- what lives
        (
            replace(busy(), statuses={WORKER: status(), "s.w2": status(name="w2")}),
            "no-overlap",
            RUNNING.key,
        ),
        (replace(busy(), leases={RUNNING.key: PID, DONE.key: 5}), "settled-is-over", DONE.key),
        (replace(busy(), statuses={WORKER: status(number=2)}), "attempt-is-recorded", WORKER),
        (replace(busy(), leases={}), "lease-is-held", WORKER),
        (replace(busy(), leases={RUNNING.key: 5}), "lease-is-held", WORKER),
        (replace(busy(), marked=(Marked(99, DONE.key, 1),)), "no-orphans", "process 99"),
        (replace(busy(), marked=(Marked(99, RUNNING.key, 2),)), "no-orphans", "process 99"),
        (replace(busy(), seats=(Seat(WORKER, True),)), "panes-answer", WORKER),
        (replace(busy(), seats=(Seat("s.w9", False),)), "panes-answer", "s.w9"),
        (replace(busy(), open_to_others={"/s/x": 0o644}), "files-private", "/s/x"),
        *(
            (replace(busy(), entries=(Entry(role, "/r/e", "e", False),)), "nothing-stale", "/r/e")
            for role in Role
        ),
    ],
)
def test_a_broken_promise_is_found_and_no_other(picture: Picture, promise: str, where: str) -> None:
    (breach,) = breaches_of(picture)
    assert (breach.promise, breach.where) == (promise, where)
    assert breach.what
    assert breach.mend


OPENED = (Turn(at(0), Result.SKIPPED), Turn(at(1), None))


@pytest.mark.parametrize(
    "picture",
    [
        busy(),
        with_tasks(),
        # restarted, and done again
        with_tasks(
            replace(
                settled(DONE, ended=9),
                attempts=(attempt(DONE, 1, 0, 2), attempt(DONE, 2, 7, 9)),
                turns=(*TURNS, Turn(at(3), None), Turn(at(9), Result.SUCCEEDED)),
            ),
            jobs=(ended_job(DONE),),
        ),
        # queued again after its end: it is another round
        with_tasks(
            settled(DONE),
            jobs=(job(DONE, state=JobState.RUNNING, enqueued_at=at(5)),),
            leases={DONE.key: PID},
        ),
        # waits for a worker
        with_tasks(
            Chronicle(RUNNING),
            jobs=(job(RUNNING, state=JobState.RUNNING),),
            offered=frozenset({RUNNING.key}),
        ),
        # on its way to Pueue
        with_tasks(Chronicle(RUNNING), adding=frozenset({RUNNING.key})),
        # skipped with what it waited for, and cleaned out of Pueue
        with_tasks(
            settled(DONE, result=Result.FAILED),
            Chronicle(after(AGAIN, DONE)),
            jobs=(ended_job(DONE, JobEnd.FAILED, 1),),
        ),
        # cancelled while a shim offered it
        with_tasks(
            replace(settled(DONE, result=Result.CANCELLED), attempts=()),
            jobs=(ended_job(DONE, JobEnd.FAILED, 143),),
        ),
        # ended in Pueue before a worker had it
        with_tasks(Chronicle(RUNNING), jobs=(ended_job(RUNNING, JobEnd.KILLED, None),)),
        # killed by a person just after it had succeeded
        with_tasks(
            settled(DONE), jobs=(ended_job(DONE, JobEnd.KILLED, None),), killed=frozenset({1})
        ),
        # in order, and started by a person out of order
        with_tasks(settled(DONE, ended=0), LATER, jobs=(job(AGAIN),)),
        with_tasks(
            settled(DONE, ended=9),
            replace(LATER, turns=OPENED, attempts=(attempt(AGAIN, began=2),)),
            jobs=(job(AGAIN),),
        ),
        # somebody's own command, and a task by hand that nobody has claimed
        with_tasks(
            jobs=(
                job(state=JobState.RUNNING),
                job(AGAIN, number=3, state=JobState.RUNNING, by_hand=True),
            )
        ),
        # what could not be looked at proves nothing
        replace(busy(), queue=None, leases=None, entries=(), statuses={}, seats=(), marked=()),
    ],
)
def test_what_is_well_is_passed_over(picture: Picture) -> None:
    assert breaches_of(picture) == []


def test_only_what_stays_is_told_and_as_it_is_now() -> None:
    def breach(where: str, what: str = "") -> Breach:
        return Breach("nothing-lost", where, what, "")

    before, later = [breach("a", "first"), breach("b")], [breach("a", "then"), breach("c")]
    assert lasting(before, later) == [breach("a", "then")]
