"""Whose a pane is: the attempt that runs in it now, as its worker and the ledger say."""

from __future__ import annotations

from dataclasses import dataclass

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.approval.watch import Sight
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.worker.station import worker_id


@dataclass(frozen=True)
class Owner:
    """An attempt that runs in a pane; `agent` is its name. `takes_keys`: it is not stopped."""

    key: TaskKey
    attempt: int
    agent: str
    group: str
    worker: str
    pane_id: str
    session_id: str | None
    directory: str
    takes_keys: bool

    def is_same_attempt(self, other: Owner) -> bool:
        """Whether both are one attempt, in one pane."""
        return (self.key, self.attempt, self.pane_id) == (other.key, other.attempt, other.pane_id)


def owner_of(paths: Paths, ledger: Ledger, sight: Sight) -> Owner | None:
    """None where no attempt runs there, or it is not surely known which; blocks."""
    status = worker_client.status_of(paths, worker_id(sight.session, sight.worker))
    if status is None or status.key is None or status.attempt is None:
        return None
    if status.pane != sight.pane.pane_id or status.pid != sight.pane.pid:
        return None
    if status.state is WorkerState.STOPPING:
        return None
    task = ledger.task(status.key)
    attempt = ledger.last_attempts([status.key]).get(status.key)
    if task is None or attempt is None:
        return None
    if attempt.number != status.attempt or attempt.outcome is not None:
        return None
    return Owner(
        key=status.key,
        attempt=attempt.number,
        agent=task.spec.agent,
        group=task.spec.group,
        worker=status.name,
        pane_id=status.pane,
        session_id=attempt.session_id,
        directory=task.spec.directory,
        takes_keys=status.state not in (WorkerState.PAUSED, WorkerState.UNKNOWN),
    )
