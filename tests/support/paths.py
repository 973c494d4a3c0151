"""Private places for tests, and the programs that they need."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

ISOLATED = (
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "TMUX_TMPDIR",
    "PUEUE_CONFIG_PATH",
    "CLAUDE_CONFIG_DIR",
)
"""Variables that lead a program to the files of its user."""
FORBIDDEN = ("TMUX", "TMUX_PANE")
"""Variables that would lead a test into the terminal that it was started from."""


def make_home() -> Path:
    """A new private directory whose path is short enough for Unix sockets below it."""
    return Path(tempfile.mkdtemp(prefix="cc-", dir="/tmp"))


def isolation(home: Path) -> dict[str, str]:
    """Values for ISOLATED that all lie below `home`; makes the directories that must exist."""
    for name in ("run", "tmux"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "TMUX_TMPDIR": str(home / "tmux"),
        "PUEUE_CONFIG_PATH": str(home / "pueue.yml"),
        "CLAUDE_CONFIG_DIR": str(home / "claude"),
    }


def private_environment(home: Path) -> dict[str, str]:
    """A whole environment for a program under test; nothing of the caller's but PATH."""
    return {
        **isolation(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "USER": os.environ.get("USER", "tester"),
        "SHELL": "/bin/sh",
    }


def require_program(name: str) -> str:
    """The program's path; without it the test is skipped here and fails in CI."""
    found = shutil.which(name)
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not on PATH, and CI must have it")
    pytest.skip(f"{name} is not on PATH")


def watched_names(home: Path) -> dict[Path, frozenset[str] | None]:
    """What lies in the directories of the real user that no test may touch; None: not there.

    Names and not times, for the user's own programs go on working while tests run.
    """
    watched = [
        *(
            home / below / name
            for below in (".config", ".local/state", ".local/share", ".cache")
            for name in ("ccpar-hybrid", "pueue")
        ),
        home / ".claude",
        Path(f"/tmp/tmux-{os.getuid()}"),
    ]
    return {path: _names(path) for path in watched}


def _names(path: Path) -> frozenset[str] | None:
    try:
        return frozenset(entry.name for entry in path.iterdir())
    except OSError:
        return None
