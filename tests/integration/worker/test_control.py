"""Our own commands on tasks that wait, run, are paused and have ended."""

import os

from ccpar_hybrid.app.control import Control
from ccpar_hybrid.app.snapshot import TaskState
from tests.support.instance import GROUP, Instance, are_gone, are_stopped
from tests.support.waiting import wait_until

HOLD = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo the end"


def test_cancel_ends_a_running_a_paused_an_offered_and_a_waiting_task(instance: Instance) -> None:
    instance.setup(1)
    waiting = instance.add("echo never > never", label="waiting", delay="1h")
    after = instance.add("echo never > never", after=["waiting"])
    instance.cli("cancel", "waiting")
    assert instance.outcome(waiting).result == "cancelled"
    assert instance.outcome(after).result == "skipped"

    running = instance.add(HOLD, label="running")
    instance.wait_file("runs")
    pids = instance.pids("command.sh")
    instance.pueue("parallel", "-g", GROUP, "2")
    offered = instance.add("echo never > never", label="offered")
    instance.wait_for(offered, TaskState.OFFERED)
    instance.cli("cancel", "offered")
    assert instance.outcome(offered).result == "cancelled"
    instance.cli("cancel", "running")
    assert instance.outcome(running).result == "cancelled"
    assert are_gone(pids)
    instance.wait_idle()

    paused = instance.add(HOLD, label="paused")
    wait_until(lambda: instance.pids("command.sh"))
    pids = instance.pids("command.sh")
    instance.pueue("pause", instance.id(paused))
    wait_until(lambda: are_stopped(pids))
    instance.cli("cancel", "paused")
    assert instance.outcome(paused).result == "cancelled"
    assert are_gone(pids)
    assert not instance.file("never").exists()
    wait_until(lambda: not instance.pids("ccpar-task"))


def test_restart_works_at_the_moment_at_which_the_task_has_ended(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo run >> runs; false")
    assert instance.outcome(task).result == "failed"
    Control(instance.app).restart(instance.app.ledger.tasks()[0])
    wait_until(lambda: instance.attempts(task) == 2, message="it runs again")
    assert instance.settled(task).result == "failed"
    assert instance.file("runs").read_text() == "run\nrun\n"


def test_wait_and_log_follow_a_task_to_its_end(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo first; sleep 0.5; echo last; exit 4", label="story")
    followed = instance.cli("log", "story", "--follow").stdout
    assert "first" in followed
    assert "last" in followed
    assert "failed" in instance.cli("wait", "story", code=5).stdout
    assert instance.outcome(task).exit_code == 4


def test_waiting_tasks_can_be_edited_by_plain_pueue(instance: Instance) -> None:
    instance.setup(1)
    blocker = instance.add(HOLD)
    instance.wait_file("runs")
    task = instance.add("echo edited > edited", label="before")
    editor = instance.home / "editor"
    editor.write_text("#!/bin/sh\nfind \"$1\" -type f -exec sed -i 's/before/after/' {} +\n")
    editor.chmod(0o755)
    instance.environment["EDITOR"] = os.fspath(editor)
    instance.daemon.environment["EDITOR"] = os.fspath(editor)
    instance.pueue("edit", instance.id(task))
    assert "after" in instance.pueue("status")
    instance.file("go").touch()
    assert instance.outcome(task).result == instance.outcome(blocker).result == "succeeded"
