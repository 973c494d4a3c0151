"""The demo: six tasks for three workers, with everything as a user has it but in a home apart."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ccpar_hybrid.app import demonstration_agent, demonstration_task, snapshot
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.demonstration_agent import CLAUDE, INSTALL_HINT, Cast
from ccpar_hybrid.app.demonstration_home import DemoHome
from ccpar_hybrid.app.enqueue import Enqueuer
from ccpar_hybrid.app.session import Sessions, Wanted
from ccpar_hybrid.app.snapshot import TaskState, TaskView
from ccpar_hybrid.core.errors import CcparError, MissingPart, WaitTimedOut
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.scheduler import pueue_daemon
from ccpar_hybrid.system.process import run
from ccpar_hybrid.tmux.server import Server

WORKERS = 3
LIMIT_S = 1200.0
_LOOK_S = 0.2
_PROGRAMS = {"git": "install git", "bash": "install bash"}


class Step(StrEnum):
    """What a moment of the run is."""

    STARTED = "started"
    WAITING = "waiting"
    ENDED = "ended"


@dataclass(frozen=True)
class Moment:
    """Something that happened to a task, `at_s` seconds after the tasks were added."""

    at_s: float
    step: Step
    view: TaskView


def check(wanted: str | None, command: str, environment: Mapping[str, str]) -> None:
    """Raise MissingPart for a program that the demo cannot do without. Makes nothing."""
    Server(environment).version()
    pueue_daemon.client_version(environment)
    pueue_daemon.daemon_version(environment)
    for program, hint in _PROGRAMS.items():
        if not shutil.which(program, path=environment.get("PATH")):
            raise MissingPart(f"{program} is not on PATH", hint)
    if wanted == CLAUDE and not demonstration_agent.is_there(command, environment["PATH"]):
        raise MissingPart(f"Claude Code ({command}) is not installed", INSTALL_HINT)


class Demonstration:
    """One run. All its processes and files belong to `home`, whose `clear` ends it."""

    def __init__(
        self, home: DemoHome, wanted: str | None, command: str, caller: Mapping[str, str]
    ) -> None:
        self.home = home
        self.session = Settings().session.name
        base = home.environment(caller)
        script = home.root / "script.json"
        demonstration_task.write_project(home.project, base)
        demonstration_task.write_script(script, home.project)
        self.cast: Cast = demonstration_agent.choose(wanted, command, home, base, script)
        self.environment = {**base, **self.cast.environment}
        home.write_run(self.environment)
        self._tasks: list[Task] = []

    def start(self) -> None:
        """Build the session and add the tasks. Raises what `setup` and `add` raise."""
        with App(self.environment) as app:
            group = app.settings.session.group
            wanted = Wanted(self.session, {group: WORKERS}, agent=self.cast.agent)
            report = Sessions(app).setup(wanted)
            if report.silent:
                raise MissingPart(f"these workers did not start: {', '.join(report.silent)}")
            added = Enqueuer(app, str(self.home.project), self.session).add(
                demonstration_task.requests(self.home.project)
            )
        self._tasks = [each.task for each in added]

    def names(self, keys: Iterable[str]) -> list[str]:
        """The labels of tasks."""
        labels = {task.key: task.name for task in self._tasks}
        return [labels.get(TaskKey(key), key) for key in keys]

    def since_added_s(self, moment: datetime) -> float:
        """Seconds between the adding of the tasks and the moment."""
        return max(0.0, (moment - self._tasks[0].created_at).total_seconds())

    def last_line(self, view: TaskView) -> str:
        """The last thing that the task's job wrote; empty where that is not known any more."""
        with App(self.environment) as app, contextlib.suppress(CcparError):
            if view.pueue_id is not None:
                return (app.scheduler.log(view.pueue_id).strip().splitlines() or [""])[-1]
        return ""

    def leave_keys(self) -> str:
        """What leaves the session without ending it; the system's tmux.conf may say other keys."""
        done = run(("tmux", "show", "-gv", "prefix"), environment=self.environment, timeout_s=10)
        return f"{done.stdout.strip()} d"

    def attach(self) -> None:
        """Show the session in this terminal until the person leaves it."""
        # Not inside another tmux's variables: the demo's own server is to be seen.
        with App(self.environment) as app:
            argv = Server(app.environment).attach_argv(self.session)
        subprocess.Popen(argv, env=self.environment).wait()

    def watch(self, tell: Callable[[Moment], None]) -> list[TaskView]:
        """Tell what happens until all have ended; returns them in the order of their start."""
        deadline = time.monotonic() + LIMIT_S
        told: set[tuple[TaskKey, Step]] = set()
        with App(self.environment) as app:
            while True:
                views = snapshot.take(app, self._tasks).tasks
                for moment in self._news(views, told):
                    told.add((moment.view.key, moment.step))
                    tell(moment)
                if all(view.is_ended for view in views):
                    return sorted(views, key=self._start_order)
                self._check_goes_on(views, deadline)
                time.sleep(_LOOK_S)

    def _news(self, views: Iterable[TaskView], told: set[tuple[TaskKey, Step]]) -> list[Moment]:
        moments = [moment for view in views for moment in self._moments(view)]
        fresh = [moment for moment in moments if (moment.view.key, moment.step) not in told]
        return sorted(fresh, key=_order)

    def _moments(self, view: TaskView) -> Iterable[Moment]:
        if view.attempt:
            yield Moment(self.since_added_s(view.attempt.started_at), Step.STARTED, view)
        if view.state is TaskState.WAITING:
            yield Moment(self.since_added_s(datetime.now(UTC)), Step.WAITING, view)
        if view.is_ended:
            ended_at = view.outcome.ended_at if view.outcome else datetime.now(UTC)
            yield Moment(self.since_added_s(ended_at), Step.ENDED, view)

    def _start_order(self, view: TaskView) -> tuple[float, int]:
        start_s = self.since_added_s(view.attempt.started_at) if view.attempt else float("inf")
        return start_s // 1, -view.task.spec.priority

    @staticmethod
    def _check_goes_on(views: Iterable[TaskView], deadline: float) -> None:
        lost = next((view for view in views if view.state is TaskState.LOST), None)
        if lost is not None:
            raise CcparError(f"{lost.task.name} was lost: {lost.detail}", "`--keep` lets you look")
        if time.monotonic() > deadline:
            raise WaitTimedOut("the tasks did not end in time", "`--keep` lets you look")


def _order(moment: Moment) -> tuple[float, int, int]:
    """By the second; what begins together is told by priority, and after what made room for it."""
    return moment.at_s // 1, moment.step is Step.STARTED, -moment.view.task.spec.priority
