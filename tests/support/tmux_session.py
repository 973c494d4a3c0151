"""Specifications of sessions whose programs only wait."""

from __future__ import annotations

from collections.abc import Sequence

from ccpar_hybrid.tmux.builder import SessionSpec
from ccpar_hybrid.tmux.geometry import DEFAULT_SIZE, Size
from ccpar_hybrid.tmux.layout_file import choose
from ccpar_hybrid.tmux.plan import WorkerSlot, plan

SESSION = "claude-workers"
INSTANCE = "0123456789ab"


def slots(count: int, groups: Sequence[str] = ("g",), *, first: int = 1) -> list[WorkerSlot]:
    """Workers w1, w2, … with their groups in turn."""
    return [WorkerSlot(f"w{n}", groups[n % len(groups)]) for n in range(first, first + count)]


def waiting_program(worker: WorkerSlot) -> tuple[str, ...]:
    """A program that prints the worker's name and what it was told, and waits."""
    script = 'echo "I am $1 of $CCPAR_SESSION with $CCPAR_ENVIRONMENT_FILE"; exec cat'
    return ("sh", "-c", script, "sh", worker.name)


def session_spec(
    count: int,
    layout: str = "auto",
    *,
    groups: Sequence[str] = ("g",),
    instance: str = INSTANCE,
    size: Size = DEFAULT_SIZE,
) -> SessionSpec:
    """A session of that many workers."""
    return SessionSpec(
        name=SESSION,
        instance=instance,
        plan=plan(choose(layout, "/nowhere", count), slots(count, groups), size),
        monitor_argv=("sh", "-c", "echo monitor here; exec cat"),
        worker_argv=waiting_program,
        environment_file="/nowhere/environment",
    )
