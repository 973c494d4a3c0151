"""Which of the places that everything is written to has no room left."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ccpar_hybrid.core.errors import MissingPart, NoRoom
from ccpar_hybrid.scheduler.pueue_daemon import pueue_directory
from ccpar_hybrid.system import paths
from ccpar_hybrid.system.machine import disk_room

_LITTLE_BYTES = 1 << 20
_HINT = "free some space and try again; workers go on by themselves"


def no_room(environment: Mapping[str, str], file: str = "") -> NoRoom:
    """The error for a write that was refused for want of room; `file` where that is known."""
    places = [file] if file else full_places(environment)
    where = f" of {', '.join(places)}" if places else ""
    return NoRoom(f"no space left on the device{where}", _HINT)


def needed_for(file: Path) -> None:
    """Raise NoRoom where a file that is always written anew, beside the old one, has no room."""
    size = file.stat().st_size if file.exists() else 0
    room = disk_room(file)
    if room is not None and room.free < max(_LITTLE_BYTES, 2 * size):
        raise NoRoom(f"no room for Pueue's state in {file.parent}", "free some space there")


def full_places(environment: Mapping[str, str]) -> list[str]:
    """The state, runtime, Pueue's and temporary directory, as far as they are full."""
    own = paths.resolve(environment)
    places = [own.state, own.runtime]
    with contextlib.suppress(MissingPart):
        places.append(str(pueue_directory(environment)))
    with contextlib.suppress(OSError):  # it tries to write there
        places.append(tempfile.gettempdir())
    rooms = {place: disk_room(place) for place in places}
    return [place for place, room in rooms.items() if room and room.free < _LITTLE_BYTES]
