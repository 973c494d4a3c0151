"""pueued kills what it has started when it is shut down: that is no wish of anybody's."""

from __future__ import annotations

import os
import signal

import pytest

from ccpar_hybrid.core.task import TaskKey
from tests.support.instance import Instance, are_gone
from tests.support.waiting import wait_until

UNTIL_GO = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo the end"


def begun(instance: Instance) -> tuple[TaskKey, str, int]:
    """A task at work, its Pueue id, and its shim."""
    instance.setup(1)
    task = instance.add(UNTIL_GO)
    instance.wait_file("runs")
    return task, instance.id(task), instance.shim(task)


def goes_on(instance: Instance) -> None:
    """The worker has heard of the end of its shim, and of the daemon's."""
    wait_until(lambda: "Pueue has ended; this run goes on" in story(instance))
    assert instance.worker().state == "working"


def story(instance: Instance) -> str:
    return "".join(file.read_text() for file in instance.home.rglob("output.log"))


@pytest.mark.parametrize("how", ["TERM", "shutdown"])
def test_a_run_goes_on_without_its_shim_and_the_next_one_attaches(
    instance: Instance, how: str
) -> None:
    task, number, shim = begun(instance)
    if how == "shutdown":
        instance.pueue("shutdown")
    instance.daemon.stop()
    wait_until(lambda: are_gone([shim]))
    goes_on(instance)

    instance.daemon.start()
    instance.pueue("restart", "-i", number)
    instance.pueue("start", "-g", "subissues")
    wait_until(lambda: instance.pids(f"ccpar-task {task}"), message="a second shim")
    wait_until(lambda: "attempt 1" in instance.log(task), message="it has attached")
    instance.file("go").touch()
    assert instance.settled(task).result == "succeeded"
    assert instance.file("runs").read_text().split() == ["run"]
    assert "the end" in instance.log(task)


def test_what_ends_meanwhile_is_told_to_the_next_shim_and_does_not_run_again(
    instance: Instance,
) -> None:
    task, number, _ = begun(instance)
    instance.daemon.stop()
    goes_on(instance)
    instance.file("go").touch()
    wait_until(lambda: instance.app.ledger.outcome(task))
    instance.wait_idle()

    instance.daemon.start()
    instance.pueue("restart", "-i", number)
    instance.pueue("start", "-g", "subissues")
    wait_until(lambda: "settled before: succeeded" in instance.log(task))
    assert instance.settled(task).result == "succeeded"
    assert instance.file("runs").read_text().split() == ["run"]


def test_a_shim_that_dies_after_its_daemon_cancels_nothing(instance: Instance) -> None:
    task, _, shim = begun(instance)
    instance.daemon.kill()
    os.kill(shim, signal.SIGKILL)
    goes_on(instance)
    assert instance.app.ledger.outcome(task) is None
    instance.cli("cancel", task, code=4)  # the queue does not answer
    instance.daemon.start()
    instance.file("go").touch()
    wait_until(lambda: instance.app.ledger.outcome(task))


def test_a_kill_right_after_a_daemons_start_cancels(instance: Instance) -> None:
    instance.setup(1)
    instance.daemon.stop()
    instance.daemon.start()
    task = instance.add(UNTIL_GO)
    instance.wait_file("runs")
    instance.pueue("kill", instance.id(task))
    assert instance.outcome(task).result == "cancelled"
    instance.wait_idle()


def test_a_term_through_pueue_cancels(instance: Instance) -> None:
    task, number, _ = begun(instance)
    instance.pueue("kill", "-s", "term", number)
    assert instance.settled(task).result == "cancelled"
