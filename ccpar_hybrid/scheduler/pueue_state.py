"""Pueue's state as it lies on the disk (Pueue 4.0.4: one JSON, written whole at each change)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ccpar_hybrid.scheduler.base import QueueSnapshot
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_status import UnknownState, read_state


def state_file(environment: Mapping[str, str]) -> Path:
    """Where the daemon that this environment leads to keeps its state."""
    return read_config(environment).directory / "state.json"


def is_whole(text: str) -> bool:
    """Whether a daemon that starts would take this text for its state, as far as can be told."""
    try:
        state = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(state, dict) and all(
        isinstance(state.get(part), dict) for part in ("tasks", "groups")
    )


def read_text(text: str) -> QueueSnapshot | None:
    """The jobs and groups in it; None if it is not whole, or of another version."""
    if not is_whole(text):
        return None
    try:
        return read_state(json.loads(text))
    except UnknownState:
        return None


def daemon_pid(environment: Mapping[str, str]) -> int | None:
    """The pid that the last daemon noted and did not take back; it may be dead."""
    try:
        return int(read_config(environment).pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
