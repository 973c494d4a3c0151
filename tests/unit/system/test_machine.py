from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.system.machine import available_memory_bytes, disk_room

MIB = 1 << 20


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class Machine:
    """Trees that look like /proc and /sys/fs/cgroup."""

    def __init__(self, place: Path) -> None:
        self.proc, self.cgroups = place / "proc", place / "cgroup"
        self.write(self.proc / "meminfo", "MemTotal: 4096000 kB\nMemAvailable: 2048000 kB\n")

    def write(self, file: Path, text: object) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    def is_in(self, *lines: str) -> None:
        self.write(self.proc / "self" / "cgroup", "\n".join(lines))

    def group(self, path: str, limit: object, used: int, cache: int = 0) -> None:
        place = self.cgroups / path
        self.write(place / "memory.max", limit)
        self.write(place / "memory.current", used)
        self.write(place / "memory.stat", f"anon 1\ninactive_file {cache}\nfile 3")

    def old_group(self, path: str, limit: int, used: int, cache: int = 0) -> None:
        place = self.cgroups / "memory" / path
        self.write(place / "memory.limit_in_bytes", limit)
        self.write(place / "memory.usage_in_bytes", used)
        self.write(place / "memory.stat", f"inactive_file 7\ntotal_inactive_file {cache}")

    def available_mib(self) -> float | None:
        available = available_memory_bytes(self.proc, self.cgroups)
        return None if available is None else available / MIB


def test_without_groups_it_is_what_the_machine_has(machine: Machine) -> None:
    assert machine.available_mib() == 2000


def test_what_is_left_of_the_groups_limit_counts_with_the_cache_that_can_go(
    machine: Machine,
) -> None:
    machine.is_in("0::/user.slice/mine.scope")
    machine.group("user.slice/mine.scope", 1000 * MIB, 800 * MIB, cache=100 * MIB)
    assert machine.available_mib() == 300


def test_the_tightest_limit_of_all_groups_above_counts(machine: Machine) -> None:
    machine.is_in("0::/user.slice/mine.scope")
    machine.group("user.slice/mine.scope", "max", 800 * MIB)
    machine.group("user.slice", 900 * MIB, 850 * MIB)
    machine.group("", 4000 * MIB, 900 * MIB)
    assert machine.available_mib() == 50


def test_the_machine_may_have_less_than_the_group_allows(machine: Machine) -> None:
    machine.is_in("0::/a")
    machine.group("a", 64000 * MIB, 0)
    assert machine.available_mib() == 2000


def test_a_group_whose_path_is_hidden_is_the_root_of_the_mount(machine: Machine) -> None:
    machine.is_in("0::/docker/abcdef")
    machine.group("", 512 * MIB, 500 * MIB)
    assert machine.available_mib() == 12


def test_a_path_above_the_namespace_is_no_way_out_of_the_mount(machine: Machine) -> None:
    machine.is_in("0::/../../other")
    machine.group("", 512 * MIB, 500 * MIB)
    assert machine.available_mib() == 12


def test_the_first_version_of_groups_is_read_too(machine: Machine) -> None:
    machine.is_in("9:name=systemd:/", "4:cpu,memory:/box", "0::/")
    machine.old_group("box", 700 * MIB, 600 * MIB, cache=50 * MIB)
    machine.old_group("", 2**63 - 4096, 900 * MIB)
    assert machine.available_mib() == 150


def test_more_used_than_allowed_leaves_nothing(machine: Machine) -> None:
    machine.is_in("0::/a")
    machine.group("a", 100 * MIB, 120 * MIB)
    assert machine.available_mib() == 0


def test_a_group_that_says_nonsense_says_nothing(machine: Machine) -> None:
    machine.is_in("0::/a")
    machine.group("a", "plenty", 0)
    assert machine.available_mib() == 2000


def test_this_machine_has_some_memory() -> None:
    assert (available_memory_bytes() or 1) > 0


def test_room_is_told_for_places_that_are_still_to_be_made(tmp_path: Path) -> None:
    room = disk_room(tmp_path / "a" / "b")
    assert room is not None
    assert 0 < room.free <= room.size


def test_a_place_without_a_size_says_nothing() -> None:
    assert disk_room("/proc/self") is None
