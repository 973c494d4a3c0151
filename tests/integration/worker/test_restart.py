"""Restarts by plain `pueue`, logs while it runs, and commands on tasks that wait."""

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.task import TaskKey
from tests.support.instance import Instance
from tests.support.waiting import wait_until

ONCE_MORE = "echo run >> runs; echo run $(wc -l < runs); [ $(wc -l < runs) -ge {good} ]"


def runs(instance: Instance) -> int:
    file = instance.file("runs")
    return len(file.read_text().splitlines()) if file.exists() else 0


def wait_again(instance: Instance, task: TaskKey, number: int) -> str:
    """The outcome of the run of this number."""
    wait_until(
        lambda: runs(instance) == number and instance.view(task).is_ended,
        message=f"run {number} ended; log: {instance.log(task)}",
    )
    return instance.settled(task).result


def test_restart_in_place_runs_a_failed_a_done_and_a_killed_task_again(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(ONCE_MORE.format(good=2))
    assert instance.settled(task).result == "failed"
    number = instance.id(task)

    instance.pueue("restart", "-i", number)
    assert wait_again(instance, task, 2) == "succeeded"
    instance.pueue("restart", "-i", number)
    assert wait_again(instance, task, 3) == "succeeded"
    assert instance.attempts(task) == 3
    assert "run 3" in instance.log(task)


def test_restart_with_a_new_id_keeps_the_tasks_identity(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(ONCE_MORE.format(good=2), label="again")
    assert instance.settled(task).result == "failed"
    old = instance.id(task)

    instance.pueue("restart", old)
    assert wait_again(instance, task, 2) == "succeeded"
    assert instance.id(task) != old
    assert instance.attempts(task) == 2


def test_a_killed_task_can_be_restarted(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo run >> runs; [ $(wc -l < runs) -ge 2 ] || sleep 60")
    wait_until(lambda: runs(instance) == 1)
    instance.pueue("kill", instance.id(task))
    assert instance.settled(task).result == "cancelled"
    instance.pueue("restart", "-i", instance.id(task))
    assert wait_again(instance, task, 2) == "succeeded"


def test_a_task_that_was_cleaned_out_of_pueue_can_be_restarted(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(ONCE_MORE.format(good=2), label="old")
    assert instance.settled(task).result == "failed"
    instance.pueue("clean")
    assert instance.view(task).pueue_id is None
    instance.cli("restart", "old")
    assert wait_again(instance, task, 2) == "succeeded"


def test_the_log_can_be_read_and_followed_while_the_task_runs(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo first line; while [ ! -e go ]; do sleep 0.05; done; echo last line")
    wait_until(lambda: "first line" in instance.log(task))
    assert "first line" in instance.pueue("log", instance.id(task))
    instance.pueue("send", instance.id(task), "hello\n")
    instance.file("go").touch()
    followed = instance.pueue("follow", instance.id(task))
    assert "last line" in followed
    assert instance.settled(task).result == "succeeded"


def test_waiting_tasks_can_be_stashed_enqueued_switched_and_removed(instance: Instance) -> None:
    instance.setup(1)
    blocker = instance.add("echo r > ready; while [ ! -e go ]; do sleep 0.05; done")
    instance.wait_file("ready")
    one, two, three = (instance.add(f"echo {name} >> order") for name in ("one", "two", "three"))

    instance.pueue("stash", instance.id(one))
    assert instance.view(one).state is TaskState.HELD
    instance.pueue("enqueue", instance.id(one))
    assert instance.view(one).state is TaskState.QUEUED
    instance.pueue("switch", instance.id(one), instance.id(two))
    instance.pueue("remove", instance.id(three))
    assert instance.view(three).state is TaskState.LOST
    instance.file("go").touch()

    assert instance.outcome(one).result == instance.outcome(two).result == "succeeded"
    assert instance.outcome(blocker).result == "succeeded"
    assert instance.file("order").read_text() == "two\none\n"
