"""Looking at processes, signalling them, and running commands to their end.

Linux: read from /proc (field order of proc(5)). Elsewhere: from `ps`.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.core.errors import CommandFailed, MissingPart

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()
_HAS_CHILDREN = (_PROC / "self" / "task" / str(os.getpid()) / "children").exists()
_PR_SET_CHILD_SUBREAPER = 36
_DEAD_STATES = frozenset("ZXx")
_PF_EXITING = 0x4
"""The kernel's flag of a process that is on its way out (include/linux/sched.h)."""


class ProcessInfo(NamedTuple):
    """One process. `state` is the kernel's letter (R, S, D, T, t, Z, X).

    `start_ticks` together with `pid` names a process for as long as the machine runs: clock
    ticks since boot on Linux, seconds since 1970 elsewhere.
    """

    pid: int
    ppid: int
    pgid: int
    session: int
    state: str
    start_ticks: int


class Completed(NamedTuple):
    """What a command that ended said; undecodable bytes are replaced."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


def process(pid: int) -> ProcessInfo | None:
    """What the process is now; None if there is none. Zombies are shown."""
    if not _HAS_PROC:
        return _by_ps(("-p", str(pid))).get(pid)
    return _read_stat(pid)


def started_at(pid: int) -> datetime | None:
    """When the process was started, to about a hundredth of a second; None if there is none."""
    info = process(pid)
    if info is None:
        return None
    if not _HAS_PROC:
        return datetime.fromtimestamp(info.start_ticks, UTC)
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - info.start_ticks / os.sysconf("SC_CLK_TCK")
    return datetime.now(UTC) - timedelta(seconds=age_s)


def processes() -> dict[int, ProcessInfo]:
    """All processes that this user may see."""
    if not _HAS_PROC:
        return _by_ps(("-A",))
    found = (_read_stat(int(name)) for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208
    return {info.pid: info for info in found if info}


def descendants(pid: int) -> list[int]:
    """All children of the process and theirs, parents first; zombies included.

    A process that is born or ends meanwhile can be missed: look again until nothing changes.
    """
    children_of = _children if _HAS_CHILDREN else _children_by_scan()
    found: list[int] = []
    waiting = deque(children_of(pid))
    while waiting:
        child = waiting.popleft()
        found.append(child)
        waiting.extend(children_of(child))
    return found


def children(pid: int) -> list[int]:
    """The process's own children; zombies included, and missed as by `descendants`."""
    return _children(pid) if _HAS_CHILDREN else list(_children_by_scan()(pid))


def _children(pid: int) -> list[int]:
    """From what the kernel keeps for each thread; no look at any other process."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - read at every tick
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:  # noqa: PTH123
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _children_by_scan() -> Callable[[int], Sequence[int]]:
    by_parent: dict[int, list[int]] = {}
    for info in processes().values():
        by_parent.setdefault(info.ppid, []).append(info.pid)
    return lambda pid: by_parent.get(pid, ())


def is_stopped(pid: int) -> bool:
    """Whether a signal (or a tracer) holds the process stopped."""
    info = process(pid)
    return info is not None and info.state in ("T", "t")


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie: PID 1 of a container may never reap."""
    info = process(pid)
    return info is not None and info.state not in _DEAD_STATES


def is_ending(pid: int) -> bool:
    """Whether the process has ended or begun to: its locks and sockets may be free already, while
    its children are still its own.
    """
    if not is_alive(pid):
        return True
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return _HAS_PROC
    return bool(int(text[text.rindex(b")") + 2 :].split()[6]) & _PF_EXITING)


def signal_tree(pids: Iterable[int], signal: int) -> list[int]:
    """Send the signal to each process in the given order; returns those that it reached.

    One that is gone, or is another user's by now, is passed over.
    """
    reached = []
    for pid in pids:
        try:
            os.kill(pid, signal)
        except (ProcessLookupError, PermissionError):
            continue
        reached.append(pid)
    return reached


def become_subreaper() -> bool:
    """Adopt orphaned descendants, so that they can be found and ended; False where impossible."""
    import ctypes  # 8 ms that only a worker pays

    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    return bool(prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def release_memory() -> None:
    """Give back to the system what this process holds and does not use; some milliseconds."""
    import ctypes
    import gc

    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # only the GNU C library has it
        ctypes.CDLL(None).malloc_trim(0)


def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    input: str | None = None,
    timeout_s: float,
    check: bool = True,
) -> Completed:
    """Run a command to its end, without a shell, and return what it said.

    `environment` replaces the whole environment; its PATH finds the program. Raises
    MissingPart where there is no such program, CommandFailed where it ended with another code
    than 0 (only with `check`) or did not end in `timeout_s`.
    """
    if cwd is not None and not Path(cwd).is_dir():
        raise MissingPart(f"{os.fspath(cwd)!r} is not a directory")
    try:
        done = subprocess.run(
            list(argv),
            env=environment,
            cwd=cwd,
            input=_bytes(input),
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            timeout=timeout_s,
        )
    except FileNotFoundError as error:
        raise MissingPart(
            f"there is no program {argv[0]!r} on PATH", f"install {argv[0]}"
        ) from error
    except PermissionError as error:
        raise MissingPart(f"{argv[0]!r} may not be executed") from error
    except subprocess.TimeoutExpired as error:
        said = f"did not end within {timeout_s:g} s\n"
        raise CommandFailed(argv, -9, _text(error.stdout), _text(error.stderr) + said) from error
    completed = Completed(tuple(argv), done.returncode, _text(done.stdout), _text(done.stderr))
    if check and done.returncode != 0:
        raise CommandFailed(argv, done.returncode, completed.stdout, completed.stderr)
    return completed


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "surrogateescape")


def _text(said: bytes | None) -> str:
    return (said or b"").decode("utf-8", "replace")


def _read_stat(pid: int) -> ProcessInfo | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - read at every tick
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may itself hold parentheses and blanks.
    fields = text[text.rindex(b")") + 2 :].split()
    return ProcessInfo(
        pid=pid,
        ppid=int(fields[1]),
        pgid=int(fields[2]),
        session=int(fields[3]),
        state=fields[0].decode("ascii"),
        start_ticks=int(fields[19]),
    )


def _by_ps(selection: Sequence[str]) -> dict[int, ProcessInfo]:
    argv = ["ps", *selection, "-o", "pid=,ppid=,pgid=,state=,lstart="]
    environment = {**os.environ, "LC_ALL": "C"}
    done = run(argv, environment=environment, timeout_s=10, check=False)
    found = (_parse_ps(line) for line in done.stdout.splitlines() if line.strip())
    return {info.pid: info for info in found}


def _parse_ps(line: str) -> ProcessInfo:
    pid, ppid, pgid, state, started = line.split(maxsplit=4)
    return ProcessInfo(
        pid=int(pid),
        ppid=int(ppid),
        pgid=int(pgid),
        session=_session_of(int(pid)),
        state=state[0],
        start_ticks=int(time.mktime(time.strptime(started.strip(), "%a %b %d %H:%M:%S %Y"))),
    )


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return 0
