"""`ccpar-hybrid supervisor`: a window of a session, in which it says what it saw and did."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from ccpar_hybrid.app.assembly import App, pane_environment
from ccpar_hybrid.app.supervision import Supervision
from ccpar_hybrid.core.errors import ExitCode
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.supervisor.wake import Wake
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.system.paths import make_private

_LOCK_WAIT_S = 2.0
_WIDTH = 400


def main(arguments: Sequence[str]) -> int:
    """Look after the session until it is gone or a signal comes; Refused if another does."""
    options = _parser().parse_args(list(arguments))
    if options.environment:
        environment = pane_environment(options.environment)
        os.environ.clear()
        os.environ.update(environment)
    with App(os.environ) as app:
        session = options.session or app.settings.session.name
        lock = app.paths.supervisor(session)
        make_private(app.paths.runtime)
        make_private(os.path.dirname(lock))  # noqa: PTH120 - a text like all of Paths
        with file_lock(lock, wait_s=_LOCK_WAIT_S), Wake() as wake:
            _serve(Supervision(app, session, say), wake, lock)
    return ExitCode.OK


def _serve(supervision: Supervision, wake: Wake, lock: str) -> None:
    say("looking after the session")
    while not wake.leaving:
        os.utime(lock)
        pause_s = supervision.look()
        if pause_s is None:
            say("the session is gone")
            return
        wake.watch(supervision.pids)
        wake.wait(pause_s)


def say(text: str) -> None:
    """One line with the time."""
    sys.stdout.write(f"{datetime.now(UTC).astimezone():%H:%M:%S}  {visible(text, _WIDTH)}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ccpar-hybrid supervisor",
        description="Starts again what dies in a session, and keeps its queue going.",
    )
    parser.add_argument("--session", help="which session (default: claude-workers)")
    parser.add_argument("--environment", metavar="FILE", help=argparse.SUPPRESS)
    return parser
