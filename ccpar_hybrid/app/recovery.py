"""Brings Pueue and the ledger in order again: no task is lost, and none runs twice.

Called by `setup`, by `recover`, and by the supervisor again and again. It may be called at any
time and by several processes: one works at a time, and where all is in order nothing is done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.app import (
    add_lock,
    aftermath,
    launcher,
    life,
    pueue_copy,
    recovery_add,
    recovery_group,
    recovery_pause,
    vanished,
)
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pueue_copy import Copy
from ccpar_hybrid.app.recovered import Recovered
from ccpar_hybrid.core.errors import NotFound, Refused
from ccpar_hybrid.core.outcome import Cause, Event, Outcome, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobId, JobState, Life, QueueSnapshot
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.worker.admission import UNDELIVERED
from ccpar_hybrid.worker.lease import is_leased

LOCK_WAIT_S = 60.0


def recover(app: App) -> Recovered:
    """Bring everything in order; returns what was to be done. Raises as the scheduler does.

    The shim of a task that still runs joins that run, and one whose outcome is settled ends with
    it, so that dependents see the truth. Groups that a person has paused stay paused.
    """
    make_private(app.paths.state)
    with file_lock(Path(app.paths.state, "recovery.lock"), wait_s=LOCK_WAIT_S):
        return _Recovery(app).run()


class _Recovery:
    """One pass, alone on this instance. Each step may be the last: the next pass does the rest."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._done = Recovered()
        self._lives = life.load(app.paths)

    def run(self) -> Recovered:
        now = datetime.now(UTC)
        current = self._app.scheduler.life()
        queue = self._app.scheduler.snapshot()
        after = self._app.scheduler.life()
        if current is None or after is None or after.id != current.id:
            return self._done  # it ended meanwhile: what was seen may be of either life
        self._lives = self._lives.with_seen(current, now)
        is_new = self._lives.ordered != current.id
        copy = pueue_copy.newest(self._app) if is_new else None
        self._settle_ended(queue, current)
        if is_new:
            self._note_loss(queue, copy)
            made = recovery_group.make_missing(self._app, queue, copy)
            self._done = replace(self._done, made=tuple(made))
            self._bring_back(copy)
        completed = recovery_add.complete(self._app, copy)
        self._done = replace(self._done, completed=tuple(completed))
        reach("recover.reconciled")
        if is_new:
            started = recovery_group.start(self._app, copy, self._done.again)
            self._done = replace(self._done, groups=tuple(started))
            recovery_pause.pause_again(self._app, copy, self._done.tasks)
            self._lives = self._lives.with_order(current)
        life.save(self._app.paths, self._lives)
        pueue_copy.keep_copy(self._app)
        return self._done

    # --- jobs that have ended

    def _settle_ended(self, queue: QueueSnapshot, current: Life) -> None:
        on_their_way = add_lock.named(self._app.paths)  # somebody queues them again just now
        jobs = (job for key, job in queue.by_task().items() if key not in on_their_way)
        open_ends = _open_ends(jobs)
        if not open_ends:
            return
        ledger = self._app.ledger
        keys = list(open_ends)
        outcomes = ledger.outcomes(keys)
        facts = aftermath.Facts(
            known={task.key for task in ledger.tasks(keys=keys)},
            results={key: outcome.result for key, outcome in outcomes.items()},
            runs=lambda key: is_leased(self._app.paths, key),
            killed_by=lambda job: self._lives.killed_by(job, current),
        )
        found = aftermath.judge(queue, open_ends.values(), facts)
        self._restart(found.again, outcomes.keys())
        for key, outcome in found.outcomes.items():
            self._settle(key, outcome)

    def _restart(self, again: dict[JobId, TaskKey], settled: Iterable[TaskKey]) -> None:
        if again:
            launcher.install(self._app.paths, self._app.environment)
        for number, key in again.items():
            if key in settled:  # its shim shall tell the outcome, and not run it once more
                note = Event(key=key, at=datetime.now(UTC), kind=UNDELIVERED)
                self._app.ledger.record(note)
                reach("recover.noted")
            with contextlib.suppress(NotFound, Refused):  # a person was faster
                self._app.scheduler.restart(number)
            reach("recover.queued")
        self._done = replace(self._done, again=tuple(again.values()))

    def _settle(self, key: TaskKey, outcome: Outcome) -> None:
        ledger = self._app.ledger
        last = ledger.last_attempts([key]).get(key)
        if last is not None and last.outcome is None:
            cause = Cause.ASKED if outcome.result is Result.CANCELLED else Cause.WORKER_LOST
            ledger.end_attempt(key, last.number, outcome, settle=True, cause=cause)
        else:
            ledger.settle(key, outcome)
        reach("tidy.settled")
        self._done = replace(self._done, settled=(*self._done.settled, key))

    # --- what the scheduler has forgotten

    def _note_loss(self, queue: QueueSnapshot, copy: Copy | None) -> None:
        damaged = pueue_copy.damaged_since(self._app.paths, self._lives.ordered_at)
        lost = copy is not None and has_lost(queue, copy.queue)
        self._done = replace(self._done, state_lost=lost, damaged=damaged)

    def _bring_back(self, copy: Copy | None) -> None:
        ledger = self._app.ledger
        known = ledger.tasks(newest_first=False, unsettled_only=True)
        missing = recovery_add.missing(self._app, known)
        halves = {task.key for task in ledger.never_submitted()}  # see recovery_add
        noted = [task for task in missing if task.key not in halves]
        if wanted := vanished.vanished(ledger, noted, copy):
            back = vanished.bring_back(self._app, wanted, copy)
            self._done = replace(self._done, returned=tuple(back))


def has_lost(queue: QueueSnapshot, before: QueueSnapshot) -> bool:
    """Whether the scheduler has none of the jobs that it had, though some had not ended."""
    here = {(job.id, job.created_at) for job in queue.jobs.values()}
    there = {(job.id, job.created_at) for job in before.jobs.values()}
    was_open = any(job.state is not JobState.ENDED for job in before.jobs.values())
    return was_open and here.isdisjoint(there)


def _open_ends(jobs: Iterable[Job]) -> dict[TaskKey, Job]:
    """Jobs of ours that have ended, and of which the ledger may not know that."""
    return {
        key: job
        for job in jobs
        if job.state is JobState.ENDED and job.end is not JobEnd.SUCCEEDED and (key := job.task)
    }
