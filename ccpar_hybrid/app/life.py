"""Which lives of the scheduler were seen, and until when: what tells a kill by a person from
the end of the scheduler itself.

A scheduler that is started again ends what it finds running; one that is shut down kills it. In
its record both look like a person's kill. But a person's kill is one that its scheduler outlived.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState, Life
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.paths import Paths, make_private

_KEPT = 16
_START_S = 0.1
"""A scheduler's start is told to about 0.01 s, and what it finds it ends within so long."""
_OUTLIVED_S = 2.0
"""A scheduler that is shut down kills its jobs, and is gone within so long."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seen(_Model):
    """A life, and when it was last known to go on (aware)."""

    life: Life
    at: datetime

    def had_begun(self, moment: datetime) -> bool:
        """Whether a job that started then was started in this life."""
        return moment > self.life.started_at + timedelta(seconds=_START_S)

    def outlived(self, moment: datetime) -> bool:
        """Whether it is known to have gone on well after that moment."""
        return moment < self.at - timedelta(seconds=_OUTLIVED_S)


class KilledBy(StrEnum):
    """Who ended a killed job. `UNSURE`: its scheduler may be about to end; ask again."""

    PERSON = "person"
    SCHEDULER = "scheduler"
    UNSURE = "unsure"


class Lives(_Model):
    """The lives that were seen, the newest last.

    `ordered`: the id of the one whose jobs were brought in order last, at `ordered_at`.
    """

    seen: tuple[Seen, ...] = ()
    ordered: str | None = None
    ordered_at: datetime | None = None

    def with_seen(self, life: Life, at: datetime) -> Lives:
        """This life goes on at that moment."""
        others = tuple(each for each in self.seen if each.life.id != life.id)
        return self.model_copy(update={"seen": (*others, Seen(life=life, at=at))[-_KEPT:]})

    def with_order(self, life: Life) -> Lives:
        """This life's jobs are in order."""
        return self.model_copy(update={"ordered": life.id, "ordered_at": datetime.now(UTC)})

    def killed_by(self, job: Job, now: Life | None) -> KilledBy:
        """Who ended this job; `now` is the life that goes on.

        Where nobody can tell, it was the scheduler: a task that runs once more is not lost.
        """
        if job.started_at is None or job.ended_at is None:
            return KilledBy.SCHEDULER
        mine = [each for each in self.seen if each.had_begun(job.started_at)]
        if any(each.outlived(job.ended_at) for each in mine):
            return KilledBy.PERSON
        if now is not None and any(each.life.id == now.id for each in mine):
            return KilledBy.UNSURE
        return KilledBy.SCHEDULER


def was_killed(job: Job) -> bool:
    """Whether the scheduler calls its end a kill."""
    return job.state is JobState.ENDED and job.end is JobEnd.KILLED


def load(paths: Paths) -> Lives:
    """What was noted; nothing where the note is missing or damaged."""
    try:
        return Lives.model_validate_json(_file(paths).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Lives()


def save(paths: Paths, lives: Lives) -> None:
    """Note it. Not forced to the disk: after a power cut another life has begun anyway."""
    make_private(paths.state)
    write_private(_file(paths), lives.model_dump_json(), durable=False)


def _file(paths: Paths) -> Path:
    return Path(paths.state, "scheduler.json")
