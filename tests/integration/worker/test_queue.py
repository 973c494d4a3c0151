"""Priority, dependencies, delay and slots are Pueue's, and hold for agents in panes."""

from ccpar_hybrid.app import housekeeping
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.snapshot import TaskState
from tests.support.instance import GROUP, Instance
from tests.support.waiting import wait_until

HOLD = "echo r > ready; while [ ! -e go ]; do sleep 0.05; done"


def lines(instance: Instance, name: str) -> list[str]:
    file = instance.file(name)
    return file.read_text().splitlines() if file.exists() else []


def test_a_full_group_takes_the_highest_priority_next(instance: Instance) -> None:
    instance.setup(1)
    instance.add(HOLD)
    instance.wait_file("ready")
    tasks = [instance.add(f"echo {n} >> order", priority=n) for n in (0, -5, 9, 3)]
    instance.file("go").touch()
    for task in tasks:
        instance.outcome(task)
    assert lines(instance, "order") == ["9", "3", "0", "-5"]


def test_tasks_after_one_that_succeeds_run_and_those_after_one_that_fails_are_skipped(
    instance: Instance,
) -> None:
    instance.setup(2)
    good = instance.add("sleep 0.5; echo good >> order", label="good")
    bad = instance.add("sleep 0.5; exit 3", label="bad")
    after_good = instance.add("echo after >> order", after=["good"])
    after_bad = instance.add("echo never >> order", after=["bad"], label="skipped")
    after_that = instance.add("echo never >> order", after=["skipped"])
    assert instance.view(after_good).state in (TaskState.BLOCKED, TaskState.QUEUED)

    assert instance.settled(after_good).result == "succeeded"
    assert (instance.settled(bad).exit_code, instance.outcome(good).exit_code) == (3, 0)
    instance.wait_for(after_bad, TaskState.SKIPPED)
    instance.wait_for(after_that, TaskState.SKIPPED)
    assert lines(instance, "order") == ["good", "after"]

    assert set(recover(instance.app).settled) == {after_bad, after_that}
    assert recover(instance.app).is_nothing
    housekeeping.tidy(instance.app.ledger, instance.app.scheduler, keep=0)
    assert instance.outcome(after_bad).result == instance.outcome(after_that).result == "skipped"
    assert instance.app.scheduler.snapshot().jobs == {}


def test_a_delayed_task_waits_for_its_time(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo late > late", delay="2s")
    assert instance.view(task).state is TaskState.DELAYED
    first = instance.add("ls > seen")
    assert instance.outcome(first).result == "succeeded"
    assert instance.outcome(task).result == "succeeded"
    assert "late" not in lines(instance, "seen")


def test_more_slots_than_workers_only_make_offers_that_wait(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("parallel", "-g", GROUP, "4")
    tasks = [instance.add(f"echo {n} >> order; {HOLD}") for n in range(4)]
    wait_until(lambda: len(instance.app.scheduler.snapshot().jobs) == 4)
    # Pueue starts all four at once, and the first that has started gets the worker.
    instance.wait_file("order")
    first = instance.worker().key
    waiting = [task for task in tasks if task != first]
    for task in waiting:
        instance.wait_for(task, TaskState.OFFERED)
    wait_until(lambda: "waiting for an idle worker" in instance.log(waiting[0]))
    assert len(lines(instance, "order")) == 1
    instance.file("go").touch()
    for task in tasks:
        assert instance.outcome(task).result == "succeeded"
    assert sorted(lines(instance, "order")) == ["0", "1", "2", "3"]


def test_fewer_slots_than_workers_leave_workers_idle_and_more_slots_wake_them(
    instance: Instance,
) -> None:
    instance.setup(2)
    instance.pueue("parallel", "-g", GROUP, "1")
    tasks = [instance.add(f"echo {n} >> order; {HOLD}") for n in range(2)]
    instance.wait_file("ready")
    instance.wait_for(tasks[1], TaskState.QUEUED)
    instance.pueue("parallel", "-g", GROUP, "2")
    wait_until(lambda: lines(instance, "order") == ["0", "1"])
    instance.file("go").touch()
    for task in tasks:
        assert instance.outcome(task).result == "succeeded"


def test_each_group_has_its_own_workers(instance: Instance) -> None:
    instance.setup(front=1, back=1)
    tasks = [
        instance.add("echo $CCPAR_WORKER > front", group="front"),
        instance.add("echo $CCPAR_WORKER > back", group="back"),
    ]
    for task in tasks:
        instance.outcome(task)
    assert instance.wait_file("front") == "front-1\n"
    assert instance.wait_file("back") == "back-1\n"


def test_thirty_tasks_over_four_workers_run_once_each(instance: Instance) -> None:
    instance.setup(4)
    tasks = [instance.add(f"echo {n} >> order") for n in range(30)]
    for task in tasks:
        assert instance.outcome(task, timeout_s=40).result == "succeeded"
        assert instance.attempts(task) == 1
    assert sorted(map(int, lines(instance, "order"))) == list(range(30))
