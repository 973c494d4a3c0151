"""Pueue as the scheduler (Pueue 4.0.4)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from ccpar_hybrid.core.errors import CommandFailed, MissingPart, NotFound
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import JobId, JobState, Life, QueueSnapshot, Submission
from ccpar_hybrid.scheduler.check import check_submissions, ended, removable, running, waiting
from ccpar_hybrid.scheduler.pueue_channel import Channel, CommandChannel, socket_channel
from ccpar_hybrid.scheduler.pueue_cli import PueueCommand
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_socket import SocketUnusable
from ccpar_hybrid.scheduler.pueue_status import UnknownState, read_state
from ccpar_hybrid.scheduler.pueue_submit import submit, take_back
from ccpar_hybrid.system.process import process, started_at

_FINDERS = (
    "PATH",
    "HOME",
    "PUEUE_CONFIG_PATH",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)

_UNREADABLE_LOG = "(Pueue error)"


class PueueScheduler:
    """Implements Scheduler. Holds nothing between calls.

    `environment` leads to the daemon; `task_environment` is stored with each job, so keep it
    small: the daemon writes all of them at each addition. `command_for` gives the shell command
    of a task, which must name its key (`ccpar-task KEY`). `use_socket=False` uses the `pueue`
    command throughout.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        task_environment: Mapping[str, str],
        command_for: Callable[[TaskKey], str],
        *,
        use_socket: bool = True,
    ) -> None:
        self._environment = dict(environment)
        self._task_environment = dict(task_environment)
        self._command_for = command_for
        self._use_socket = use_socket
        self._pueue = PueueCommand(self._environment)

    def snapshot(self) -> QueueSnapshot:
        """See Scheduler."""
        with self._channel() as channel:
            return self._read(channel)

    def life(self) -> Life | None:
        """See Scheduler."""
        try:
            pid = int(read_config(self._environment).pid_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        info, started = process(pid), started_at(pid)
        if info is None or started is None:
            return None
        return Life(id=f"{pid}.{info.start_ticks}", started_at=started)

    def submit(self, submissions: Sequence[Submission]) -> list[JobId]:
        """See Scheduler."""
        if not submissions:
            return []
        with self._channel() as channel:
            before = self._read(channel)
            check_submissions(submissions, before)
            try:
                return submit(channel, submissions, self._command_for)
            except BaseException:
                channel.finish()
                self._take_back({each.key for each in submissions}, set(before.jobs))
                raise

    def ensure_group(self, name: str, slots: int) -> None:
        """See Scheduler."""
        group = self.snapshot().groups.get(name)
        if group is None and self._added_group(name, slots):
            return
        if group is None or group.slots != slots:
            self._pueue.run("parallel", f"--group={name}", str(slots))
            self._save()

    def pause_group(self, name: str) -> None:
        """See Scheduler."""
        self._pueue.run("pause", "--wait", f"--group={name}")

    def resume_group(self, name: str) -> None:
        """See Scheduler."""
        self._pueue.run("start", f"--group={name}")

    def pause(self, jobs: Sequence[JobId]) -> None:
        """See Scheduler."""
        self._run_on("pause", jobs, JobState.RUNNING)

    def resume(self, jobs: Sequence[JobId]) -> None:
        """See Scheduler."""
        self._run_on("start", jobs, JobState.PAUSED)

    def start(self, job: JobId) -> None:
        """See Scheduler."""
        waiting(job, self.snapshot())
        self._pueue.run("start", str(job))

    def release(self, jobs: Sequence[JobId], at: datetime | None = None) -> None:
        """See Scheduler."""
        with self._channel() as channel:
            queue = self._read(channel).jobs
            held = [job for job in jobs if job in queue and queue[job].state is JobState.HELD]
            if held:
                channel.enqueue(held, at)
                channel.save()

    def terminate(self, job: JobId, *, force: bool = False) -> None:
        """See Scheduler."""
        found = running(job, self.snapshot())
        if force:
            self._pueue.run("kill", str(job))
            return
        self._pueue.run("kill", "--signal=term", str(job))
        if found.state is JobState.PAUSED:  # a stopped process hears TERM when it goes on
            self._pueue.run("kill", "--signal=cont", str(job))

    def remove(self, jobs: Sequence[JobId]) -> None:
        """See Scheduler."""
        with self._channel() as channel:
            going = removable(jobs, self._read(channel))
            if going:
                channel.remove(going)

    def restart(self, job: JobId) -> None:
        """See Scheduler."""
        ended(job, self.snapshot())
        self._pueue.run("restart", "--in-place", str(job))
        self._save()

    def log(self, job: JobId) -> str:
        """See Scheduler."""
        logs = json.loads(self._pueue.run("log", "--json", "--full", str(job)))
        if str(job) not in logs:
            raise NotFound(f"there is no job {job}")
        output = str(logs[str(job)]["output"])
        return self._raw_log(job) if output.startswith(_UNREADABLE_LOG) else output

    @contextlib.contextmanager
    def _channel(self) -> Iterator[Channel]:
        with contextlib.ExitStack() as stack:
            channel: Channel = CommandChannel(self._pueue, self._stored_environment())
            if self._use_socket:
                # Where the socket fails, the command may still know the way, and says it better.
                with contextlib.suppress(SocketUnusable):
                    config = read_config(self._environment)
                    channel = stack.enter_context(socket_channel(config, self._task_environment))
            yield channel

    def _stored_environment(self) -> Mapping[str, str]:
        """What `pueue add` runs with, and stores: it has to find the daemon as well."""
        finders = {name: self._environment[name] for name in _FINDERS if name in self._environment}
        return {**self._task_environment, **finders}

    def _read(self, channel: Channel) -> QueueSnapshot:
        try:
            return read_state(channel.state())
        except UnknownState as error:
            version = self._pueue.run("--version").strip()
            raise MissingPart(
                f"{version} says what this program does not know: {error}",
                "use Pueue 4.0, or update ccpar-hybrid",
            ) from error

    def _take_back(self, keys: set[TaskKey], before: set[JobId]) -> None:
        with contextlib.suppress(MissingPart), self._channel() as channel:
            for job in take_back(channel, keys, before):
                with contextlib.suppress(CommandFailed):
                    self._pueue.run("kill", str(job))

    def _added_group(self, name: str, slots: int) -> bool:
        try:
            self._pueue.run("group", "add", f"--parallel={slots}", "--", name)
        except CommandFailed:
            if name not in self.snapshot().groups:
                raise
            return False  # somebody else was faster
        return True

    def _run_on(self, verb: str, jobs: Sequence[JobId], state: JobState) -> None:
        queue = self.snapshot().jobs
        wanted = [str(job) for job in jobs if job in queue and queue[job].state is state]
        if wanted:  # without a job, Pueue would take the default group
            self._pueue.run(verb, *wanted)

    def _save(self) -> None:
        with self._channel() as channel:
            channel.save()

    def _raw_log(self, job: JobId) -> str:
        file = read_config(self._environment).directory / "task_logs" / f"{job}.log"
        try:
            return file.read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""  # it has not been started yet
