"""`setup` after the daemon was killed: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal

from ccpar_hybrid.app import snapshot
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.system.process import is_stopped
from tests.integration.worker.test_crash import UNTIL_GO, crash_daemon
from tests.support.instance import Instance, are_gone, running_instance
from tests.support.waiting import wait_until


def test_setup_brings_back_what_the_daemons_death_cut_off(instance: Instance) -> None:
    instance.setup(2)
    done = instance.add("echo done >> story", label="done")
    going = instance.add("while [ ! -e go ]; do sleep 0.1; done; echo going >> story")
    instance.wait_file("story")
    after = instance.add("echo after >> story", after=[going])
    instance.wait_for(going, TaskState.RUNNING)
    crash_daemon(instance)

    report = instance.setup(2)
    assert going in report.recovered.again
    instance.file("go").touch()
    assert instance.outcome(after).result == "succeeded"
    assert instance.file("story").read_text().split() == ["done", "going", "after"]
    assert [instance.attempts(task) for task in (done, going, after)] == [1, 1, 1]


def test_a_paused_task_is_not_cancelled_by_the_daemons_death(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo begun > begun; while [ ! -e go ]; do sleep 0.1; done")
    instance.wait_file("begun")
    instance.pueue("pause", instance.id(task))
    wait_until(lambda: is_stopped(instance.shim(task)), message="the shim is paused")
    crash_daemon(instance)

    assert instance.setup(1).recovered.again == (task,)
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"
    assert instance.attempts(task) == 1


def test_setup_leaves_what_a_person_killed(instance: Instance) -> None:
    instance.setup(1)
    killed = instance.add("sleep 1000")
    instance.wait_for(killed, TaskState.RUNNING)
    instance.pueue("kill", instance.id(killed))
    assert instance.outcome(killed).result == "cancelled"
    assert instance.setup(1).recovered.again == ()
    assert instance.attempts(killed) == 1


def test_a_task_of_a_worker_that_died_with_the_daemon_runs_again(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo again >> story; [ -e second ] || { echo x > second; sleep 1000; }")
    instance.wait_file("second", timeout_s=15)
    os.kill(instance.worker().pid, signal.SIGKILL)
    crash_daemon(instance)

    assert instance.setup(1).recovered.again == (task,)
    assert instance.outcome(task).result == "succeeded"
    assert instance.attempts(task) == 2


def test_setup_goes_on_with_what_only_waited_when_the_daemon_died(instance: Instance) -> None:
    instance.setup(1)
    first = instance.add(UNTIL_GO)
    task = instance.add("echo done > done")
    instance.wait_for(first, TaskState.RUNNING)
    crash_daemon(instance)
    recovered = instance.setup(1).recovered
    assert (recovered.again, recovered.groups) == ((first,), ("subissues",))
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"


def test_a_group_that_a_person_paused_stays_paused(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("pause", "--group", "subissues")
    task = instance.add("echo more")
    assert recover(instance.app).is_nothing
    crash_daemon(instance)
    report = instance.setup(1)
    assert report.recovered.is_nothing
    assert report.paused == ["subissues"]
    instance.pueue("start", "--group", "subissues")
    assert instance.outcome(task).result == "succeeded"


QUEUES = """\
PATH=$XDG_STATE_HOME/ccpar-hybrid/bin:$PATH
pueue add -g subissues -- exec ccpar-task --prompt-file next
"""


def test_what_an_agent_queued_by_hand_is_no_rest_of_its_run(instance: Instance) -> None:
    instance.setup(2)
    instance.file("next").write_text("echo begun > begun; while [ ! -e go ]; do sleep 0.1; done")
    first = instance.add(QUEUES)
    instance.wait_file("begun")
    instance.outcome(first)
    task = next(view for view in snapshot.take(instance.app).tasks if view.key != first)
    (idle,) = set(instance.workers()) - {task.worker}
    instance.wait_idle(idle)
    pid = instance.worker(idle).pid
    crash_daemon(instance)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: are_gone([pid]))

    assert idle in instance.setup(2).restarted
    instance.wait_idle(idle)
    instance.file("go").touch()
    assert instance.outcome(task.key).result == "succeeded"


STUBBORN = """\
echo begun >> begun
[ $(wc -l < begun) -ge 2 ] && exit 0
trap '' TERM HUP
while :; do sleep 0.1; done
"""


def test_a_worker_that_is_slow_to_go_takes_nothing_from_its_successor() -> None:
    with running_instance(CCPAR_AGENT_GRACE_S="2") as instance:
        instance.setup(2)
        task = instance.add(STUBBORN)
        instance.wait_file("begun")
        old = [status.pid for status in instance.workers().values()]
        os.kill(int(instance.tmux.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)

        assert instance.setup(2).created
        assert instance.outcome(task).result == "succeeded"
        wait_until(lambda: are_gone(old))
        assert set(instance.workers()) == {"w1", "w2"}
