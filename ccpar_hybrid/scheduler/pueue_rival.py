"""A pueued that runs over the same directory and listens elsewhere.

Pueue 4.0.4 looks for its socket in XDG_RUNTIME_DIR and for its state below the home directory. A
shell without that variable (of `su`, cron, ssh) finds no daemon, and one that is started there
would write the state file of the other, and start its tasks once more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.core.errors import MissingPart, Refused
from ccpar_hybrid.scheduler.pueue_config import read_config

_PROC = Path("/proc")
_NAME = b"pueued"
_VARIABLE = "XDG_RUNTIME_DIR"


class Rival(NamedTuple):
    """Another daemon of the same directory; `variable`: its XDG_RUNTIME_DIR."""

    pid: int
    socket: Path
    variable: str | None


def refuse_rival(environment: Mapping[str, str]) -> None:
    """Raise Refused where a daemon of the same directory listens at another socket."""
    rival = find_rival(environment)
    if rival is None:
        return
    seen = f"pueued runs already (process {rival.pid}), with its socket at {rival.socket}"
    if not rival.socket.exists():
        raise Refused(f"{seen}, which is gone", f"end it, and its tasks: kill {rival.pid}")
    setting = f"export {_VARIABLE}={rival.variable}" if rival.variable else f"unset {_VARIABLE}"
    raise Refused(f"{seen}; this shell looks elsewhere", f"in this shell first: {setting}")


def find_rival(environment: Mapping[str, str]) -> Rival | None:
    """The first such daemon; None where there is none, or no /proc to see it."""
    own = read_config(environment)
    for pid, theirs in _daemons():
        try:
            config = read_config(theirs)
        except MissingPart:
            continue
        if config.socket and config.socket != own.socket and config.directory == own.directory:
            return Rival(pid, config.socket, theirs.get(_VARIABLE))
    return None


def _daemons() -> Iterator[tuple[int, dict[str, str]]]:
    """Each pueued of this user with its environment, save one that was given a configuration."""
    for place in _PROC.glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
            if words[0].rpartition(b"/")[2] != _NAME or _has_own_file(words):
                continue
            yield int(place.name), _variables((place / "environ").read_bytes())
        except OSError:  # it has ended, or is another user's
            continue


def _has_own_file(words: list[bytes]) -> bool:
    return any(word.startswith((b"-c", b"--config")) for word in words[1:])


def _variables(text: bytes) -> dict[str, str]:
    pairs = (os.fsdecode(entry).partition("=") for entry in text.split(b"\0") if entry)
    return {name: value for name, _, value in pairs}
