"""What was recorded of the real Claude Code (tests/data/claude)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ccpar_hybrid.agents.base import Observation
from ccpar_hybrid.agents.claude_hook import observe

DATA = Path(__file__).parents[2] / "data" / "claude"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SESSION = "11111111-2222-4333-8444-555555555555"


def events(scene: str, name: str | None = None) -> list[dict[str, Any]]:
    """The hook events of a scene in their order, all or those of one name."""
    text = (DATA / "hooks" / f"{scene}.jsonl").read_text()
    found = [json.loads(line) for line in text.splitlines()]
    return [event for event in found if name in (None, event["hook_event_name"])]


def seen(scene: str, name: str) -> Observation:
    """What the last event of that name says."""
    observation = observe(events(scene, name)[-1], NOW)
    assert observation is not None
    return observation


def transcript(scene: str) -> Path:
    """The session's file."""
    return DATA / "transcripts" / scene / f"{SESSION}.jsonl"
