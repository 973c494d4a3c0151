"""A systemd scope around a program: control groups that bound what it and its children use.

`systemd-run --scope` puts itself into a new scope and then becomes the program, so pid, parent
and terminal stay. What it bounds depends on what the user's manager was given: it is tried, and
the control group's own files are read. Read from systemd 252.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.system.process import run

_TRY_S = 5.0
_TRIED_MEMORY = "67108864"
_TRIED_CPUS = "50000 100000"
_TELL = (
    'place=/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup); '
    'echo "memory $(cat "$place/memory.max")"; echo "cpus $(cat "$place/cpu.max")"'
)


class Scopes(NamedTuple):
    """What scopes can bound here; `command` begins the command line that makes one."""

    command: tuple[str, ...] = ()
    memory: bool = False
    cpus: bool = False


def find_scopes(environment: Mapping[str, str]) -> Scopes:
    """Tries it, once with the user's manager and for root with the system's; at most 10 s."""
    program = shutil.which("systemd-run", path=environment.get("PATH", os.defpath))
    if program is None:
        return Scopes()
    for manager in [["--user"], ["--system"]] if os.geteuid() == 0 else [["--user"]]:
        command = (program, *manager, "--scope", "--quiet", "--collect")
        found = _tried(command, environment)
        if found.memory or found.cpus:
            return found
    return Scopes()


def scoped(
    scopes: Scopes, argv: Sequence[str], *, memory_mib: int | None, cpus: float | None
) -> tuple[str, ...]:
    """The command line that runs `argv` within these bounds, as far as scopes can bound."""
    bounds: list[str] = []
    if memory_mib is not None and scopes.memory:
        bounds += _memory(f"{memory_mib}M")
    if cpus is not None and scopes.cpus:
        bounds += _cpus(cpus)
    return (*scopes.command, *bounds, "--", *argv) if bounds else tuple(argv)


def group_of(pid: int, proc: Path = Path("/proc")) -> str:
    """The path of the process's control group (version 2), from the root; empty if not known."""
    try:
        lines = (proc / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    return next((line[3:] for line in lines if line.startswith("0::")), "")


def kills_for_memory(group: str, cgroups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """How often the kernel ended something in this group for its memory; None: it is gone."""
    try:
        text = (cgroups / group.lstrip("/") / "memory.events").read_text(encoding="ascii")
        counts = dict(line.split() for line in text.splitlines())
        return int(counts["oom_kill"])
    except (OSError, ValueError, KeyError):
        return None


def _tried(command: tuple[str, ...], environment: Mapping[str, str]) -> Scopes:
    bounds = (*_memory("64M"), *_cpus(0.5))
    argv = (*command, *bounds, "--", "/bin/sh", "-c", _TELL)
    try:
        done = run(argv, environment=environment, timeout_s=_TRY_S, check=False)
    except CcparError:
        return Scopes()
    lines = done.stdout.splitlines()
    return Scopes(command, f"memory {_TRIED_MEMORY}" in lines, f"cpus {_TRIED_CPUS}" in lines)


def _memory(amount: str) -> list[str]:
    return ["-p", f"MemoryMax={amount}", "-p", "MemorySwapMax=0"]


def _cpus(cores: float) -> list[str]:
    return ["-p", f"CPUQuota={max(1, round(cores * 100))}%"]
