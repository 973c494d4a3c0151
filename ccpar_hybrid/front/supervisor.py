"""`ccpar-hybrid supervisor`: a window of a session, in which it says what it saw and did."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.supervision import Supervision
from ccpar_hybrid.core.errors import ExitCode
from ccpar_hybrid.front.window import say, take_environment, window_parser
from ccpar_hybrid.supervisor.wake import Wake
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.system.paths import make_private

_LOCK_WAIT_S = 2.0


def main(arguments: Sequence[str]) -> int:
    """Look after the session until it is gone or a signal comes; Refused if another does."""
    parser = window_parser(
        "supervisor", "Starts again what dies in a session, and keeps its queue going."
    )
    options = parser.parse_args(list(arguments))
    take_environment(options.environment)
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
