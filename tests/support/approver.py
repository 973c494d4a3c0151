"""What people and tests do with a running approver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ccpar_hybrid.core.decision import Approval
from ccpar_hybrid.system.files import lock_holder
from ccpar_hybrid.worker import wire
from tests.support.instance import Instance
from tests.support.waiting import wait_until

LONG_S = 40.0


def write_policy(instance: Instance, text: str) -> None:
    """The user's policy."""
    config = Path(instance.app.paths.config)
    config.mkdir(parents=True, exist_ok=True, mode=0o700)
    (config / "policy.toml").write_text(text, encoding="utf-8")


def approver_pid(instance: Instance) -> int:
    """The living approver, once it listens."""
    paths = instance.app.paths
    wait_until(lambda: _answers(instance), timeout_s=LONG_S, message="an approver runs")
    return lock_holder(paths.approver_lock) or 0


def _answers(instance: Instance) -> bool:
    try:
        return tell(instance, "status").get("type") == "status"
    except OSError:
        return False


def tell(instance: Instance, type: str, **fields: Any) -> dict[str, Any]:
    """One message to the approver, and its answer."""
    with wire.Link.connect(instance.app.paths.approver, 20.0) as link:
        link.send({"type": type, **fields})
        return link.receive() or {}


def approvals(instance: Instance) -> list[Approval]:
    """All that the ledger holds, the oldest first."""
    return instance.app.ledger.approvals.history()[::-1]


def wait_open(instance: Instance) -> Approval:
    """The one request that a person is asked for."""
    found: list[Approval] = []

    def look() -> bool:
        found[:] = [each for each in instance.app.ledger.approvals.standing() if each.is_open]
        return len(found) == 1

    wait_until(look, timeout_s=LONG_S, message=f"one open request, {instance.screens()}")
    return found[0]


def wait_ended(instance: Instance, request_id: str) -> Approval:
    """The request once its end is noted."""
    book = instance.app.ledger.approvals
    found: list[Approval | None] = []

    def look() -> bool:
        found[:] = [book.find(request_id)]
        return bool(found[0] and found[0].end)

    wait_until(look, timeout_s=LONG_S, message=f"the end of {request_id}")
    assert found[0]
    return found[0]
