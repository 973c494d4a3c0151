"""`setup` after the daemon was killed: nothing lost, nothing twice."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest

from ccpar_hybrid.app import snapshot
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.account import AccountId
from ccpar_hybrid.scheduler.base import JobState
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


@pytest.mark.parametrize("group", [False, True])
def test_a_paused_task_stays_paused_over_the_daemons_death(instance: Instance, group: bool) -> None:
    instance.setup(1)
    task = instance.add("echo begun > begun; while [ ! -e go ]; do sleep 0.1; done")
    instance.wait_file("begun")
    instance.pueue("pause", *(("--group", "subissues") if group else (instance.id(task),)))
    (agent,) = instance.pids("command.sh")
    wait_until(lambda: is_stopped(agent), message="the agent is paused")
    recover(instance.app)
    crash_daemon(instance)

    report = instance.setup(1)
    assert report.recovered.again == (task,)
    assert report.paused == (["subissues"] if group else [])
    instance.wait_for(task, TaskState.PAUSED)
    wait_until(lambda: is_stopped(agent), message="the agent is paused again")
    instance.file("go").touch()
    instance.pueue("start", *(("--group", "subissues") if group else (instance.id(task),)))
    assert instance.settled(task).result == "succeeded"
    assert instance.attempts(task) == 1


def test_two_starts_that_nobody_saw_hide_nothing(instance: Instance) -> None:
    instance.setup(1)
    running = instance.add(UNTIL_GO)
    after = instance.add("echo after", after=[running])
    instance.wait_for(running, TaskState.RUNNING)
    crash_daemon(instance)
    assert instance.view(running).state is TaskState.RUNNING
    os.kill(instance.worker().pid, signal.SIGKILL)
    wait_until(lambda: instance.view(running).state is TaskState.UNKNOWN, message="nobody has it")
    crash_daemon(instance)
    instance.file("go").touch()
    assert instance.setup(1).recovered.again == (running,)
    assert instance.outcome(after).result == "succeeded"


def test_what_no_worker_had_is_cancelled_when_a_person_kills_it(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("parallel", "--group", "subissues", "2")
    first = instance.add(UNTIL_GO)
    instance.wait_for(first, TaskState.RUNNING)
    killed, cut_off = (instance.add(UNTIL_GO) for _ in range(2))
    instance.wait_for(killed, TaskState.OFFERED)
    crash_daemon(instance)
    assert set(instance.setup(1).recovered.again) == {first, killed}
    instance.pueue("parallel", "--group", "subissues", "3")
    instance.wait_for(cut_off, TaskState.OFFERED)
    instance.pueue("kill", instance.id(killed))
    wait_until(lambda: recover(instance.app).settled == (killed,), timeout_s=20)
    assert instance.outcome(killed).result == "cancelled"

    instance.pueue("kill", instance.id(cut_off))
    crash_daemon(instance)
    assert cut_off in instance.setup(1).recovered.again, "the daemon was not seen to outlive it"
    instance.file("go").touch()
    assert instance.outcome(cut_off).result == instance.outcome(first).result == "succeeded"
    assert instance.outcome(killed).result == "cancelled"


def test_a_shutdown_of_pueue_cuts_off_and_kills_nothing(instance: Instance) -> None:
    instance.setup(1)
    running = instance.add(UNTIL_GO)
    instance.wait_for(running, TaskState.RUNNING)
    after = instance.add("echo after", after=[running])
    instance.daemon.stop()
    instance.daemon.start()
    assert instance.setup(1).recovered.again == (running,)
    instance.file("go").touch()
    assert instance.outcome(after).result == "succeeded"
    assert instance.attempts(running) == 1


def test_what_was_skipped_for_a_task_that_was_only_cut_off_runs(instance: Instance) -> None:
    instance.setup(1)
    running = instance.add(UNTIL_GO)
    instance.wait_for(running, TaskState.RUNNING)
    after = instance.add("echo after", after=[running])
    last = instance.add("echo last", after=[after])
    crash_daemon(instance)
    instance.pueue("start", "--group", "subissues")
    jobs = instance.app.scheduler.snapshot
    wait_until(lambda: {job.state for job in jobs().jobs.values()} == {JobState.ENDED})
    assert set(recover(instance.app).again) == {running, after, last}
    instance.file("go").touch()
    assert instance.outcome(last).result == "succeeded"


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


def test_a_group_that_a_refused_login_paused_stays_paused(instance: Instance) -> None:
    instance.setup(1)
    accounts, now = instance.app.ledger.accounts, datetime.now(UTC)
    accounts.refuse_login(AccountId("claude:key-1"), "subissues", "log in", now)
    instance.pueue("pause", "--group", "subissues")
    accounts.paused_for_login("subissues", now)
    task = instance.add("echo more")
    crash_daemon(instance)  # before anybody copied its state
    assert instance.setup(1).paused == ["subissues"]
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
