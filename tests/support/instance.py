"""A whole private instance: home, pueued, tmux server, session, and what a person does there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ccpar_hybrid.app import daemon, snapshot, worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.enqueue import Enqueuer
from ccpar_hybrid.app.request import parse_one
from ccpar_hybrid.app.session import Sessions, Wanted
from ccpar_hybrid.app.session_record import Report
from ccpar_hybrid.app.snapshot import TaskState, TaskView
from ccpar_hybrid.core.outcome import Outcome
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.scheduler.base import JobState
from ccpar_hybrid.system.process import is_alive, is_stopped, processes
from tests.support.paths import make_home, private_environment
from tests.support.pueue_daemon import PueueDaemon
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

GROUP = "subissues"
SESSION = "claude-workers"
QUICK = {
    "CCPAR_AGENT_GRACE_S": "0.7",
    "CCPAR_AGENT_SETTLE_S": "0.4",
    "CCPAR_SESSION_ROWS": "30",
    "CCPAR_SESSION_COLUMNS": "120",
    "CCPAR_SUPERVISOR_RUN": "false",
    "CCPAR_APPROVER_RUN": "false",
}
"""Settings under which nobody waits long, and nothing is mended but by the test."""


class Instance:
    """Everything lies below `home`; `environment` leads every program there."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self.home = home
        self.environment = dict(environment)
        self.project = home / "project"
        self.project.mkdir()
        self.daemon = PueueDaemon(home, self.environment)
        self.tmux = TmuxServer(self.environment)
        self.app = App(self.environment)

    # --- what people do

    def setup(self, workers: int = 1, **groups: int) -> Report:
        """As `ccpar-hybrid setup`, by default with the agent `command`."""
        wanted = Wanted(SESSION, groups or {GROUP: workers}, layout="auto", agent="command")
        report = Sessions(self.app).setup(wanted)
        assert not report.silent, f"silent workers: {report.silent}"
        return report

    def add(self, prompt: str, **fields: object) -> TaskKey:
        """As `ccpar-hybrid add`; the fields of a JSON line."""
        request = parse_one({"prompt": prompt, **fields})
        return Enqueuer(self.app, str(self.project), SESSION).add([request])[0].task.key

    def cli(
        self, *words: str, code: int = 0, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the installed command; AssertionError with its words for another exit code."""
        done = self.run(sys.executable, "-P", "-m", "ccpar_hybrid", *words, input=input)
        assert done.returncode == code, f"{words}: {done.returncode} {done.stdout}{done.stderr}"
        return done

    def pueue(self, *words: str) -> str:
        """What plain `pueue` says."""
        return self.daemon.pueue(*words)

    def pueue_add(self, *words: str) -> int:
        """As a person adds by plain `pueue add`, in the project; the id."""
        return int(self.pueue("add", "-p", "-w", str(self.project), *words).strip())

    def run(self, *argv: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run any program in the project, with no terminal; it may fail."""
        return subprocess.run(
            argv,
            env=self.environment,
            cwd=self.project,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=120,
        )

    # --- what people see

    def view(self, task: TaskKey | int) -> TaskView:
        """The task by its key, or by Pueue's id."""
        views = snapshot.take(self.app).tasks
        return next(view for view in views if task in (view.key, view.pueue_id))

    def id(self, task: TaskKey | int) -> str:
        """Pueue's id as a word of a command."""
        return str(self.view(task).pueue_id)

    def wait_for(
        self, task: TaskKey | int, *states: TaskState, timeout_s: float = 15.0
    ) -> TaskView:
        """The task once it is in one of these states."""

        def look() -> bool:
            seen[:] = [self.view(task)]
            return seen[0].state in states

        seen: list[TaskView] = []
        try:
            wait_until(look, timeout_s=timeout_s)
            return seen[-1]
        except AssertionError:
            raise AssertionError(
                f"task {task} is not {'/'.join(states)} but {seen[0].state} "
                f"{seen[0].detail}; its log:\n"
                f"{self.log(task)}\nscreens:\n{self.screens()}"
            ) from None

    def outcome(self, task: TaskKey | int, timeout_s: float = 15.0) -> Outcome:
        """How it ended, once it has."""
        view = self.wait_for(task, *snapshot.ENDED_STATES, timeout_s=timeout_s)
        assert view.outcome is not None, f"{view.state} without an outcome"
        return view.outcome

    def settled(self, task: TaskKey | int) -> Outcome:
        """How it ended, once Pueue has seen the end as well (at its next tick)."""
        outcome = self.outcome(task)
        number = self.view(task).pueue_id
        wait_until(
            lambda: self.app.scheduler.snapshot().jobs[number or 0].state is JobState.ENDED,
            message=f"Pueue sees the end of {number}",
        )
        return outcome

    def attempts(self, task: TaskKey) -> int:
        """How often it was begun."""
        last = self.app.ledger.last_attempts([task]).get(task)
        return last.number if last else 0

    def log(self, task: TaskKey | int) -> str:
        """What Pueue keeps of its output."""
        number = self.view(task).pueue_id
        file = self.daemon.directory / "task_logs" / f"{number}.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def worker(self, name: str = "w1") -> WorkerStatus:
        """What the worker says of itself; AssertionError if it does not answer."""
        status = worker_client.status_of(self.app.paths, f"{SESSION}.{name}")
        assert status is not None, f"{name} does not answer"
        return status

    def workers(self) -> dict[str, WorkerStatus]:
        """All that answer, by name."""
        return {s.name: s for s in worker_client.statuses(self.app.paths).values()}

    def wait_idle(self, name: str = "w1") -> WorkerStatus:
        """The worker once it stands idle."""

        wait_until(
            lambda: name in (them := self.workers()) and them[name].state is WorkerState.IDLE,
            message=f"{name} is idle",
        )
        return self.worker(name)

    def pane(self, name: str = "w1") -> str:
        """The tmux id of a worker's pane (or of the `monitor`'s)."""
        view = Sessions(self.app)._server.find_session(SESSION)
        assert view is not None
        if name == "monitor":
            assert view.monitor
            return view.monitor.pane_id
        return view.workers[name].pane_id

    def screen(self, name: str = "w1") -> str:
        """What the worker's pane shows."""
        return self.tmux.tmux("capture-pane", "-p", "-t", self.pane(name))

    def screens(self) -> str:
        """What all panes of workers show, for messages."""
        return "\n".join(f"--- {name}\n{self.screen(name).strip()}" for name in self.workers())

    def border(self, name: str = "w1") -> tuple[str, str, str]:
        """Label, state and detail in the pane's border."""
        form = "#{@ccpar_label}\t#{@ccpar_state}\t#{@ccpar_detail}"
        said = self.tmux.tmux("display-message", "-p", "-t", self.pane(name), form)
        label, state, detail = said.rstrip("\n").split("\t")
        return label, state, detail

    def type(self, *keys: str, name: str = "w1") -> None:
        """Press keys in the worker's pane, by tmux's names."""
        self.tmux.tmux("send-keys", "-t", self.pane(name), *keys)

    # --- files and processes

    def file(self, name: str) -> Path:
        """A file of the project."""
        return self.project / name

    def wait_file(self, name: str, timeout_s: float = 15.0) -> str:
        """What a task has written into a file of the project, as soon as there is something."""
        path = self.file(name)
        try:
            wait_until(lambda: path.exists() and path.read_text(), timeout_s=timeout_s)
        except AssertionError:
            raise AssertionError(f"{name} is not written; screens:\n{self.screens()}") from None
        return path.read_text()

    def pids(self, text: str) -> list[int]:
        """Living processes of this instance in whose argv the text stands."""
        return [pid for pid in self.processes() if text in command_of(pid)]

    def processes(self) -> list[int]:
        """All living processes that have this instance's HOME."""
        mark = f"HOME={self.home}".encode()
        return [
            pid
            for pid in processes()
            if pid != os.getpid() and is_alive(pid) and mark in _variables_of(pid)
        ]

    def shim(self, task: TaskKey | int) -> int:
        """The pid of the task's only shim."""
        key = self.view(task).key
        (pid,) = self.pids(f"ccpar-task {key}")
        return pid

    def close(self) -> None:
        """End everything by its pid; AssertionError if something had to be killed."""
        self.app.close()
        self._end_supervisors()
        for name, status in self.workers().items():
            worker_client.ask(self.app.paths, f"{SESSION}.{name}", {"type": "stop"})
            _wait_gone(status.pid)
        self.tmux.close()
        self.daemon.stop()
        if (other := daemon.pid(self.app)) is not None:  # one that the supervisor has started
            os.kill(other, signal.SIGTERM)
            _wait_gone(other)
        self.end_all()

    def _end_supervisors(self) -> None:
        for pane in self._supervisor_panes():
            self.tmux.tmux("kill-pane", "-t", pane)
        for pid in self.pids("ccpar_hybrid supervisor"):
            _wait_gone(pid)

    def _supervisor_panes(self) -> list[str]:
        """With their panes, or tmux would start them again."""
        if not self.pids("ccpar_hybrid supervisor"):
            return []
        form = "#{?#{==:#{@ccpar_role},supervisor},#{pane_id},}"
        return [line for line in self.tmux.lines("list-panes", "-a", "-F", form) if line]

    def end_all(self) -> None:
        """Kill by pid what is left."""
        try:
            wait_until(lambda: not self.processes(), timeout_s=3)
        except AssertionError:
            left = {pid: command_of(pid) for pid in self.processes()}
            for pid in left:
                _kill(pid)
            raise AssertionError(f"left behind: {left}") from None


def command_of(pid: int) -> str:
    """Its argv with blanks between; empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def are_stopped(pids: list[int]) -> bool:
    """Whether there are such processes, and all are held stopped."""
    return bool(pids) and all(is_stopped(pid) for pid in pids)


def are_going(pids: list[int]) -> bool:
    """Whether all live and none is held stopped."""
    return all(is_alive(pid) and not is_stopped(pid) for pid in pids)


def are_gone(pids: list[int]) -> bool:
    """Whether none lives."""
    return not any(is_alive(pid) for pid in pids)


def _variables_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _wait_gone(pid: int) -> None:
    try:
        wait_until(lambda: not is_alive(pid), timeout_s=10)
    except AssertionError:
        _kill(pid)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def running_instance(home: Path | None = None, /, **variables: str) -> Iterator[Instance]:
    """An instance with its pueued, without a session yet; ended with all its processes."""
    home = home or make_home()
    environment = private_environment(home) | QUICK | variables
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    (home / "tmp").mkdir(mode=0o700)
    environment["TMPDIR"] = str(home / "tmp")
    instance = Instance(home, environment)
    try:
        instance.daemon.start()
        yield instance
    finally:
        try:
            instance.close()
        finally:
            shutil.rmtree(home, ignore_errors=True)


Ask = Callable[..., TaskKey]
