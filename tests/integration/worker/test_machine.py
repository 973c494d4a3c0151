"""What the machine has, and what a task may use of it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.core.outcome import Cause
from ccpar_hybrid.core.worker import WorkerState
from tests.support.instance import Instance, are_gone, running_instance
from tests.support.systemd import install_systemd_run
from tests.support.waiting import wait_until

MORE_THAN_ANY = str(1 << 40)
TAKE = "block = bytearray(b'x' * ({mib} << 20)); import time; time.sleep(60)"
PYTHON = shlex.quote(sys.executable)


def test_a_task_waits_for_memory_and_says_so_everywhere() -> None:
    with running_instance(CCPAR_MACHINE_FREE_MEMORY_MIB=MORE_THAN_ANY) as instance:
        instance.setup(1)
        task = instance.add("echo never > ran", label="big")
        wait_until(lambda: instance.worker().state is WorkerState.HELD, timeout_s=20)
        assert instance.worker().detail.startswith("waits for memory: ")
        wait_until(lambda: "waits for memory: " in instance.log(task), timeout_s=20)
        assert "waits for memory" in instance.cli("status").stdout
        assert "waits for memory" in instance.screen()

        instance.cli("cancel", "big")
        assert instance.outcome(task).result == "cancelled"
        assert not instance.file("ran").exists()


def test_a_task_that_takes_more_memory_than_it_may_is_stopped_with_the_evidence(
    instance: Instance,
) -> None:
    instance.setup(1)
    hidden = f"{PYTHON} -c {shlex.quote(TAKE.format(mib=150))}"
    task = instance.add(f"setsid {hidden} & sleep 60", memory="100M")
    outcome = instance.outcome(task, timeout_s=30)
    assert outcome.result == "failed"
    assert "of the 100 MiB of memory that it may use, of them python" in outcome.reason
    assert instance.app.ledger.attempts(task)[-1].cause is Cause.MACHINE
    assert "may use 100 MiB of memory (watched)" in instance.log(task)
    wait_until(lambda: not instance.pids("bytearray"), timeout_s=20)


def test_a_task_within_its_memory_is_let_alone(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("sleep 1.5; echo fine > fine", memory="1G", cpus=1.0)
    assert instance.outcome(task).result == "succeeded"


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core only")
def test_a_task_gets_so_many_cores_and_what_it_starts_too(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("(setsid nproc > cores)", cpus=0.5)
    assert instance.wait_file("cores") == "1\n"
    assert instance.outcome(task).result == "succeeded"
    assert "may use 0.5 of the cores (bound to 1)" in instance.log(task)


def test_where_systemd_serves_the_user_a_bounded_task_runs_in_a_scope(tmp_path: Path) -> None:
    log = install_systemd_run(tmp_path / "bin")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    with running_instance(PATH=path) as instance:
        instance.setup(1)
        plain = instance.add("echo plain > plain")
        assert instance.outcome(plain).result == "succeeded"
        assert log.read_text() == ""

        bounded = instance.add("echo $PPID > parent; echo bounded > bounded", memory="2G", cpus=1.5)
        assert instance.outcome(bounded).result == "succeeded"
        assert "MemoryMax=2048M -p MemorySwapMax=0 -p CPUQuota=150% -- /bin/sh" in log.read_text()
        assert int(instance.wait_file("parent")) == instance.worker().pid
        assert "2 GiB of memory (bounded by a control group)" in instance.log(bounded)


def test_what_hid_from_a_killed_worker_with_another_environment_is_ended_too(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = instance.add(
        "[ -e again ] && exit; touch again; trap '' HUP\n"
        "(setsid env -i sh -c 'trap \"\" TERM HUP; exec sleep 341' < /dev/null > /dev/null 2>&1 &)"
        "\nsleep 342"
    )
    record = Path(instance.app.paths.processes, task)
    hidden = wait_for_pid("sleep 341")
    wait_until(lambda: record.exists() and str(hidden) in record.read_text(), timeout_s=20)

    os.kill(instance.worker().pid, signal.SIGKILL)
    wait_until(lambda: not instance.workers())
    instance.setup(1)
    assert instance.outcome(task).result == "succeeded"
    assert are_gone([hidden])
    wait_until(lambda: not record.exists())


def wait_for_pid(text: str) -> int:
    """The one process with this command line; its environment is not that of the instance."""
    found: list[int] = []

    def look() -> bool:
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = place.read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:
                continue
            if words == text:
                found[:] = [int(place.parent.name)]
        return bool(found)

    wait_until(look, timeout_s=20)
    return found[0]
