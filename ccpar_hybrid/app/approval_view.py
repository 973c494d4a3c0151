"""Requests of agents as people see them: found by a short id, with their tasks' names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.decision import Approval
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.ledger.approval import Sieve

SHORT = 8
"""So many characters of an id are shown; any that name one request are accepted."""


@dataclass(frozen=True)
class ApprovalView:
    """An approval with its task; `task` None: the ledger has lost it."""

    approval: Approval
    task: Task | None

    @property
    def task_name(self) -> str:
        """The task's label, else its key."""
        return self.task.name if self.task else self.approval.request.key

    @property
    def directory(self) -> str:
        """The task's directory; of a lost one the folder that its agent stood in."""
        return self.task.spec.directory if self.task else self.approval.request.directory


def resolve(app: App, name: str) -> ApprovalView:
    """The one request whose id begins so; raises NotFound, or BadInput where several do."""
    found = app.ledger.approvals.beginning(name, limit=10)
    exact = [each for each in found if each.id == name]
    if not found:
        raise NotFound(
            f"there is no request {visible(name, 60)!r}", "see `ccpar-hybrid approvals list`"
        )
    if len(found) > 1 and not exact:
        ids = ", ".join(each.id[: len(name) + 4] for each in found)
        raise BadInput(f"{name!r} names several requests: {ids}", "give more of the id")
    return views(app, exact or found)[0]


def views(app: App, approvals: Iterable[Approval]) -> list[ApprovalView]:
    """The same, with their tasks."""
    asked = list(approvals)
    tasks = {task.key: task for task in app.ledger.tasks(keys={each.request.key for each in asked})}
    return [ApprovalView(each, tasks.get(each.request.key)) for each in asked]


def open_requests(app: App) -> list[ApprovalView]:
    """Those that wait for a person, the oldest first."""
    return views(app, (each for each in app.ledger.approvals.standing() if each.is_open))


class Watch:
    """What happens to requests from now on; those that stand already count as new."""

    def __init__(self, app: App, now: datetime) -> None:
        self._app = app
        self._since = now
        self._known: dict[str, Approval] = {}

    def look(self) -> Iterator[ApprovalView]:
        """Each request that is new, or of which something new is known, in order."""
        book = self._app.ledger.approvals
        seen = [*book.standing(), *reversed(book.history(Sieve(since=self._since)))]
        gone = [i for i, known in self._known.items() if known.end is None]
        for request_id in set(gone) - {each.id for each in seen}:
            seen += filter(None, [book.find(request_id)])
        changed = {each.id: each for each in seen if self._known.get(each.id) != each}
        self._known |= changed
        if changed:
            self._since = max(self._since, *(each.request.asked_at for each in changed.values()))
        yield from views(self._app, changed.values())
