"""Finds the task that a person means: by Pueue id, label or key (or `id:3`, `label:x`)."""

from __future__ import annotations

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.snapshot import queue_or_trouble, task_of
from ccpar_hybrid.core.errors import BadInput, MissingPart, NotFound
from ccpar_hybrid.core.task import Task, TaskKey, is_key
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.scheduler.base import QueueSnapshot

_WAYS = ("id", "label", "key")


class References:
    """Resolves names against the ledger and one snapshot of the queue."""

    def __init__(self, app: App, queue: QueueSnapshot, trouble: str | None = None) -> None:
        """`trouble`: why the queue could not be read; Pueue's ids are then refused."""
        self._ledger = app.ledger
        self._queue = queue
        self._trouble = trouble

    @classmethod
    def now(cls, app: App) -> References:
        """Against the queue as it is; labels and keys resolve without one as well."""
        return cls(app, *queue_or_trouble(app))

    def resolve(self, name: str) -> Task:
        """The one task of that name; raises NotFound, or BadInput where several could be meant.

        Of several tasks with one label the one that is not settled is meant, else the newest.
        """
        way, separator, rest = name.partition(":")
        if separator and way in _WAYS:
            found = self._by(way, rest)
        else:
            found = [task for way in _WAYS for task in self._by(way, name)]
        distinct = {task.key: task for task in found}
        if not distinct and self._trouble is not None and _is_number(rest or name):
            raise MissingPart(
                self._trouble, "give the label or the key, or start pueued: ccpar-hybrid setup"
            )
        if not distinct:
            raise NotFound(
                f"there is no task {visible(name, 60)!r}",
                "a Pueue id, a label or a key is accepted; see `ccpar-hybrid list`",
            )
        if len(distinct) > 1:
            keys = ", ".join(distinct)
            raise BadInput(
                f"{visible(name, 60)!r} names {len(distinct)} tasks: {keys}",
                "give the key, or id:N or label:NAME",
            )
        return next(iter(distinct.values()))

    def _by(self, way: str, name: str) -> list[Task]:
        if way == "id":
            return self._by_id(name)
        if way == "key":
            task = self._ledger.task(TaskKey(name)) if is_key(name) else None
            return [task] if task else []
        return self._by_label(name)

    def _by_id(self, name: str) -> list[Task]:
        job = self._queue.jobs.get(int(name)) if _is_number(name) else None
        if job is None:
            return []
        key = job.task
        task = self._ledger.task(key) if key else None
        if task is None and job.by_hand:
            return [task_of(job)]
        return [task] if task else []

    def _by_label(self, name: str) -> list[Task]:
        same = self._ledger.with_label(name)
        settled = self._ledger.outcomes([task.key for task in same])
        unsettled = [task for task in same if task.key not in settled]
        if unsettled:
            return unsettled
        strangers = self._strangers(name, {task.key for task in same})
        newest = max([*same, *strangers], key=lambda task: task.created_at, default=None)
        return [newest] if newest else []

    def _strangers(self, label: str, known: set[TaskKey]) -> list[Task]:
        """Tasks that people queued with plain Pueue and that no worker has seen yet."""
        return [
            task_of(job)
            for job in self._queue.jobs.values()
            if job.by_hand and job.label == label and job.task not in known
        ]


def _is_number(text: str) -> bool:
    return len(text) < 20 and text.isascii() and text.isdigit()
