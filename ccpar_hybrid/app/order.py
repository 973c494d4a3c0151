"""Whether the scheduler is in order now, for views: what a recovery would find, without acting."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property

from ccpar_hybrid.app import add_lock, life
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.life import KilledBy, Lives
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, Life


class Order:
    """Of one moment, in which the scheduler has answered; read when it is first asked for."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._now = datetime.now(UTC)

    def killed_by(self, job: Job) -> KilledBy:
        """Who has ended a killed job."""
        return self._lives.killed_by(job, self._life)

    def is_on_its_way(self, key: TaskKey) -> bool:
        """Whether a living process is bringing the task to the scheduler."""
        return key in self._under_way

    @cached_property
    def is_kept(self) -> bool:
        """Whether this life of the scheduler was brought in order since it began."""
        return self._life is not None and self._lives.ordered == self._life.id

    @cached_property
    def _under_way(self) -> set[TaskKey]:
        return add_lock.under_way(self._app.paths)

    @cached_property
    def _life(self) -> Life | None:
        try:
            return self._app.scheduler.life()
        except CcparError:
            return None

    @cached_property
    def _lives(self) -> Lives:
        noted = life.load(self._app.paths)
        return noted if self._life is None else noted.with_seen(self._life, self._now)
