"""A full disk stops work cleanly, nothing is lost or done twice, and it goes on by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.worker import WorkerState
from tests.support.instance import GROUP, Instance, running_instance
from tests.support.paths import make_home
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.waiting import wait_until

UNTIL_GO = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo end >> runs"
WAIT_S = 40.0


@contextmanager
def instance_on(where: str, **variables: str) -> Iterator[tuple[Instance, SmallDisk]]:
    """An instance with one of its directories on a small disk of its own."""
    home = make_home()
    try:
        with small_disk(home / where) as disk, running_instance(home, **variables) as instance:
            yield instance, disk
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_a_task_that_ends_on_a_full_disk_is_recorded_once_there_is_room() -> None:
    with instance_on("state") as (instance, disk):
        instance.setup(2)
        task = instance.add(UNTIL_GO)
        instance.wait_file("runs")
        disk.fill()
        for words in (("add", "x"), ("setup",)):
            said = instance.cli(*words, code=4).stderr
            assert f"no space left on the device of {instance.app.paths.state}" in said
            assert "free some space and try again" in said

        instance.file("go").touch()
        view = instance.wait_for(task, TaskState.HELD, timeout_s=WAIT_S)
        assert "no space left on the device" in view.detail
        assert "no space left on the device" in instance.cli("status").stdout
        disk.free()
        assert instance.outcome(task, timeout_s=WAIT_S).result == "succeeded"
        assert (instance.attempts(task), instance.wait_file("runs")) == (1, "run\nend\n")


def test_a_task_waits_for_room_before_it_begins() -> None:
    with instance_on("state") as (instance, disk):
        instance.setup(1)
        instance.pueue("pause", "--group", GROUP)
        task = instance.add("echo run >> runs")
        disk.fill()
        instance.pueue("start", "--group", GROUP)
        wait_until(lambda: instance.worker().state is WorkerState.HELD, timeout_s=WAIT_S)
        assert instance.worker().detail.startswith("waits for disk: 0 of 8 MiB free (state: ")
        disk.free()
        assert instance.outcome(task, timeout_s=WAIT_S).result == "succeeded"
        assert instance.wait_file("runs") == "run\n"


def test_a_run_outlives_a_daemon_that_cannot_save_its_state() -> None:
    with instance_on("pueue") as (instance, disk):
        instance.setup(1)
        task = instance.add(UNTIL_GO)
        dependent = instance.add("echo after >> runs", after=[task])
        quick = instance.add("true", priority=-5)
        instance.wait_file("runs")
        disk.fill()
        said = instance.cli("add", "x", code=4).stderr
        assert "Pueue has no room to save its state" in said

        instance.file("go").touch()
        assert instance.outcome(task, timeout_s=WAIT_S).result == "succeeded"
        instance.daemon.wait_end()
        disk.free()
        instance.daemon.start()
        instance.setup(1)
        for each in (dependent, quick):
            assert instance.outcome(each, timeout_s=WAIT_S).result == "succeeded"
        assert (instance.attempts(task), instance.wait_file("runs")) == (1, "run\nend\nafter\n")


def test_the_supervisor_starts_the_daemon_again_as_soon_as_there_is_room() -> None:
    with instance_on("pueue", CCPAR_SUPERVISOR_RUN="true") as (instance, disk):
        instance.setup(1)
        task = instance.add(UNTIL_GO)
        dependent = instance.add("echo after >> runs", after=[task])
        instance.wait_file("runs")
        disk.fill()
        instance.file("go").touch()
        instance.daemon.wait_end()
        said = instance.cli("setup", code=4).stderr
        assert "no room for Pueue's state in " in said

        disk.free()
        assert instance.outcome(dependent, timeout_s=WAIT_S).result == "succeeded"
        assert (instance.attempts(task), instance.wait_file("runs")) == (1, "run\nend\nafter\n")


def test_tasks_wait_while_nothing_can_be_made_in_the_runtime_directory() -> None:
    with instance_on("run") as (instance, disk):
        instance.setup(1)
        disk.take_files()
        task = instance.add("echo run >> runs")
        wait_until(lambda: "no room for an offer" in instance.log(task), timeout_s=WAIT_S)
        disk.free()
        assert instance.outcome(task, timeout_s=WAIT_S).result == "succeeded"
        assert instance.wait_file("runs") == "run\n"
