"""What processes have used: CPU to the nanosecond, and memory (Linux: /proc)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.system.process import is_alive, processes


class Memory(NamedTuple):
    """Resident and proportional set (shared pages by their share), in MB of 10⁶ bytes."""

    rss_mb: float
    pss_mb: float


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads, user and system; what ran and has not been switched out since
    the last tick is missing."""
    return (
        sum(
            int(task.joinpath("schedstat").read_text(encoding="ascii").split()[0])
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
        / 1e9
    )


def children_cpu_s(pid: int) -> float:
    """CPU seconds of children that have ended, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def total_cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds of these processes and of their children that have ended."""
    return sum(cpu_s(pid) + children_cpu_s(pid) for pid in pids)


def memory(pid: int) -> Memory:
    """What the process holds now."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return Memory(kilobytes["Rss"] * 1024 / 1e6, kilobytes["Pss"] * 1024 / 1e6)


def of_home(home: Path) -> list[int]:
    """All living processes that have this HOME."""
    mark = f"HOME={home}".encode()
    return [pid for pid in processes() if is_alive(pid) and mark in _environment(pid)]


def command(pid: int) -> str:
    """Its argv with blanks between; empty where there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
