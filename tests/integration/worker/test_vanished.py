"""What Pueue has lost comes back from the ledger; what a person took out of it does not."""

from __future__ import annotations

from pathlib import Path

from ccpar_hybrid.app import daemon
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.snapshot import TaskState
from tests.integration.worker.test_crash import UNTIL_GO, crash_daemon
from tests.support.instance import GROUP, Instance
from tests.support.waiting import wait_until


def lose_state(instance: Instance, text: str | None = None) -> None:
    """The daemon dies, and starts without its state (or with this one)."""
    instance.daemon.kill()
    file = instance.daemon.directory / "state.json"
    file.unlink()
    if text is not None:
        file.write_text(text)
    instance.daemon.start()


def order_of(instance: Instance) -> list[str]:
    return instance.file("order").read_text().split()


def test_all_that_waited_comes_back_as_it_was(instance: Instance) -> None:
    instance.setup(1)
    done = instance.add("echo done >> order", label="done")
    instance.outcome(done)
    running = instance.add(f"{UNTIL_GO}; echo running >> order")
    instance.wait_file("runs")
    last = instance.add("echo last >> order", after=[running], label="last", priority=-3)
    low = instance.add("echo low >> order", priority=-1)
    high = instance.add("echo high >> order", priority=5)
    stashed = instance.add("echo stashed >> order")
    instance.pueue("stash", instance.id(stashed))
    late = instance.add("echo late >> order", delay="1h")  # Pueue saves this, but no stashing
    recover(instance.app)
    lose_state(instance)
    assert instance.view(low).state is TaskState.UNKNOWN

    found = instance.setup(1).recovered
    assert found.state_lost
    assert set(found.returned) == {running, last, low, high, late, stashed}
    assert found.again == ()
    jobs = {job.key: job for job in instance.app.scheduler.snapshot().jobs.values()}
    assert (jobs[last].label, jobs[last].priority, jobs[last].group) == ("last", -3, GROUP)
    assert instance.view(late).state is TaskState.DELAYED
    assert instance.view(stashed).state is TaskState.HELD

    instance.file("go").touch()
    for task in (low, high, last):
        assert instance.outcome(task).result == "succeeded"
    assert order_of(instance) == ["done", "running", "high", "low", "last"]
    assert {instance.attempts(task) for task in (done, running, last)} == {1}
    assert recover(instance.app).tasks == ()


def test_a_group_comes_back_with_its_slots_and_its_pause(instance: Instance) -> None:
    instance.setup(**{GROUP: 1, "others": 2})
    instance.pueue("pause", "--group", "others")
    instance.pueue("parallel", "--group", "others", "7")
    task = instance.add("echo x", group="others")
    recover(instance.app)
    lose_state(instance)
    found = recover(instance.app)
    assert (found.made, found.returned) == (("others", GROUP), (task,))
    group = instance.app.scheduler.snapshot().groups["others"]
    assert (group.slots, group.paused) == (7, True)
    assert instance.view(task).state is TaskState.QUEUED
    instance.pueue("start", "--group", "others")
    assert instance.outcome(task).result == "succeeded"


def test_what_waited_for_a_failure_is_skipped_and_not_queued(instance: Instance) -> None:
    instance.setup(1)
    running = instance.add(f"{UNTIL_GO}; exit 3")
    instance.wait_file("runs")
    after = instance.add("echo never", after=[running])
    later = instance.add("echo never", after=[after])
    instance.daemon.kill()
    instance.file("go").touch()
    wait_until(lambda: instance.app.ledger.outcome(running), message="it fails meanwhile")
    (instance.daemon.directory / "state.json").unlink()
    instance.daemon.start()

    assert recover(instance.app).returned == ()
    assert instance.app.scheduler.snapshot().jobs == {}
    assert instance.outcome(running).exit_code == 3
    assert {instance.outcome(task).result for task in (after, later)} == {"skipped"}


def test_what_a_person_removed_stays_removed(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("pause", "--group", GROUP)
    removed, kept = instance.add("echo removed"), instance.add("echo kept")
    recover(instance.app)
    instance.pueue("remove", instance.id(removed))
    assert recover(instance.app).is_nothing
    crash_daemon(instance)
    assert recover(instance.app).tasks == ()
    lose_state(instance)
    assert recover(instance.app).returned == (kept,)
    assert instance.view(removed).state is TaskState.LOST
    instance.cli("restart", removed)
    instance.pueue("start", "--group", GROUP)
    assert instance.outcome(removed).result == "succeeded"


def test_a_damaged_state_is_kept_and_told(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("pause", "--group", GROUP)
    task = instance.add("echo x > x")
    recover(instance.app)
    instance.daemon.kill()
    state = instance.daemon.directory / "state.json"
    whole = state.read_text()
    state.write_text(whole[: len(whole) // 2])
    assert daemon.ensure(instance.app)

    said = instance.cli("recover").stdout
    kept = said.partition("kept in ")[2].split()[0]
    assert Path(kept).read_text() == whole[: len(whole) // 2]
    assert Path(kept).stat().st_mode & 0o777 == 0o600
    assert "Pueue had started without the tasks" in said
    assert "forgotten 1 task:" in said
    assert instance.cli("recover").stdout == "nothing to recover\n"
    assert instance.view(task).state is TaskState.QUEUED, "a person had paused the group"
    instance.pueue("start", "--group", GROUP)
    assert instance.outcome(task).result == "succeeded"
    instance.pueue("shutdown")


def test_an_older_state_runs_nothing_twice(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("pause", "--group", GROUP)
    first = instance.add("echo first >> order")
    old = (instance.daemon.directory / "state.json").read_text()
    instance.pueue("start", "--group", GROUP)
    instance.outcome(first)
    second = instance.add(f"echo second >> order; {UNTIL_GO}")
    instance.wait_file("runs")
    lose_state(instance, old)

    found = instance.setup(1).recovered
    assert found.returned == (second,)
    instance.pueue("start", "--group", GROUP)
    instance.file("go").touch()
    for task in (first, second):
        assert instance.settled(task).result == "succeeded"
    assert order_of(instance) == ["first", "second"]
