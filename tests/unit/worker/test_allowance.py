from __future__ import annotations

import os
import signal
import subprocess

import pytest

from ccpar_hybrid.agents.base import Launch, Terminal
from ccpar_hybrid.core.task import TaskSpec
from ccpar_hybrid.system.scope import Scopes
from ccpar_hybrid.system.usage import Holding
from ccpar_hybrid.worker.allowance import Allowance, Look
from ccpar_hybrid.worker.ending import Ending

MIB = 1 << 20
LAUNCH = Launch(("claude", "--x"), {}, Terminal.FOREGROUND)
NO_SCOPES = Scopes()
WITH_SCOPES = Scopes(("systemd-run", "--user"), memory=True, cpus=True)
KILLED = Ending(137, signal.SIGKILL)


def tree() -> list[int]:
    return [7]


class Machine:
    """What is seen of the processes: set by a test."""

    def __init__(self) -> None:
        self.resident_mib = [10]
        self.proportional_mib = [10]
        self.kills: int | None = 0
        self.looks = 0

    def look(self) -> Look:
        return Look(
            resident=lambda pids: self._held(self.resident_mib),
            proportional=lambda pids: self._held(self.proportional_mib),
            group=lambda pid: "/ours" if pid == os.getpid() else "/its.scope",
            kills=lambda group: self.kills if group == "/its.scope" else None,
        )

    def _held(self, amounts: list[int]) -> list[Holding]:
        self.looks += 1
        return [Holding(100 + n, f"p{n}", mib * MIB) for n, mib in enumerate(amounts)]


@pytest.fixture
def machine() -> Machine:
    return Machine()


def allowance(
    machine: Machine,
    scopes: Scopes = NO_SCOPES,
    *,
    memory_mib: int | None = 100,
    cpus: float | None = None,
) -> Allowance:
    spec = TaskSpec(prompt="p", directory="/", memory_mib=memory_mib, cpus=cpus)
    return Allowance(spec, scopes, machine.look())


def test_more_than_it_may_use_is_told_with_the_largest(machine: Machine) -> None:
    machine.resident_mib = machine.proportional_mib = [40, 80]
    assert allowance(machine).excess(tree, 1.0) == (
        "used 120 MiB of the 100 MiB of memory that it may use, of them p1 (pid 101) 80 MiB"
    )


def test_all_that_it_may_use_is_no_excess(machine: Machine) -> None:
    machine.resident_mib = [60, 40]
    assert allowance(machine).excess(tree, 1.0) == ""


def test_shared_memory_is_no_excess(machine: Machine) -> None:
    machine.resident_mib, machine.proportional_mib = [90, 90], [45, 45]
    assert allowance(machine).excess(tree, 1.0) == ""


def test_it_is_looked_at_once_a_second(machine: Machine) -> None:
    one = allowance(machine)
    for tick in range(9):
        one.excess(tree, 1.0 + tick / 4)
    assert machine.looks == 3


def test_a_task_without_a_limit_is_never_looked_at(machine: Machine) -> None:
    one = allowance(machine, memory_mib=None)
    assert one.excess(tree, 1.0) == ""
    assert machine.looks == 0
    assert one.bounded(LAUNCH) is LAUNCH
    assert list(one.begin(os.getpid())) == []


def test_where_there_are_scopes_it_runs_in_one(machine: Machine) -> None:
    one = allowance(machine, WITH_SCOPES, cpus=1.5)
    launch = one.bounded(LAUNCH)
    assert launch.argv[:2] == ("systemd-run", "--user")
    assert launch.argv[-2:] == LAUNCH.argv
    assert "by a control group" in " ".join(one.begin(os.getpid()))


def test_an_end_by_the_kernel_for_memory_is_known_by_its_count(machine: Machine) -> None:
    one = allowance(machine, WITH_SCOPES)
    one.excess(tree, 1.0)
    machine.kills = 1
    assert "used up the 100 MiB" in one.blame(KILLED)


def test_one_whose_group_is_gone_is_known_by_what_it_used(machine: Machine) -> None:
    one = allowance(machine, WITH_SCOPES)
    machine.resident_mib = [95]
    one.excess(tree, 1.0)
    machine.kills = None
    assert "signal SIGKILL" in one.blame(KILLED)


def test_a_kill_of_a_small_one_is_not_blamed_on_memory(machine: Machine) -> None:
    one = allowance(machine, WITH_SCOPES)
    one.excess(tree, 1.0)
    assert one.blame(KILLED) == ""


def test_without_scopes_nobody_but_the_watch_ends_it(machine: Machine) -> None:
    one = allowance(machine)
    machine.resident_mib = [99]
    one.excess(tree, 1.0)
    assert one.blame(KILLED) == ""


def test_an_end_of_its_own_is_its_own(machine: Machine) -> None:
    one = allowance(machine, WITH_SCOPES)
    machine.kills = 3
    one.excess(tree, 1.0)
    assert one.blame(Ending(1, None)) == ""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core only")
def test_without_scopes_it_gets_whole_cores_before_it_begins(machine: Machine) -> None:
    with subprocess.Popen(["sh", "-c", "read x"], stdin=subprocess.PIPE) as child:
        said = list(allowance(machine, memory_mib=None, cpus=0.5).begin(child.pid))
        assert said == ["ccpar: may use 0.5 of the cores (bound to 1)"]
        assert len(os.sched_getaffinity(child.pid)) == 1
        child.communicate(b"\n")


def test_more_cores_than_there_are_bind_nothing(machine: Machine) -> None:
    (said,) = allowance(machine, memory_mib=None, cpus=1000).begin(os.getpid())
    assert f"there are {len(os.sched_getaffinity(0))}" in said
