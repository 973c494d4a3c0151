"""The processes of one demo, found by their HOME, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.system import process

GRACE_S = 3.0
_KILL_LIMIT_S = 5.0
_LOOK_S = 0.05
_PROC = Path("/proc")


def of_home(home: Path) -> list[int]:
    """Every living process whose environment was given this HOME; never this one or its parents.

    Parents go by: `demo --end` may be called from a shell of the demo itself.
    """
    variable = f"HOME={home}"
    found = _by_proc(variable) if (_PROC / "self" / "environ").exists() else _by_ps(variable)
    spared = set(_lineage())
    return [pid for pid in found if pid not in spared and process.is_alive(pid)]


def end_all(home: Path) -> list[int]:
    """TERM to all of them, KILL after GRACE_S; returns those that are there even so.

    Looks again until none is seen twice: a dying one may have started another.
    """
    begin = time.monotonic()
    asked: set[int] = set()
    quiet = 0
    while quiet < 2:
        alive = of_home(home)
        quiet = 0 if alive else quiet + 1
        waited_s = time.monotonic() - begin
        if waited_s > GRACE_S + _KILL_LIMIT_S:
            return alive
        if waited_s > GRACE_S:
            process.signal_tree(alive, signal.SIGKILL)
        else:
            new = [pid for pid in alive if pid not in asked]
            # A stopped process takes its TERM only when it goes on.
            process.signal_tree(process.signal_tree(new, signal.SIGTERM), signal.SIGCONT)
            asked.update(new)
        time.sleep(_LOOK_S)
        _reap()
    return []


def _reap() -> None:
    """Take leave of the dead that this process adopted: a container's PID 1 may never do it."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _lineage() -> Iterator[int]:
    pid = os.getpid()
    while pid > 1:
        yield pid
        info = process.process(pid)
        pid = info.ppid if info else 0


def _by_proc(variable: str) -> Iterator[int]:
    wanted = os.fsencode(variable)
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                given = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in given:
                yield int(entry.name)


def _by_ps(variable: str) -> Iterator[int]:
    """As macOS and the BSDs tell it: the command with its environment behind it."""
    argv = ["ps", "-axEww", "-o", "pid=,command="]
    said = process.run(argv, environment=os.environ, timeout_s=10, check=False).stdout
    for line in said.splitlines():
        words = line.split()
        if variable in words[1:]:
            yield int(words[0])
