"""Which sockets and locks of this machine have a living process: asked of /proc, without touching
them. Linux only (proc(5))."""

from __future__ import annotations

from pathlib import Path

_SOCKETS = Path("/proc/net/unix")
_LOCKS = Path("/proc/locks")
_PATH_FIELD = 7


def listening_paths() -> frozenset[str] | None:
    """The paths that sockets were bound to, whatever they were renamed to; None without /proc."""
    try:
        text = _SOCKETS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    rows = (line.split(maxsplit=_PATH_FIELD) for line in text.splitlines()[1:])
    return frozenset(row[_PATH_FIELD] for row in rows if len(row) > _PATH_FIELD)


def holders_of_locks() -> dict[int, int] | None:
    """For each file's inode the process that has an exclusive flock on it; None without /proc."""
    try:
        text = _LOCKS.read_text(encoding="ascii")
    except OSError:
        return None
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if fields[1:4] == ["FLOCK", "ADVISORY", "WRITE"]:
            found[int(fields[5].rpartition(":")[2])] = int(fields[4])
    return found
