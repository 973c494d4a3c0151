"""A ledger that cannot be written: nothing is told that does not stand in it."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.system.process import is_alive
from tests.support.instance import Instance
from tests.support.waiting import wait_until

UNTIL_GO = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo the end"


@contextmanager
def without_room(pid: int) -> Iterator[None]:
    """The process can write no byte more into any file, as on a full disk."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("no limit can be set for another process here")
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    if is_alive(pid):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def wait_held(instance: Instance) -> None:
    wait_until(lambda: instance.worker().state is WorkerState.HELD, timeout_s=30)
    assert "ledger" in instance.worker().detail


def test_an_outcome_waits_until_the_ledger_can_be_written(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(UNTIL_GO)
    instance.wait_file("runs")
    shim = instance.shim(task)
    with without_room(instance.worker().pid):
        instance.file("go").touch()
        wait_held(instance)
        assert instance.app.ledger.outcome(task) is None
        assert is_alive(shim)
    assert instance.settled(task).result == "succeeded"
    assert (instance.attempts(task), instance.file("runs").read_text()) == (1, "run\n")


def test_a_start_waits_until_the_ledger_can_be_written(instance: Instance) -> None:
    instance.setup(1)
    with without_room(instance.worker().pid):
        task = instance.add("echo run >> runs")
        wait_held(instance)
        assert not instance.file("runs").exists()
    assert instance.settled(task).result == "succeeded"
    assert instance.attempts(task) == 1


def test_a_worker_may_go_while_it_waits_for_the_ledger(instance: Instance) -> None:
    instance.setup(2)
    task = instance.add(UNTIL_GO)
    instance.wait_file("runs")
    name = instance.view(task).worker
    assert name
    pid = instance.worker(name).pid
    with without_room(pid):
        instance.file("go").touch()
        wait_until(lambda: instance.worker(name).state is WorkerState.HELD, timeout_s=30)
        os.kill(pid, signal.SIGTERM)
        instance.wait_for(task, TaskState.SUCCEEDED, timeout_s=30)
    assert instance.attempts(task) == 2
