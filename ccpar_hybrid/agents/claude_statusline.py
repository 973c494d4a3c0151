"""Finds the status line command that a user has set up for Claude Code (2.1.197)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path


def users_command(environment: Mapping[str, str], directory: Path) -> str | None:
    """The command that would run without us: the project's local one, the project's, the user's."""
    for path in _settings_files(environment, directory):
        command = _command_in(path)
        if command is not None:
            return command
    return None


def _settings_files(environment: Mapping[str, str], directory: Path) -> Iterator[Path]:
    yield directory / ".claude" / "settings.local.json"
    yield directory / ".claude" / "settings.json"
    home = Path(environment.get("HOME") or "/nonexistent")
    yield Path(environment.get("CLAUDE_CONFIG_DIR") or home / ".claude") / "settings.json"


def _command_in(path: Path) -> str | None:
    try:
        line = json.loads(path.read_text(encoding="utf-8")).get("statusLine")
        command = line.get("command") if line.get("type") == "command" else None
    except (OSError, ValueError, AttributeError):
        return None
    return command if isinstance(command, str) and command else None
