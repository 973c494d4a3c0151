"""A scheduler inside this process, with Pueue's rules: for trying things and for tests.

Jobs are real processes, each in a group of its own, so that pausing and ending are real too.
Nothing of it outlives the process.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Any

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import (
    Group,
    Job,
    JobEnd,
    JobId,
    JobState,
    Life,
    QueueSnapshot,
    Submission,
)
from ccpar_hybrid.scheduler.check import (
    RUNS,
    check_submissions,
    ended,
    existing,
    removable,
    running,
    waiting,
)
from ccpar_hybrid.scheduler.command import identity_of, named_by

_END_S = 10.0


class MemoryScheduler:
    """Implements Scheduler; a context manager that ends all jobs when it closes.

    `argv_for` gives the program of a task, `environment` is what it runs with. One thread starts
    what may run; one for each running job waits for its end.
    """

    def __init__(
        self, environment: Mapping[str, str], argv_for: Callable[[TaskKey], Sequence[str]]
    ) -> None:
        self._environment = dict(environment)
        self._argv_for = argv_for
        self._jobs: dict[JobId, Job] = {}
        self._groups: dict[str, Group] = {}
        self._processes: dict[JobId, subprocess.Popen[bytes]] = {}
        self._logs: dict[JobId, IO[bytes]] = {}
        self._waiters: list[threading.Thread] = []
        self._changed = threading.Condition(threading.RLock())
        self._closed = False
        self._life = Life(id=f"memory.{os.getpid()}.{id(self)}", started_at=datetime.now(UTC))
        self._dispatcher = threading.Thread(target=self._dispatch, daemon=True)

    def __enter__(self) -> MemoryScheduler:
        self._dispatcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            for job in self._processes:
                self._signal(job, signal.SIGKILL)
            self._changed.notify_all()
        for thread in (self._dispatcher, *self._waiters):
            thread.join(_END_S)
        for log in self._logs.values():
            log.close()

    # -- the seam -------------------------------------------------------------------------

    def snapshot(self) -> QueueSnapshot:
        """See Scheduler."""
        with self._changed:
            self._check_open()
            return QueueSnapshot(jobs=dict(self._jobs), groups=dict(self._groups))

    def life(self) -> Life | None:
        """See Scheduler."""
        return self._life

    def submit(self, submissions: Sequence[Submission]) -> list[JobId]:
        """See Scheduler."""
        with self._changed:
            check_submissions(submissions, self.snapshot())
            first = max(self._jobs, default=-1) + 1
            jobs = [
                self._new_job(first + index, first, submission)
                for index, submission in enumerate(submissions)
            ]
            self._jobs.update((job.id, job) for job in jobs)
            self._changed.notify_all()
            return [job.id for job in jobs]

    def ensure_group(self, name: str, slots: int) -> None:
        """See Scheduler."""
        with self._changed:
            paused = name in self._groups and self._groups[name].paused
            self._set_group(Group(name=name, slots=slots, paused=paused))

    def pause_group(self, name: str) -> None:
        """See Scheduler."""
        with self._changed:
            self._set_group(self._groups[name].model_copy(update={"paused": True}))

    def resume_group(self, name: str) -> None:
        """See Scheduler."""
        with self._changed:
            self._set_group(self._groups[name].model_copy(update={"paused": False}))
            paused = [job.id for job in self.snapshot().jobs.values() if job.group == name]
        self.resume(paused)

    def pause(self, jobs: Sequence[JobId]) -> None:
        """See Scheduler."""
        self._shift(jobs, JobState.RUNNING, JobState.PAUSED, signal.SIGSTOP)

    def resume(self, jobs: Sequence[JobId]) -> None:
        """See Scheduler."""
        self._shift(jobs, JobState.PAUSED, JobState.RUNNING, signal.SIGCONT)

    def start(self, job: JobId) -> None:
        """See Scheduler."""
        with self._changed:
            self._start(waiting(job, self.snapshot()))

    def release(self, jobs: Sequence[JobId], at: datetime | None = None) -> None:
        """See Scheduler."""
        with self._changed:
            for job in jobs:
                if job in self._jobs and self._jobs[job].state is JobState.HELD:
                    if at is None:
                        self._change(
                            job, state=JobState.QUEUED, enqueued_at=_now(), not_before=None
                        )
                    else:
                        self._change(job, not_before=at)

    def terminate(self, job: JobId, *, force: bool = False) -> None:
        """See Scheduler."""
        with self._changed:
            found = running(job, self.snapshot())
            self._signal(job, signal.SIGKILL if force else signal.SIGTERM)
            if found.state is JobState.PAUSED:
                self._signal(job, signal.SIGCONT)

    def remove(self, jobs: Sequence[JobId]) -> None:
        """See Scheduler."""
        with self._changed:
            for job in removable(jobs, self.snapshot()):
                del self._jobs[job]
                if job in self._logs:
                    self._logs.pop(job).close()

    def restart(self, job: JobId) -> None:
        """See Scheduler."""
        with self._changed:
            ended(job, self.snapshot())
            cleared = dict.fromkeys(("started_at", "ended_at", "end", "exit_code"))
            self._change(job, state=JobState.QUEUED, enqueued_at=_now(), **cleared)

    def log(self, job: JobId) -> str:
        """See Scheduler."""
        with self._changed:
            existing(job, self.snapshot())
            if job not in self._logs:
                return ""
            descriptor = self._logs[job].fileno()
            size = os.fstat(descriptor).st_size
            return os.pread(descriptor, size, 0).decode("utf-8", "replace")

    # -- what may run ---------------------------------------------------------------------

    def _dispatch(self) -> None:
        with self._changed:
            while not self._closed:
                self._release_due()
                self._skip_hopeless()
                for job in self._eligible():
                    self._start(job)
                self._changed.wait(self._until_next_s())

    def _release_due(self) -> None:
        for job in list(self._jobs.values()):
            if job.not_before and job.state is JobState.HELD and job.not_before <= _now():
                self._change(job.id, state=JobState.QUEUED, enqueued_at=_now(), not_before=None)

    def _skip_hopeless(self) -> None:
        for job in sorted(self._jobs.values(), key=lambda job: job.id):
            if job.state is JobState.QUEUED and not self._groups[job.group].paused:
                ends = {self._jobs[before].end for before in job.after if before in self._jobs}
                if ends - {None, JobEnd.SUCCEEDED}:
                    self._end(job.id, JobEnd.SKIPPED, None)

    def _eligible(self) -> list[Job]:
        chosen: list[Job] = []
        for group in self._groups.values():
            mine = [job for job in self._jobs.values() if job.group == group.name]
            free = group.slots - sum(job.state in RUNS for job in mine)
            ready = sorted(filter(self._is_ready, mine), key=lambda job: (-job.priority, job.id))
            if not group.paused:
                chosen += ready if group.slots == 0 else ready[: max(free, 0)]
        return chosen

    def _is_ready(self, job: Job) -> bool:
        waits = (self._jobs[before] for before in job.after if before in self._jobs)
        done = all(before.end is JobEnd.SUCCEEDED for before in waits)
        return done and job.state is JobState.QUEUED

    def _until_next_s(self) -> float | None:
        held = (job.not_before for job in self._jobs.values() if job.state is JobState.HELD)
        times = [at for at in held if at]
        return max((min(times) - _now()).total_seconds(), 0.0) if times else None

    # -- one job --------------------------------------------------------------------------

    def _new_job(self, number: JobId, first: JobId, submission: Submission) -> Job:
        command = shlex.join(self._argv_for(submission.key))
        now, later = _now(), submission.held or submission.not_before is not None
        return Job(
            id=number,
            key=submission.key,
            by_hand=named_by(command).by_hand,
            identity=identity_of(now.isoformat(), command),
            command=command,
            directory=submission.directory,
            group=submission.group,
            label=submission.label,
            priority=submission.priority,
            after=(*submission.after, *(first + earlier for earlier in submission.after_batch)),
            state=JobState.HELD if later else JobState.QUEUED,
            created_at=now,
            enqueued_at=None if later else now,
            not_before=None if submission.held else submission.not_before,
        )

    def _start(self, job: Job) -> None:
        if job.id in self._logs:
            self._logs.pop(job.id).close()
        log = self._logs[job.id] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the job
        try:
            process = subprocess.Popen(
                shlex.split(job.command),
                cwd=job.directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        except OSError:
            self._end(job.id, JobEnd.NOT_STARTED, None)
            return
        self._processes[job.id] = process
        self._change(job.id, state=JobState.RUNNING, started_at=_now())
        waiter = threading.Thread(target=self._wait, args=(job.id, process), daemon=True)
        self._waiters.append(waiter)
        waiter.start()

    def _wait(self, job: JobId, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        with self._changed:
            del self._processes[job]
            if code < 0:
                self._end(job, JobEnd.KILLED, None)
            else:
                self._end(job, JobEnd.FAILED if code else JobEnd.SUCCEEDED, code)

    def _end(self, job: JobId, end: JobEnd, code: int | None) -> None:
        self._change(job, state=JobState.ENDED, ended_at=_now(), end=end, exit_code=code)

    def _shift(
        self, jobs: Sequence[JobId], old: JobState, new: JobState, number: signal.Signals
    ) -> None:
        with self._changed:
            for job in jobs:
                if job in self._jobs and self._jobs[job].state is old:
                    self._signal(job, number)
                    self._change(job, state=new)

    def _signal(self, job: JobId, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, KeyError):
            os.killpg(self._processes[job].pid, number)

    def _change(self, job: JobId, **fields: Any) -> None:
        self._jobs[job] = self._jobs[job].model_copy(update=fields)
        self._changed.notify_all()

    def _set_group(self, group: Group) -> None:
        self._groups[group.name] = group
        self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed or not self._dispatcher.is_alive():
            raise MissingPart("the scheduler in memory is not open", "use it in a `with` block")


def _now() -> datetime:
    return datetime.now(UTC)
