"""`add`: turns requests into tasks of the ledger and jobs of the scheduler, all or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ccpar_hybrid.app import delay, launcher
from ccpar_hybrid.app.add_lock import adding
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.reference import References
from ccpar_hybrid.app.request import TaskRequest
from ccpar_hybrid.core import amount
from ccpar_hybrid.core.errors import BadInput, CcparError, MissingPart, NotFound
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec, new_key
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.scheduler.base import JobState, QueueSnapshot, Submission
from ccpar_hybrid.system.fault import reach

PUEUE_LABEL_WIDTH = 60


@dataclass(frozen=True)
class Added:
    """A task that was queued.

    `group_is_paused`: it will not start until the group does; `by_stop`: `setup` starts it.
    """

    task: Task
    pueue_id: int
    group_is_paused: bool
    by_stop: bool


@dataclass(frozen=True)
class _Draft:
    """A request whose names are resolved. `inside`: places in this call that it waits for."""

    request: TaskRequest
    key: TaskKey
    inside: tuple[int, ...]
    outside: tuple[Task, ...]


class Enqueuer:
    """Adds tasks from one directory, for one session's defaults."""

    def __init__(self, app: App, directory: str, session: str) -> None:
        self._app = app
        self._directory = directory
        self._session = session
        self._queue = app.scheduler.snapshot()
        self._references = References(app, self._queue)
        self._agents_checked: set[str] = set()

    def add(self, requests: Sequence[TaskRequest]) -> list[Added]:
        """Queue all or none. Raises BadInput, NotFound, MissingPart; nothing is left then."""
        drafts = self._drafts(requests)
        order = _in_order(drafts)
        tasks = []
        for number, draft in enumerate(drafts, 1):
            with _told_of(draft.request, number if len(drafts) > 1 else None):
                tasks.append(self._task(draft, drafts))
        submissions = self._submissions(drafts, tasks, order)
        launcher.install(self._app.paths, self._app.environment)
        by_key = self._bring(tasks, submissions)
        record = self._app.session_record(self._session)
        stopped = record.paused if record else ()
        groups = self._queue.groups
        return [
            Added(
                task,
                by_key[task.key],
                group_is_paused=groups[task.spec.group].paused,
                by_stop=task.spec.group in stopped,
            )
            for task in tasks
        ]

    def _bring(
        self, tasks: Sequence[Task], submissions: Sequence[Submission]
    ) -> dict[TaskKey, int]:
        """Into the ledger, then the scheduler; a recovery completes what is cut off between."""
        ledger = self._app.ledger
        keys = [each.key for each in submissions]
        with adding(self._app.paths, keys):
            ledger.add(tasks)
            reach("add.kept")
            try:
                ids = self._app.scheduler.submit(submissions)
            except BaseException:
                ledger.forget(keys)
                raise
            by_key = dict(zip(keys, ids, strict=True))
            reach("add.queued")
            ledger.submitted(by_key)
        reach("add.noted")
        return by_key

    # --- names

    def _drafts(self, requests: Sequence[TaskRequest]) -> list[_Draft]:
        places: dict[str, int] = {}
        for place, request in enumerate(requests):
            if request.label is not None and places.setdefault(request.label, place) != place:
                raise BadInput(
                    f"label {visible(request.label, 60)!r} is given twice in this call",
                    "labels of one call differ",
                )
        drafts = []
        for number, request in enumerate(requests, 1):
            with _told_of(request, number if len(requests) > 1 else None):
                drafts.append(self._draft(request, places))
        return drafts

    def _draft(self, request: TaskRequest, places: dict[str, int]) -> _Draft:
        inside = tuple(places[name] for name in request.after if name in places)
        outside = tuple(self._before(name) for name in request.after if name not in places)
        return _Draft(request, new_key(), inside, tuple(t for t in outside if t is not None))

    def _before(self, name: str) -> Task | None:
        """The task that is to be waited for; None if it has succeeded already."""
        task = self._references.resolve(name)
        outcome = self._app.ledger.outcome(task.key)
        if outcome is None:
            return task
        if outcome.result is Result.SUCCEEDED:
            return None
        raise BadInput(
            f"--after {visible(name, 60)}: that task has {outcome.result}",
            f"restart it first: ccpar-hybrid restart {task.key}",
        )

    # --- checks

    def _task(self, draft: _Draft, drafts: Sequence[_Draft]) -> Task:
        request = draft.request
        now = datetime.now().astimezone()
        after = (*(drafts[place].key for place in draft.inside), *(t.key for t in draft.outside))
        agent = request.agent or self._app.default_agent(self._session)
        spec = TaskSpec(
            prompt=request.prompt,
            directory=self._existing_directory(request.dir),
            group=self._existing_group(request.group),
            label=request.label,
            priority=request.priority,
            after=after,
            not_before=delay.not_before(request.delay, now) if request.delay else None,
            agent=agent,
            model=request.model,
            permission_mode=request.permission_mode,
            allowed_tools=request.allowed_tools,
            context=tuple(self._existing_file(path) for path in request.context),
            environment=self._checked_variables(request.env),
            timeout_s=_span_s("timeout", request.timeout),
            retries=request.retries,
            backoff_s=_span_s("backoff", request.backoff, least_s=0.0),
            idle_s=_span_s("idle", request.idle),
            on_limit=request.on_limit,
            ignore_reserve=request.ignore_reserve,
            memory_mib=amount.mebibytes(request.memory) if request.memory else None,
            cpus=None if request.cpus is None else amount.cores(request.cpus),
        )
        self._check_agent(agent, spec)
        return Task(key=draft.key, spec=spec, source=TaskSource.ADDED, created_at=datetime.now(UTC))

    def _existing_directory(self, name: str | None) -> str:
        path = Path(self._directory, name or "").absolute()
        if not path.is_dir():
            raise BadInput(f"{visible(str(path), 200)} is not a directory", "give one that exists")
        return str(path)

    def _existing_group(self, name: str | None) -> str:
        record = self._app.session_record(self._session)
        default = next(iter(record.groups)) if record else self._app.settings.session.group
        group = name or default
        if group not in self._queue.groups:
            known = ", ".join(sorted(self._queue.groups))
            raise NotFound(
                f"there is no group {visible(group, 60)!r}",
                f"known are {known}; `ccpar-hybrid setup --group NAME=WORKERS` makes one",
            )
        return group

    def _existing_file(self, name: str) -> str:
        path = Path(self._directory, name).absolute()
        if not path.exists():
            raise BadInput(f"there is no context file {visible(str(path), 200)}", "it must exist")
        return str(path)

    def _checked_variables(self, variables: dict[str, str]) -> dict[str, str]:
        for name in variables:
            if "=" in name or not name.isprintable() or " " in name:
                raise BadInput(
                    f"{visible(name, 60)!r} is no variable's name",
                    "one without =, blanks and control characters is accepted",
                )
        return dict(variables)

    def _check_agent(self, name: str, spec: TaskSpec) -> None:
        agent = self._app.agents.get(name)
        if agent is None:
            known = ", ".join(self._app.agents)
            raise BadInput(f"there is no agent {visible(name, 60)!r}", f"known are {known}")
        if name not in self._agents_checked and not spec.environment.get("PATH"):
            self._agents_checked.add(name)
            if trouble := agent.missing(self._app.agents_environment(self._session)):
                raise MissingPart(trouble, "or use another agent: --agent")

    # --- the scheduler

    def _submissions(
        self, drafts: Sequence[_Draft], tasks: Sequence[Task], order: Sequence[int]
    ) -> list[Submission]:
        position = {place: number for number, place in enumerate(order)}
        return [self._submission(drafts[place], tasks[place].spec, position) for place in order]

    def _submission(self, draft: _Draft, spec: TaskSpec, position: dict[int, int]) -> Submission:
        jobs = (_job_of(self._queue, task) for task in draft.outside)
        return Submission(
            key=draft.key,
            group=spec.group,
            directory=spec.directory,
            label=visible(spec.label, PUEUE_LABEL_WIDTH) if spec.label else None,
            priority=spec.priority,
            after=tuple(jobs),
            after_batch=tuple(position[place] for place in draft.inside),
            not_before=spec.not_before,
        )


def _job_of(queue: QueueSnapshot, task: Task) -> int:
    job = queue.of_key(task.key)
    if job is None or job.state is JobState.ENDED:
        raise NotFound(
            f"task {task.name} has no outcome and is not in the queue",
            f"restart it first: ccpar-hybrid restart {task.key}",
        )
    return job.id


def _in_order(drafts: Sequence[_Draft]) -> list[int]:
    """Places so that each comes after all that it waits for, else as given."""
    sorter = TopologicalSorter({place: draft.inside for place, draft in enumerate(drafts)})
    try:
        sorter.prepare()
    except CycleError as error:
        names = " → ".join(_name(drafts[place]) for place in reversed(error.args[1]))
        raise BadInput(f"tasks wait for each other: {names}", "`after` may not lead back") from None
    order: list[int] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


@contextlib.contextmanager
def _told_of(request: TaskRequest, number: int | None) -> Iterator[None]:
    """An error in here says which of several tasks it is about."""
    try:
        yield
    except CcparError as error:
        if number is not None:
            label = f" ({visible(request.label, 60)})" if request.label else ""
            error.message = f"task {number}{label}: {error.message}"
        raise


def _name(draft: _Draft) -> str:
    return visible(draft.request.label or draft.key, 60)


def _span_s(name: str, given: str | float | None, least_s: float | None = None) -> float | None:
    """The span in seconds: at least `least_s`, or where that is None, more than 0."""
    if given is None:
        return None
    span_s = float(given) if isinstance(given, int | float) else delay.seconds(given)
    if span_s == float("inf") or span_s < (least_s or 0) or (least_s is None and span_s == 0):
        accepted = "0 seconds or more" if least_s is not None else "more than 0 seconds"
        raise BadInput(f"{name} {given}", f"{accepted} is accepted")
    return span_s
