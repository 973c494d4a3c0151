"""What a recovery has done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.core.task import TaskKey


@dataclass(frozen=True)
class Recovered:
    """What was done.

    `again`: tasks that the scheduler's end had cut off, queued again. `returned`: tasks that it
    knew no more, queued again from the ledger. `completed`: tasks whose `add` had been cut off.
    `settled`: tasks that got the outcome that only the scheduler knew. `made`: groups that were
    missing; `groups`: those started again that the scheduler had paused by itself. `state_lost`:
    it had started without the jobs that it had before; `damaged`: where its unreadable state lies.
    """

    again: tuple[TaskKey, ...] = ()
    returned: tuple[TaskKey, ...] = ()
    completed: tuple[TaskKey, ...] = ()
    settled: tuple[TaskKey, ...] = ()
    made: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    state_lost: bool = False
    damaged: Path | None = None

    @property
    def tasks(self) -> tuple[TaskKey, ...]:
        """All tasks that are queued again."""
        return (*self.again, *self.returned, *self.completed)

    @property
    def is_nothing(self) -> bool:
        """Whether all was in order."""
        return self == Recovered()

    def with_more(self, other: Recovered) -> Recovered:
        """Both as one: what two passes have done."""
        return Recovered(
            again=(*self.again, *other.again),
            returned=(*self.returned, *other.returned),
            completed=(*self.completed, *other.completed),
            settled=(*self.settled, *other.settled),
            made=(*self.made, *other.made),
            groups=(*self.groups, *other.groups),
            state_lost=self.state_lost or other.state_lost,
            damaged=self.damaged or other.damaged,
        )

    @property
    def lines(self) -> list[str]:
        """What was done, for people."""
        return [line for line in self._lines() if line]

    def _lines(self) -> Iterator[str]:
        if self.state_lost:
            yield "Pueue had started without the tasks that it had before"
        if self.damaged:
            yield f"Pueue's state was damaged; it is kept in {self.damaged}"
        if self.again:
            yield f"Pueue had died: queued {_tasks(self.again)} again that it had cut off"
        if self.returned:
            yield f"Pueue had forgotten {_tasks(self.returned)}: queued again from the ledger"
        if self.completed:
            yield f"an `add` was cut off: queued its {_tasks(self.completed)}"
        if self.settled:
            yield f"recorded the end of {_tasks(self.settled)} that only Pueue knew"
        if self.made:
            yield f"made again: {', '.join(self.made)} (groups)"
        if self.groups:
            yield f"started again: {', '.join(self.groups)} (groups)"


def _tasks(keys: tuple[TaskKey, ...]) -> str:
    return f"{len(keys)} task{'' if len(keys) == 1 else 's'}"
