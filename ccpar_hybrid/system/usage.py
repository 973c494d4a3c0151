"""How much memory processes hold. Linux: from /proc; elsewhere from `ps`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.system.process import run

_PROC = Path("/proc")
_PS_S = 10.0


class Holding(NamedTuple):
    """A process by its name (as `ps` shows it, 15 characters), and the bytes that it holds."""

    pid: int
    name: str
    bytes: int


def resident(pids: Sequence[int], proc: Path = _PROC) -> list[Holding]:
    """What each living one has in memory; pages that they share count for each of them."""
    if not (proc / "self").exists():
        return _by_ps(pids)
    page = os.sysconf("SC_PAGE_SIZE")
    return _each(pids, proc, lambda place: int(_read(place / "statm").split()[1]) * page)


def proportional(pids: Sequence[int], proc: Path = _PROC) -> list[Holding]:
    """What each living one has in memory, shared pages divided among those that share them.

    Some milliseconds for each process. Where the kernel does not tell it: as `resident`.
    """
    known = {one.pid: one for one in _each(pids, proc, _share)}
    return [known.get(one.pid, one) for one in resident(pids, proc)]


def _each(pids: Sequence[int], proc: Path, measure: Callable[[Path], int]) -> list[Holding]:
    found = []
    for pid in pids:
        place = proc / str(pid)
        try:
            found.append(Holding(pid, _read(place / "comm").strip(), measure(place)))
        except (OSError, ValueError, IndexError):  # it has ended, or is another user's
            continue
    return found


def _share(place: Path) -> int:
    for line in _read(place / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no Pss")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _by_ps(pids: Sequence[int]) -> list[Holding]:
    if not pids:
        return []
    argv = ["ps", "-p", ",".join(map(str, pids)), "-o", "pid=,rss=,comm="]
    try:
        said = run(argv, environment=dict(os.environ), timeout_s=_PS_S, check=False).stdout
    except CcparError:
        return []
    found = []
    for line in said.splitlines():
        pid, kib, name = line.split(maxsplit=2)
        found.append(Holding(int(pid), name.rpartition("/")[2][:15], int(kib) * 1024))
    return found
