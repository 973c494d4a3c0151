from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.app import room
from ccpar_hybrid.core.errors import NoRoom
from ccpar_hybrid.system.machine import Room
from tests.support.paths import private_environment

MIB = 1 << 20


@pytest.fixture
def free_mib(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What is free by the name of the place; else there is plenty."""
    known: dict[str, float] = {}

    def look(path: object) -> Room:
        found = [mib for name, mib in known.items() if name in str(path)]
        return Room(int(min(found, default=9999) * MIB), 10_000 * MIB)

    monkeypatch.setattr(room, "disk_room", look)
    return known


def test_the_full_places_are_named(home: Path, free_mib: dict[str, float]) -> None:
    free_mib["/state/"] = 0.5
    error = room.no_room(private_environment(home))
    assert error.message == f"no space left on the device of {home}/state/ccpar-hybrid"


def test_the_file_is_named_where_it_is_known(home: Path, free_mib: dict[str, float]) -> None:
    assert room.no_room(private_environment(home), "/a/b").message.endswith("device of /a/b")


def test_nothing_is_named_where_there_is_room(home: Path, free_mib: dict[str, float]) -> None:
    assert room.no_room(private_environment(home)).message == "no space left on the device"


def test_a_state_is_written_anew_beside_the_old_one(home: Path, free_mib: dict[str, float]) -> None:
    state = home / "state.json"
    free_mib["state.json"] = 3
    room.needed_for(state)
    state.write_bytes(b"x" * 2 * MIB)
    with pytest.raises(NoRoom, match=f"no room for Pueue's state in {home}"):
        room.needed_for(state)
