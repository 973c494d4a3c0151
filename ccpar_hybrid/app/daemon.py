"""The scheduler's daemon as a process: is it there, and start it."""

from __future__ import annotations

from ccpar_hybrid.app import pueue_copy, room
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.scheduler import pueue_state
from ccpar_hybrid.system import paths as paths_module
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.system.process import is_alive

_LOCK_WAIT_S = 60.0


def ensure(app: App) -> bool:
    """Start pueued where none answers; False if one did. Only one of several callers starts it.

    `recovery.recover` has to follow. Raises MissingPart or Refused as `start_daemon` does, and
    NoRoom where it could not save its state: it would end at once, with whatever it had begun.
    """
    from ccpar_hybrid.scheduler.pueue_daemon import answers, start_daemon

    paths_module.make_private(app.paths.state)
    with file_lock(f"{app.paths.state}/daemon.lock", wait_s=_LOCK_WAIT_S):
        if answers(app.environment):
            return False
        room.needed_for(pueue_state.state_file(app.environment))
        pueue_copy.before_start(app)
        return start_daemon(app.environment)


def pid(app: App) -> int | None:
    """The daemon's process, by its own note; None where there is none that lives."""
    noted = pueue_state.daemon_pid(app.environment)
    return noted if noted is not None and is_alive(noted) else None
