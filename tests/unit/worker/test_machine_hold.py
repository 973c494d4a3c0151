from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude import ClaudeAgent
from ccpar_hybrid.agents.command import CommandAgent
from ccpar_hybrid.core.settings import ClaudeSettings, MachineSettings
from ccpar_hybrid.core.task import Task, TaskSource, TaskSpec, new_key
from ccpar_hybrid.system.machine import Room
from ccpar_hybrid.worker.hold import Question
from ccpar_hybrid.worker.machine_hold import STARTING_S, MachineHold, Probe

MIB = 1 << 20
PLENTY = Room(free=99_000 * MIB, size=100_000 * MIB)


class Machine:
    """What the probes tell: set by a test."""

    def __init__(self) -> None:
        self.memory_mib: int | None = 4000
        self.rooms: dict[str, Room | None] = {}
        self.now = 1000.0

    def probe(self) -> Probe:
        return Probe(
            memory=lambda: None if self.memory_mib is None else self.memory_mib * MIB,
            disk=lambda path: self.rooms.get(path, PLENTY),
            now=lambda: self.now,
        )


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def starts(tmp_path: Path) -> str:
    return str(tmp_path / "starts")


def hold(
    machine: Machine, starts: str, worker: str = "w1", *, memory: int = 512, disk: int = 512
) -> MachineHold:
    settings = MachineSettings(free_memory_mib=memory, free_disk_mib=disk)
    return MachineHold(settings, starts, worker, {"state": "/state"}, machine.probe())


def question(*, command: bool = False) -> Question:
    spec = TaskSpec(prompt="p", directory="/project")
    task = Task(key=new_key(), spec=spec, source=TaskSource.ADDED, created_at=datetime.now(UTC))
    agent = CommandAgent() if command else ClaudeAgent(ClaudeSettings())
    return Question(task, agent, {}, resume=False)


def reason(one: MachineHold, *, command: bool = False) -> str:
    held = one.held(question(command=command))
    return f"{held.reason}: {held.figures}" if held else ""


def test_nothing_holds_while_there_is_room(machine: Machine, starts: str) -> None:
    assert reason(hold(machine, starts)) == ""


def test_too_little_memory_is_told_with_what_is_asked_for(machine: Machine, starts: str) -> None:
    machine.memory_mib = 210
    assert reason(hold(machine, starts)) == "waits for memory: 210 of 512 MiB free"


def test_figures_that_change_are_no_new_reason(machine: Machine, starts: str) -> None:
    one = hold(machine, starts)
    machine.memory_mib = 210
    first = one.held(question())
    machine.memory_mib = 307
    second = one.held(question())
    assert first
    assert second
    assert first.reason == second.reason
    assert second.figures == "300 of 512 MiB free"


def test_it_lets_go_as_soon_as_there_is_memory_again(machine: Machine, starts: str) -> None:
    one = hold(machine, starts)
    machine.memory_mib = 511
    assert reason(one)
    machine.memory_mib = 512
    assert reason(one) == ""


def test_memory_that_nobody_tells_holds_nothing(machine: Machine, starts: str) -> None:
    machine.memory_mib = None
    assert reason(hold(machine, starts)) == ""


@pytest.mark.parametrize("path", ["/state", "/project"])
def test_too_little_disk_is_told_with_the_place(machine: Machine, starts: str, path: str) -> None:
    machine.rooms[path] = Room(free=100 * MIB, size=9000 * MIB)
    told = reason(hold(machine, starts))
    assert told.startswith("waits for disk: 100 of 512 MiB free (")
    assert path in told


def test_of_a_small_file_system_at_most_the_half_must_be_free(
    machine: Machine, starts: str
) -> None:
    machine.rooms["/project"] = Room(free=60 * MIB, size=100 * MIB)
    assert reason(hold(machine, starts)) == ""
    machine.rooms["/project"] = Room(free=40 * MIB, size=100 * MIB)
    assert "40 of 50 MiB" in reason(hold(machine, starts))


def test_a_place_that_says_nothing_holds_nothing(machine: Machine, starts: str) -> None:
    machine.rooms["/project"] = None
    assert reason(hold(machine, starts)) == ""


def test_zero_asks_for_nothing(machine: Machine, starts: str) -> None:
    machine.memory_mib = 1
    machine.rooms["/project"] = Room(free=0, size=9000 * MIB)
    assert reason(hold(machine, starts, memory=0, disk=0)) == ""


def test_what_has_just_started_counts_as_taken(machine: Machine, starts: str) -> None:
    machine.memory_mib = 800
    assert reason(hold(machine, starts, "w1")) == ""
    second = reason(hold(machine, starts, "w2"))
    assert second == "waits for memory: 800 of 862 MiB free (1 just started)"


def test_a_start_counts_for_some_seconds_only(machine: Machine, starts: str) -> None:
    machine.memory_mib = 800
    assert reason(hold(machine, starts, "w1")) == ""
    machine.now += STARTING_S + 0.1
    assert reason(hold(machine, starts, "w2")) == ""


def test_a_small_agent_takes_little_of_the_room(machine: Machine, starts: str) -> None:
    machine.memory_mib = 800
    assert reason(hold(machine, starts, "w1"), command=True) == ""
    assert reason(hold(machine, starts, "w2")) == ""


def test_a_workers_own_last_start_does_not_count_against_it(machine: Machine, starts: str) -> None:
    machine.memory_mib = 600
    assert reason(hold(machine, starts, "w1")) == ""
    assert reason(hold(machine, starts, "w1")) == ""


def test_one_that_is_held_is_not_noted_as_started(machine: Machine, starts: str) -> None:
    machine.memory_mib = 500
    assert reason(hold(machine, starts, "w1"))
    machine.memory_mib = 512
    assert reason(hold(machine, starts, "w2")) == ""


def test_starts_before_the_last_boot_are_forgotten(machine: Machine, starts: str) -> None:
    machine.memory_mib = 800
    assert reason(hold(machine, starts, "w1")) == ""
    machine.now = 3.0
    assert reason(hold(machine, starts, "w2")) == ""


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"w9": 3}', '{"w9": ["a", "b"]}'])
def test_a_damaged_file_is_written_anew(machine: Machine, starts: str, text: str) -> None:
    Path(starts).write_text(text)
    machine.memory_mib = 800
    assert reason(hold(machine, starts, "w1")) == ""
    assert reason(hold(machine, starts, "w2"))


def test_without_its_file_it_asks_of_the_machine_alone(machine: Machine, tmp_path: Path) -> None:
    machine.memory_mib = 600
    nowhere = str(tmp_path / "none" / "starts")
    assert reason(hold(machine, nowhere, "w1")) == ""
    assert reason(hold(machine, nowhere, "w2")) == ""
