"""Sessions that grow, shrink, are mended and end while tasks run."""

import os
import signal
import threading

import pytest

from ccpar_hybrid.app.session import Sessions, Wanted
from ccpar_hybrid.app.session_record import Report
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.worker import WorkerState
from tests.support.instance import GROUP, SESSION, Instance, are_gone, running_instance
from tests.support.waiting import wait_until

HOLD = "echo $CCPAR_WORKER >> workers; while [ ! -e go ]; do sleep 0.05; done"


def busy(instance: Instance) -> list[str]:
    file = instance.file("workers")
    return file.read_text().split() if file.exists() else []


def slots(instance: Instance) -> int:
    return instance.app.scheduler.snapshot().groups[GROUP].slots


def test_workers_are_added_and_removed_while_tasks_run_and_no_busy_one_is_disturbed(
    instance: Instance,
) -> None:
    instance.setup(2)
    tasks = [instance.add(HOLD) for _ in range(3)]
    wait_until(lambda: len(busy(instance)) == 2)
    pids = {status.pid for status in instance.workers().values()}

    assert instance.setup(3).added == ["w3"]
    wait_until(lambda: len(busy(instance)) == 3)
    assert slots(instance) == 3
    assert pids <= {status.pid for status in instance.workers().values()}

    report = instance.setup(1)
    assert sorted(report.draining) == ["w2", "w3"]
    assert slots(instance) == 1
    assert all(instance.view(task).state is TaskState.RUNNING for task in tasks)
    instance.file("go").touch()
    for task in tasks:
        assert instance.outcome(task).result == "succeeded"
        assert instance.attempts(task) == 1
    wait_until(lambda: list(instance.workers()) == ["w1"])
    assert sorted(instance.setup(1).removed) == ["w2", "w3"]
    after = instance.add("echo $CCPAR_WORKER > last")
    assert instance.outcome(after).result == "succeeded"
    assert instance.file("last").read_text() == "w1\n"


def test_a_busy_worker_that_was_to_leave_can_stay(instance: Instance) -> None:
    instance.setup(2)
    tasks = [instance.add(HOLD) for _ in range(2)]
    wait_until(lambda: len(busy(instance)) == 2)
    assert instance.setup(1).draining == ["w2"]
    instance.setup(2)
    instance.file("go").touch()
    for task in tasks:
        assert instance.outcome(task).result == "succeeded"
    instance.file("go").unlink()
    wait_until(lambda: not instance.workers().get("w2") or not instance.worker("w2").draining)
    instance.setup(2)
    more = [instance.add(HOLD) for _ in range(2)]
    wait_until(lambda: len(busy(instance)) == 4, message="both workers work again")
    instance.file("go").touch()
    for task in more:
        assert instance.outcome(task).result == "succeeded"


def test_two_setups_at_once_make_one_session(instance: Instance) -> None:
    reports: list[Report] = []

    def setup() -> None:
        reports.append(Sessions(instance.app).setup(Wanted(SESSION, {GROUP: 2}, agent="command")))

    threads = [threading.Thread(target=setup) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(report.created for report in reports) == [False, True]
    assert sorted(instance.workers()) == ["w1", "w2"]
    assert instance.tmux.lines("list-sessions", "-F", "#{session_name}") == [SESSION]


def test_killed_panes_are_mended_by_the_next_setup(instance: Instance) -> None:
    instance.setup(2)
    instance.tmux.tmux("kill-pane", "-t", instance.pane("w2"))
    instance.tmux.tmux("kill-pane", "-t", instance.pane("monitor"))
    wait_until(lambda: list(instance.workers()) == ["w1"])
    instance.setup(2)
    wait_until(lambda: sorted(instance.workers()) == ["w1", "w2"])
    assert instance.pane("monitor")
    tasks = [instance.add(HOLD) for _ in range(2)]
    wait_until(lambda: sorted(busy(instance)) == ["w1", "w2"])
    instance.file("go").touch()
    for task in tasks:
        assert instance.outcome(task).result == "succeeded"


def test_a_pane_killed_under_a_running_task_leaves_nothing_and_the_task_runs_elsewhere(
    instance: Instance,
) -> None:
    instance.setup(2)
    task = instance.add(f"{HOLD}; echo over > over")
    wait_until(lambda: busy(instance))
    first = instance.pids("command.sh")
    instance.tmux.tmux("kill-pane", "-t", instance.pane(busy(instance)[0]))
    wait_until(lambda: len(busy(instance)) == 2, message="it runs again")
    assert are_gone(first)
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"


def test_stop_lets_running_tasks_finish_and_leaves_the_queue_for_the_next_session(
    instance: Instance,
) -> None:
    instance.setup(1)
    running = instance.add(HOLD)
    queued = instance.add("echo later > later")
    wait_until(lambda: busy(instance))
    stopping = threading.Thread(target=lambda: Sessions(instance.app).stop(SESSION, now=False))
    stopping.start()
    wait_until(lambda: instance.worker().draining)
    instance.file("go").touch()
    stopping.join(30)
    assert instance.outcome(running).result == "succeeded"
    assert not instance.file("later").exists()
    assert instance.workers() == {}
    instance.setup(1)
    assert instance.outcome(queued).result == "succeeded"


def test_stop_now_cancels_what_runs_and_keeps_what_waits(instance: Instance) -> None:
    instance.setup(1)
    running = instance.add(HOLD)
    queued = instance.add("echo later > later")
    wait_until(lambda: busy(instance))
    Sessions(instance.app).stop(SESSION, now=True)
    assert instance.outcome(running).result == "cancelled"
    assert not instance.view(queued).is_ended
    instance.setup(1)
    assert instance.outcome(queued).result == "succeeded"


def test_a_worker_that_gets_term_ends_its_agent_and_leaves_the_task_to_the_next(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = instance.add(HOLD)
    wait_until(lambda: busy(instance))
    first = instance.pids("command.sh")
    os.kill(instance.worker().pid, signal.SIGTERM)
    wait_until(lambda: not instance.workers())
    assert are_gone(first)
    instance.wait_for(task, TaskState.OFFERED)
    instance.setup(1)
    wait_until(lambda: len(busy(instance)) == 2)
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"


def test_tasks_outlive_the_tmux_server(instance: Instance) -> None:
    instance.setup(2)
    tasks = [instance.add(HOLD) for _ in range(2)]
    wait_until(lambda: len(busy(instance)) == 2)
    first = instance.pids("command.sh")
    instance.tmux.close()
    wait_until(lambda: are_gone(first) and not instance.workers())
    instance.setup(2)
    wait_until(lambda: len(busy(instance)) == 4)
    instance.file("go").touch()
    for task in tasks:
        assert instance.outcome(task).result == "succeeded"
        assert instance.attempts(task) == 2


def test_an_idle_worker_says_who_it_is_and_what_it_did_last(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("true", label="a small thing")
    instance.outcome(task)
    status = instance.wait_idle()
    assert status.state is WorkerState.IDLE
    screen = instance.screen()
    for words in ("w1", GROUP, "a small thing succeeded", "waiting for work"):
        assert words in screen


def test_a_later_setup_gives_the_tasks_after_it_its_own_environment(instance: Instance) -> None:
    instance.setup(1)
    pid = instance.worker().pid
    instance.app.environment["FLAVOUR"] = "vanilla"
    instance.setup(1)
    task = instance.add('echo "$FLAVOUR" > flavour')
    assert instance.outcome(task).result == "succeeded"
    assert instance.file("flavour").read_text() == "vanilla\n"
    assert instance.worker().pid == pid


def test_setup_tells_what_would_surprise(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("pause", "--wait", "-g", GROUP)
    said = instance.cli("setup").stdout
    assert "tasks that name no agent get command" in said
    assert f"group {GROUP} is paused; start it: pueue start -g {GROUP}" in said
    instance.cli("stop")
    assert "--session second 'PROMPT'" in instance.cli("setup", "1", "--session", "second").stdout
    instance.cli("stop", "--session", "second")


def test_setup_from_a_shell_that_lacks_what_a_queued_task_needs_is_refused() -> None:
    with running_instance(CCPAR_CLAUDE_COMMAND="my-claude") as instance:
        instance.setup(1)
        instance.pueue("pause", "-g", "subissues", "--wait")
        program = instance.home / "here" / "my-claude"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        instance.app.environment["PATH"] += f":{program.parent}"
        instance.setup(1)
        task = instance.add("look", agent="claude")
        program.unlink()
        with pytest.raises(MissingPart, match="a queued task needs claude"):
            instance.setup(1)
        instance.cli("cancel", task)
        instance.setup(1)


def test_a_session_that_stops_leaves_the_group_the_slots_of_the_others(instance: Instance) -> None:
    instance.setup(1)
    other = Wanted("other", {"subissues": 2}, layout="auto", agent="command")
    Sessions(instance.app).setup(other)
    assert instance.app.scheduler.snapshot().groups["subissues"].slots == 3
    Sessions(instance.app).stop("other", now=False)
    group = instance.app.scheduler.snapshot().groups["subissues"]
    assert (group.slots, group.paused) == (1, False)
