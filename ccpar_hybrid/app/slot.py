"""Which workers a session has: how many, and their names."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ccpar_hybrid.app.session_record import SessionRecord
from ccpar_hybrid.system.machine import available_memory_bytes
from ccpar_hybrid.tmux.plan import WorkerSlot

DEFAULT_LIMIT = 8
AGENT_MEMORY_BYTES = 700 << 20
"""What one agent at work is reckoned to need when the number of workers is left to us."""


def default_workers() -> int:
    """As many as memory and cores carry, at most DEFAULT_LIMIT."""
    by_memory = (available_memory_bytes() or AGENT_MEMORY_BYTES) // AGENT_MEMORY_BYTES
    return max(1, min(DEFAULT_LIMIT, by_memory, 2 * (os.cpu_count() or 1)))


def slots(groups: dict[str, int]) -> list[WorkerSlot]:
    """The workers by name: `w1`, `w2`…, with the group's name in front where there are several."""
    if len(groups) == 1:
        ((group, count),) = groups.items()
        return [WorkerSlot(f"w{number}", group) for number in range(1, count + 1)]
    prefixes = _prefixes(groups)
    return [
        WorkerSlot(f"{prefixes[group]}-{number}", group)
        for group, count in groups.items()
        for number in range(1, count + 1)
    ]


def wanted_slots(record: SessionRecord) -> list[WorkerSlot]:
    """The workers that a session shall have now: without those that were sent away."""
    return [slot for slot in slots(record.groups) if slot.name not in record.drained]


def _prefixes(groups: Iterable[str]) -> dict[str, str]:
    """A short name for each group that tmux and file names can carry."""
    found: dict[str, str] = {}
    for group in groups:
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in group).strip("-")
        stem, number = plain[:20].strip("-") or "group", 2
        name = stem
        while name in found.values():
            name, number = f"{stem}{number}", number + 1
        found[group] = name
    return found
