"""What room the machine has: memory that new programs can have, and disk that can be written.

A container may have less memory than its machine: the limits of the control groups above this
process count as well. Linux; elsewhere only the machine's own memory is told, where it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_NO_LIMIT_BYTES = 1 << 60
"""Version 1 says "no limit" with a number near 2**63."""


class Room(NamedTuple):
    """Bytes of a file system: `free` for this user, and `size` of all of it."""

    free: int
    size: int


class _Version(NamedTuple):
    """How one version of control groups names what is asked of it."""

    limit: str
    used: str
    cache: str


_V2 = _Version("memory.max", "memory.current", "inactive_file")
_V1 = _Version("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def available_memory_bytes(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int | None:
    """Bytes that new programs can have without swapping; None where the system does not say.

    `proc` and `cgroups` are where /proc and /sys/fs/cgroup are mounted.
    """
    machine = _available(proc)
    known = [*_left_in_groups(proc, cgroups), *([] if machine is None else [machine])]
    return min(known, default=None)


def disk_room(path: str | os.PathLike[str]) -> Room | None:
    """Room of the file system where `path`, or its nearest parent, lies.

    None where it says nothing: it does not answer, nobody can write to it, or it has no size.
    One that has no room for another file has none free.
    """
    place = Path(path).absolute()
    try:
        while not place.exists():
            place = place.parent
        found = os.statvfs(place)
    except OSError:
        return None
    if found.f_flag & os.ST_RDONLY or not found.f_blocks:
        return None
    is_without_files = found.f_files > 0 and found.f_favail == 0
    free = 0 if is_without_files else found.f_bavail * found.f_frsize
    return Room(free, found.f_blocks * found.f_frsize)


def _available(proc: Path) -> int | None:
    try:
        lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return _free_pages_bytes()
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _free_pages_bytes() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def _left_in_groups(proc: Path, cgroups: Path) -> Iterator[int]:
    """What is left of each limit that holds for this process."""
    for version, mount, group in _groups(proc, cgroups):
        # Where the namespace hides what is above, the mount's own root is our group.
        place = mount / group if (mount / group).is_dir() else mount
        while True:
            left = _left(place, version)
            if left is not None:
                yield left
            if place == mount:
                break
            place = place.parent


def _groups(proc: Path, cgroups: Path) -> Iterator[tuple[_Version, Path, str]]:
    """This process's memory groups: version, where that is mounted, and the path below."""
    try:
        lines = (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        relative = os.path.normpath(path).lstrip("/")
        if relative.startswith(".."):
            relative = ""
        if not controllers:
            yield _V2, cgroups, relative
        elif "memory" in controllers.split(","):
            yield _V1, cgroups / "memory", relative


def _left(place: Path, version: _Version) -> int | None:
    try:
        limit = (place / version.limit).read_text(encoding="ascii").strip()
        if limit == "max" or int(limit) >= _NO_LIMIT_BYTES:
            return None
        used = int((place / version.used).read_text(encoding="ascii"))
        return max(0, int(limit) - used + _cache(place / "memory.stat", version.cache))
    except (OSError, ValueError):
        return None


def _cache(statistics: Path, name: str) -> int:
    """What the kernel would give back before anybody is refused."""
    for line in statistics.read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
