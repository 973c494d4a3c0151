from __future__ import annotations

import os
from pathlib import Path

import pytest

from ccpar_hybrid.system.process import run
from ccpar_hybrid.system.scope import (
    Scopes,
    find_scopes,
    group_of,
    kills_for_memory,
    scoped,
)
from tests.support.systemd import install_systemd_run


@pytest.fixture
def bin(tmp_path: Path) -> Path:
    return tmp_path / "bin"


def found(bin: Path) -> Scopes:
    return find_scopes({"PATH": f"{bin}:/usr/bin:/bin"})


def test_a_manager_that_bounds_both_is_used(bin: Path) -> None:
    install_systemd_run(bin)
    scopes = found(bin)
    assert (scopes.memory, scopes.cpus) == (True, True)
    assert scopes.command[:2] == (str(bin / "systemd-run"), "--user")


def test_only_what_the_group_really_has_is_believed(bin: Path) -> None:
    install_systemd_run(bin, cpus=False)
    assert (found(bin).memory, found(bin).cpus) == (True, False)


def test_a_manager_that_bounds_nothing_is_not_used(bin: Path) -> None:
    install_systemd_run(bin, memory=False, cpus=False)
    assert found(bin) == Scopes()


def test_root_without_a_manager_of_its_own_uses_the_systems(
    bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    install_systemd_run(bin, refused="--user")
    assert found(bin).command[1] == "--system"


def test_another_user_never_asks_the_systems_manager(
    bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    log = install_systemd_run(bin, refused="--user")
    assert found(bin) == Scopes()
    assert "--system" not in log.read_text()


def test_without_the_program_there_are_no_scopes(bin: Path) -> None:
    bin.mkdir()
    assert find_scopes({"PATH": str(bin)}) == Scopes()


def test_the_program_becomes_the_scope(bin: Path) -> None:
    log = install_systemd_run(bin)
    argv = scoped(found(bin), ["echo", "a b", "$x"], memory_mib=2048, cpus=1.5)
    assert run(argv, timeout_s=10).stdout == "a b $x\n"
    last = log.read_text().splitlines()[-1]
    assert "-p MemoryMax=2048M -p MemorySwapMax=0 -p CPUQuota=150% -- echo" in last


def test_what_scopes_cannot_bound_is_not_asked_of_them() -> None:
    memory_only = Scopes(("systemd-run",), memory=True, cpus=False)
    assert scoped(memory_only, ["x"], memory_mib=None, cpus=2) == ("x",)
    assert scoped(Scopes(), ["x"], memory_mib=64, cpus=2) == ("x",)
    assert "CPUQuota=200%" not in scoped(memory_only, ["x"], memory_mib=64, cpus=2)


def test_the_group_is_read_from_the_processes_record(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text("3:memory:/old\n0::/user.slice/run-1.scope\n")
    assert group_of(7, tmp_path) == "/user.slice/run-1.scope"
    assert group_of(8, tmp_path) == ""


def test_kills_are_counted_while_the_group_is_there(tmp_path: Path) -> None:
    place = tmp_path / "run-1.scope"
    place.mkdir()
    (place / "memory.events").write_text("low 0\nmax 12\noom 2\noom_kill 1\n")
    assert kills_for_memory("/run-1.scope", tmp_path) == 1
    assert kills_for_memory("/gone.scope", tmp_path) is None
