"""What dies or hangs in a session comes back without anybody's help."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from ccpar_hybrid.app.session import Sessions
from ccpar_hybrid.system.process import is_alive
from ccpar_hybrid.tmux.session import SessionView
from tests.support.instance import GROUP, SESSION, Instance, are_gone, running_instance
from tests.support.waiting import wait_until

LONG_S = 40.0
UNTIL_GO = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo end >> ends"


@pytest.fixture
def instance() -> Iterator[Instance]:
    """With supervisors, and with workers that are soon taken for hung."""
    with running_instance(
        CCPAR_SUPERVISOR_RUN="true",
        CCPAR_SUPERVISOR_BEAT_S="0.5",
        CCPAR_SUPERVISOR_SILENT_S="6",
    ) as running:
        yield running


def view(instance: Instance) -> SessionView:
    found = Sessions(instance.app)._server.find_session(SESSION)
    assert found
    return found


def said(instance: Instance) -> str:
    """What the supervisor's window shows."""
    pane = view(instance).supervisor
    assert pane
    return instance.tmux.tmux("capture-pane", "-p", "-t", pane.pane_id)


def pid_of(instance: Instance, role: str) -> int:
    """The living process of the monitor or the supervisor; 0 while there is none."""
    pane = view(instance).supervisor if role == "supervisor" else view(instance).monitor
    return pane.pid if pane and not pane.dead and is_alive(pane.pid) else 0


def lines(instance: Instance, name: str) -> list[str]:
    file = instance.file(name)
    return file.read_text().splitlines() if file.exists() else []


def test_a_killed_worker_comes_back_and_its_task_goes_on(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(UNTIL_GO)
    wait_until(lambda: lines(instance, "runs"), timeout_s=LONG_S)
    pid = instance.worker().pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(lines(instance, "runs")) == 2, timeout_s=LONG_S)
    instance.file("go").touch()
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert (lines(instance, "ends"), instance.attempts(task)) == (["end"], 2)
    assert instance.worker().pid != pid
    # Which signal it was tmux may not know yet.
    assert re.search("w1 (was ended by signal 9|has ended); started again", said(instance))


def test_a_worker_that_hangs_is_replaced_and_a_living_one_is_not(instance: Instance) -> None:
    instance.setup(2)
    pids = {name: status.pid for name, status in instance.workers().items()}
    instance.pueue("pause", "--wait", "-g", GROUP)
    task = instance.add("echo run >> runs")
    file = instance.app.environment_file(SESSION)  # which a worker reads before each task
    kept = file.rename(file.with_suffix(".kept"))
    os.mkfifo(file)
    instance.pueue("start", "-g", GROUP)
    wait_until(lambda: len(instance.workers()) == 1, timeout_s=LONG_S, message="one hangs")
    (living,) = instance.workers()
    (hung,) = pids.keys() - {living}
    kept.replace(file)
    wait_until(lambda: are_gone([pids[hung]]), timeout_s=LONG_S, message="it is ended")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert lines(instance, "runs") == ["run"]
    wait_until(lambda: sorted(instance.workers()) == ["w1", "w2"], timeout_s=LONG_S)
    assert instance.worker(living).pid == pids[living]
    assert f"{hung} hangs: no heartbeat for 6 s" in said(instance)


@pytest.mark.parametrize("role", ["monitor", "supervisor"])
def test_a_killed_monitor_or_supervisor_comes_back(instance: Instance, role: str) -> None:
    instance.setup(1)
    wait_until(lambda: "looking after" in said(instance), timeout_s=LONG_S)
    killed = pid_of(instance, role)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: pid_of(instance, role) not in (0, killed), timeout_s=LONG_S)


def test_the_monitor_brings_back_a_supervisor_whose_death_tmux_missed(instance: Instance) -> None:
    instance.setup(1)
    wait_until(lambda: "looking after" in said(instance), timeout_s=LONG_S)
    pane = view(instance).supervisor
    assert pane
    instance.tmux.tmux("set-hook", "-p", "-u", "-t", pane.pane_id, "pane-died")
    os.kill(pane.pid, signal.SIGKILL)
    wait_until(lambda: pid_of(instance, "supervisor") not in (0, pane.pid), timeout_s=LONG_S)


def test_a_killed_pueued_comes_back_with_its_groups_and_running_tasks(instance: Instance) -> None:
    instance.setup(1)
    running, waiting = instance.add(UNTIL_GO), instance.add("echo waited >> ends")
    wait_until(lambda: lines(instance, "runs"), timeout_s=LONG_S)
    instance.daemon.kill()
    wait_until(lambda: "pueued was gone; started it" in said(instance), timeout_s=LONG_S)
    instance.file("go").touch()
    assert instance.outcome(running, timeout_s=LONG_S).result == "succeeded"
    assert instance.outcome(waiting, timeout_s=LONG_S).result == "succeeded"
    assert (lines(instance, "runs"), lines(instance, "ends")) == (["run"], ["end", "waited"])
    assert not instance.app.scheduler.snapshot().groups[GROUP].paused


def test_stop_is_not_undone_by_the_supervisor(instance: Instance) -> None:
    instance.setup(2)
    supervisor = pid_of(instance, "supervisor")
    Sessions(instance.app).stop(SESSION, now=False)
    assert Sessions(instance.app)._server.find_session(SESSION) is None
    wait_until(lambda: are_gone([supervisor]), timeout_s=LONG_S)
    assert instance.workers() == {}
    assert instance.setup(1).created


def test_a_session_without_a_supervisor_gets_one_by_the_next_setup(instance: Instance) -> None:
    instance.setup(1)
    pane = view(instance).supervisor
    assert pane
    instance.tmux.tmux("kill-pane", "-t", pane.pane_id)
    assert pid_of(instance, "supervisor") == 0
    worker = instance.worker().pid
    instance.setup(1)
    wait_until(lambda: "looking after" in said(instance), timeout_s=LONG_S)
    assert instance.worker().pid == worker


def test_one_session_has_one_supervisor(instance: Instance) -> None:
    instance.setup(1)
    wait_until(lambda: "looking after" in said(instance), timeout_s=LONG_S)
    refused = instance.cli("supervisor", code=6)
    assert f"is held by process {pid_of(instance, 'supervisor')}" in refused.stderr
