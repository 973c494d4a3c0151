"""Any process may be SIGKILLed: no task is lost, none runs twice at once."""

import os
import signal

from ccpar_hybrid.app.snapshot import TaskState
from tests.support.instance import Instance, are_gone, are_stopped
from tests.support.waiting import wait_until

TWICE = """\
echo run >> runs
[ $(wc -l < runs) -ge 2 ] && { echo second run; exit 0; }
(setsid sh -c 'trap "" TERM HUP; exec sleep 321' > /dev/null 2>&1 < /dev/null &)
trap '' HUP TERM
while [ ! -e go ]; do sleep 0.1; done
echo first run ended >> runs
"""
UNTIL_GO = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo the end"


def runs(instance: Instance) -> list[str]:
    file = instance.file("runs")
    return file.read_text().splitlines() if file.exists() else []


def first_run(instance: Instance) -> list[int]:
    """The pids of the agent's processes."""
    wait_until(lambda: runs(instance) and instance.pids("sleep 321"))
    return [*instance.pids("sleep 321"), *instance.pids("command.sh")]


def test_a_task_whose_worker_was_killed_runs_again_elsewhere_and_nothing_of_the_first_run_is_left(
    instance: Instance,
) -> None:
    instance.setup(2)
    task = instance.add(TWICE)
    pids = first_run(instance)
    shim = instance.shim(task)
    name = instance.view(task).worker
    assert name

    os.kill(instance.worker(name).pid, signal.SIGKILL)
    outcome = instance.outcome(task)
    assert (outcome.result, instance.attempts(task)) == ("succeeded", 2)
    assert runs(instance) == ["run", "run"]
    assert are_gone(pids)
    wait_until(lambda: are_gone([shim]))
    log = instance.log(task)
    assert "the worker is gone; offering the task again" in log
    assert "second run" in log
    assert instance.setup(2).restarted == [name]


def test_a_respawned_worker_takes_the_task_of_its_killed_predecessor(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(TWICE)
    pids = first_run(instance)
    os.kill(instance.worker().pid, signal.SIGKILL)
    wait_until(lambda: not instance.workers())
    instance.wait_for(task, TaskState.OFFERED)

    assert instance.setup(1).restarted == ["w1"]
    assert instance.outcome(task).result == "succeeded"
    assert are_gone(pids)
    assert runs(instance) == ["run", "run"]


def test_a_respawned_worker_ends_what_a_cancelled_run_of_a_killed_worker_left(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = instance.add(TWICE)
    pids = first_run(instance)
    instance.pueue("pause", instance.id(task))
    wait_until(lambda: are_stopped(pids))
    os.kill(instance.worker().pid, signal.SIGKILL)
    wait_until(lambda: not instance.workers())
    instance.pueue("kill", instance.id(task))

    instance.setup(1)
    wait_until(lambda: are_gone(pids))
    instance.wait_idle()
    assert runs(instance) == ["run"]


def test_a_killed_shim_ends_the_run(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(TWICE)
    pids = first_run(instance)
    os.kill(instance.shim(task), signal.SIGKILL)
    assert instance.outcome(task).result == "cancelled"
    wait_until(lambda: are_gone(pids))
    instance.wait_idle()


def crash_daemon(instance: Instance) -> None:
    instance.daemon.kill()
    instance.daemon.start()


def test_a_run_outlives_the_daemon_and_a_restarted_task_attaches_to_it(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(UNTIL_GO)
    wait_until(lambda: runs(instance))
    number = instance.id(task)
    crash_daemon(instance)
    assert instance.view(task).state is TaskState.RUNNING

    instance.pueue("restart", "-i", number)
    instance.pueue("start", "-g", "subissues")
    wait_until(lambda: len(instance.pids(f"ccpar-task {task}")) == 2, message="two shims")
    wait_until(lambda: "attempt 1" in instance.log(task), message="the second one has attached")
    instance.file("go").touch()
    assert instance.settled(task).result == "succeeded"
    assert (runs(instance), instance.attempts(task)) == (["run"], 1)
    assert "the end" in instance.log(task)
    assert '"Success"' in instance.pueue("status", "--json")
    wait_until(lambda: not instance.pids(f"ccpar-task {task}"))

    instance.pueue("restart", "-i", number)
    wait_until(lambda: runs(instance) == ["run", "run"], message="asked again, it runs again")


def test_a_run_that_ended_without_its_daemon_is_told_to_the_next_and_not_run_again(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = instance.add(UNTIL_GO)
    wait_until(lambda: runs(instance))
    after = instance.add("echo after > after", after=[task])
    number = instance.id(task)
    instance.daemon.kill()
    instance.file("go").touch()
    wait_until(lambda: instance.app.ledger.outcome(task))
    instance.daemon.start()

    instance.pueue("restart", "-i", number)
    instance.pueue("start", "-g", "subissues")
    assert instance.outcome(after).result == "succeeded"
    assert (runs(instance), instance.attempts(task)) == (["run"], 1)
    assert "settled before" in instance.log(task)

    instance.pueue("restart", "-i", number)
    wait_until(lambda: runs(instance) == ["run", "run"], message="asked again, it runs again")
    assert instance.settled(task).result == "succeeded"


def test_two_shims_of_one_key_share_one_run_its_outcome_and_its_log(instance: Instance) -> None:
    instance.setup(2)
    task = instance.add(UNTIL_GO)
    wait_until(lambda: runs(instance))
    first = instance.id(task)
    second = str(instance.pueue_add("-g", "subissues", "--", "exec", "ccpar-task", task))
    place = instance.daemon.directory / "task_logs"

    def logs() -> list[str]:
        files = [place / f"{number}.log" for number in (first, second)]
        return [file.read_text() if file.exists() else "" for file in files]

    wait_until(lambda: all("attempt 1" in text for text in logs()), message="both hear it")
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"
    wait_until(lambda: all("✔" in text for text in logs()))
    assert runs(instance) == ["run"]
    assert all("the end" in text and "attempt 1" in text for text in logs())
