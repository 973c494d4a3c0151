"""What the programs of a session's windows share: options, environment, and a line that is said."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime

from ccpar_hybrid.app.assembly import pane_environment
from ccpar_hybrid.core.text import visible

_WIDTH = 400


def window_parser(program: str, description: str) -> argparse.ArgumentParser:
    """The options of `ccpar-hybrid PROGRAM`: `session`, and `environment`, a file of `setup`'s."""
    parser = argparse.ArgumentParser(prog=f"ccpar-hybrid {program}", description=description)
    parser.add_argument("--session", help="which session (default: claude-workers)")
    parser.add_argument("--environment", metavar="FILE", help=argparse.SUPPRESS)
    return parser


def take_environment(file: str | None) -> None:
    """Make a saved environment this process's own; None leaves it as it is. MissingPart."""
    if file:
        environment = pane_environment(file)
        os.environ.clear()
        os.environ.update(environment)


def say(text: str) -> None:
    """Print one line with the time of day, without what could steer a terminal."""
    sys.stdout.write(f"{datetime.now(UTC).astimezone():%H:%M:%S}  {visible(text, _WIDTH)}\n")
    sys.stdout.flush()


def ring() -> None:
    """Ring the terminal's bell: tmux marks the window, and passes it on to who is attached."""
    sys.stdout.write("\a")
    sys.stdout.flush()
