"""What every scheduler promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import BadInput, NotFound, Refused
from ccpar_hybrid.scheduler.base import JobEnd, JobState, Scheduler
from ccpar_hybrid.scheduler.memory import MemoryScheduler
from ccpar_hybrid.scheduler.pueue import PueueScheduler
from ccpar_hybrid.system.process import is_alive, is_stopped
from tests.support.pueue_daemon import running_daemon
from tests.support.scheduler import Bench, install_shim, shim_command
from tests.support.waiting import wait_until


@pytest.fixture(params=["pueue-socket", "pueue-command", "memory"])
def bench(
    request: pytest.FixtureRequest, home: Path, environment: dict[str, str]
) -> Iterator[Bench]:
    environment["PATH"] = f"{install_shim(home)}:{environment['PATH']}"
    if request.param == "memory":
        with MemoryScheduler(environment, lambda key: ["ccpar-task", key]) as memory:
            memory.ensure_group("g", 1)
            yield Bench(memory, home)
        return
    use_socket = request.param == "pueue-socket"
    with running_daemon(home, environment):
        minimal = {"PATH": environment["PATH"], "HOME": str(home)}
        pueue = PueueScheduler(environment, minimal, shim_command, use_socket=use_socket)
        pueue.ensure_group("g", 1)
        yield Bench(pueue, home)


def test_an_empty_queue_has_its_groups_and_no_job(bench: Bench) -> None:
    queue = bench.scheduler.snapshot()
    assert queue.jobs == {}
    assert (queue.groups["g"].slots, queue.groups["g"].paused) == (1, False)


def test_a_job_comes_back_as_it_was_submitted(bench: Bench) -> None:
    bench.pause_group(True)
    wanted = bench.job(label='-l a\'s "label" $(touch x) `y` ü', priority=-7)
    before = datetime.now(UTC) - timedelta(seconds=1)
    (number,) = bench.scheduler.submit([wanted])
    job = bench.look(number)
    assert (job.key, job.by_hand) == (wanted.key, False)
    assert (job.label, job.priority, job.group) == (wanted.label, -7, "g")
    assert Path(job.directory) == bench.home
    assert (job.state, job.end) == (JobState.QUEUED, None)
    assert before < job.created_at <= datetime.now(UTC)
    assert job.enqueued_at is not None
    assert not (bench.home / "x").exists()


def test_a_job_that_ends_well_has_succeeded(bench: Bench) -> None:
    (number,) = bench.scheduler.submit([bench.job("echo to-the-log; pwd > place")])
    job = bench.wait_for(number, JobState.ENDED)
    assert (job.end, job.exit_code) == (JobEnd.SUCCEEDED, 0)
    assert job.started_at is not None
    assert job.ended_at is not None
    assert job.created_at <= job.started_at <= job.ended_at
    assert bench.scheduler.log(number) == "to-the-log\n"
    assert bench.wait_for_file("place").strip() == str(bench.home)


def test_a_failing_job_has_its_exit_code(bench: Bench) -> None:
    (number,) = bench.scheduler.submit([bench.job("exit 42")])
    job = bench.wait_for(number, JobState.ENDED)
    assert (job.end, job.exit_code) == (JobEnd.FAILED, 42)


def test_output_that_is_no_text_can_be_read(bench: Bench) -> None:
    (number,) = bench.scheduler.submit([bench.job(r"printf 'a\377b\n'")])
    bench.wait_for(number, JobState.ENDED)
    assert bench.scheduler.log(number) == "a\ufffdb\n"


def test_higher_priorities_start_first_and_equal_ones_in_order(bench: Bench) -> None:
    bench.pause_group(True)
    jobs = [
        bench.job(f"echo {name} >> order", priority=priority)
        for name, priority in (("low", -1), ("first", 5), ("second", 5), ("top", 9))
    ]
    numbers = bench.scheduler.submit(jobs)
    assert numbers == sorted(numbers)
    bench.pause_group(False)
    for number in numbers:
        bench.wait_for(number, JobState.ENDED)
    assert (bench.home / "order").read_text().split() == ["top", "first", "second", "low"]


def test_no_more_jobs_run_than_there_are_slots(bench: Bench) -> None:
    bench.scheduler.ensure_group("g", 2)
    numbers = bench.scheduler.submit([bench.job("sleep 60") for _ in range(3)])
    for number in numbers[:2]:
        bench.wait_for(number, JobState.RUNNING)
    assert bench.look(numbers[2]).state is JobState.QUEUED
    bench.scheduler.terminate(numbers[0], force=True)
    bench.wait_for(numbers[2], JobState.RUNNING)


def test_slots_can_be_changed_and_the_pause_stays(bench: Bench) -> None:
    bench.pause_group(True)
    bench.scheduler.ensure_group("g", 5)
    bench.scheduler.ensure_group("other group", 0)
    groups = bench.scheduler.snapshot().groups
    assert (groups["g"].slots, groups["g"].paused) == (5, True)
    assert groups["other group"].slots == 0


def test_a_job_waits_for_others_to_succeed(bench: Bench) -> None:
    bench.scheduler.ensure_group("g", 3)
    (first,) = bench.scheduler.submit([bench.job("until [ -e go ]; do sleep 0.02; done")])
    after, chained = bench.scheduler.submit(
        [bench.job(after=(first,)), bench.job(after=(first,), after_batch=(0,))]
    )
    bench.wait_for(first, JobState.RUNNING)
    assert bench.look(chained).after == (first, after)
    assert bench.look(after).state is JobState.QUEUED
    (bench.home / "go").touch()
    assert bench.wait_for(chained, JobState.ENDED).end is JobEnd.SUCCEEDED
    started, ended = bench.look(chained).started_at, bench.look(after).ended_at
    assert started is not None
    assert ended is not None
    assert ended <= started


def test_what_waits_for_a_failed_job_is_skipped(bench: Bench) -> None:
    jobs = [bench.job("exit 1"), bench.job(after_batch=(0,)), bench.job(after_batch=(1,))]
    numbers = bench.scheduler.submit(jobs)
    last = bench.wait_for(numbers[2], JobState.ENDED)
    assert (last.end, last.exit_code, last.started_at) == (JobEnd.SKIPPED, None, None)
    assert bench.look(numbers[1]).end is JobEnd.SKIPPED


def test_a_delayed_job_is_held_until_its_time(bench: Bench) -> None:
    later = datetime.now(UTC) + timedelta(seconds=1.5)
    number, at_once = bench.scheduler.submit([bench.job(not_before=later), bench.job()])
    held = bench.look(number)
    assert held.state is JobState.HELD
    assert held.not_before is not None
    assert later <= held.not_before < later + timedelta(seconds=1)
    bench.wait_for(at_once, JobState.ENDED)
    started = bench.wait_for(number, JobState.ENDED).started_at
    assert started is not None
    assert started >= later


def test_a_delayed_job_alone_is_held_too(bench: Bench) -> None:
    later = datetime(2100, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    (number,) = bench.scheduler.submit([bench.job(not_before=later)])
    assert bench.look(number).not_before == later
    assert bench.look(number).state is JobState.HELD


def test_a_held_job_waits_until_it_is_released(bench: Bench) -> None:
    first, second, third = bench.scheduler.submit([bench.job(held=True) for _ in range(3)])
    (alone,) = bench.scheduler.submit([bench.job(held=True)])
    held = [bench.look(number) for number in (first, second, third, alone)]
    assert {(job.state, job.not_before) for job in held} == {(JobState.HELD, None)}
    bench.scheduler.release([first, 999])
    assert bench.wait_for(first, JobState.ENDED).end is JobEnd.SUCCEEDED
    later = datetime.now(UTC) + timedelta(hours=1)
    bench.scheduler.release([first, second], later)
    assert bench.look(first).state is JobState.ENDED
    at = bench.look(second).not_before
    assert at is not None
    assert later <= at < later + timedelta(seconds=2)
    assert bench.look(third).state is JobState.HELD


def test_a_job_can_be_started_out_of_turn(bench: Bench) -> None:
    bench.pause_group(True)
    first, second = bench.scheduler.submit([bench.job(), bench.job(after_batch=(0,))])
    bench.scheduler.start(second)
    assert bench.wait_for(second, JobState.ENDED).end is JobEnd.SUCCEEDED
    assert bench.look(first).state is JobState.QUEUED
    with pytest.raises(Refused, match="does not wait"):
        bench.scheduler.start(second)


def test_a_scheduler_has_one_life_from_its_start_on(bench: Bench) -> None:
    first, again = bench.scheduler.life(), bench.scheduler.life()
    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert datetime.now(UTC) - timedelta(minutes=2) < first.started_at < datetime.now(UTC)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"group": "nobody's"}, 'no group "nobody\'s"'),
        ({"after": (77,)}, "no job 77"),
        ({"directory": "/no/such/place"}, "/no/such/place"),
        ({"after_batch": (1,)}, "waits for submission 1"),
        ({"label": "caf\udce9"}, "label"),
        ({"label": "a\0b"}, "label"),
    ],
    ids=["group", "job", "directory", "order", "encoding", "nul"],
)
def test_what_is_not_there_is_refused_and_nothing_is_queued(
    bench: Bench, fields: dict[str, object], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        bench.scheduler.submit([bench.job(), bench.job(**fields)])  # type: ignore[arg-type]
    assert bench.scheduler.snapshot().jobs == {}


def test_a_paused_jobs_processes_stop_and_go_on(bench: Bench) -> None:
    (number,) = bench.scheduler.submit([bench.job("echo $$ > pid; exec sleep 60")])
    pid = int(bench.wait_for_file("pid"))
    bench.wait_for(number, JobState.RUNNING)
    bench.scheduler.pause([number, 999])
    bench.wait_for(number, JobState.PAUSED)
    wait_until(lambda: is_stopped(pid))
    bench.scheduler.resume([number])
    bench.wait_for(number, JobState.RUNNING)
    wait_until(lambda: not is_stopped(pid))


def test_resuming_starts_nothing_that_was_not_paused(bench: Bench) -> None:
    bench.pause_group(True)
    (number,) = bench.scheduler.submit([bench.job()])
    bench.scheduler.resume([number])
    bench.scheduler.pause([number])
    assert bench.look(number).state is JobState.QUEUED


@pytest.mark.parametrize("paused", [False, True])
def test_a_job_that_is_asked_to_end_may_tidy_up(bench: Bench, paused: bool) -> None:
    script = "trap 'echo tidy; exit 7' TERM; echo $$ > pid; while :; do sleep 0.05; done"
    (number,) = bench.scheduler.submit([bench.job(script)])
    bench.wait_for_file("pid")
    bench.wait_for(number, JobState.RUNNING)
    if paused:
        bench.scheduler.pause([number])
        bench.wait_for(number, JobState.PAUSED)
    bench.scheduler.terminate(number)
    job = bench.wait_for(number, JobState.ENDED)
    assert (job.end, job.exit_code) == (JobEnd.FAILED, 7)
    assert bench.scheduler.log(number).endswith("tidy\n")


def test_a_job_ended_by_force_was_killed(bench: Bench) -> None:
    (number,) = bench.scheduler.submit([bench.job("trap '' TERM; echo $$ > pid; exec sleep 60")])
    pid = int(bench.wait_for_file("pid"))
    bench.wait_for(number, JobState.RUNNING)
    bench.scheduler.terminate(number, force=True)
    job = bench.wait_for(number, JobState.ENDED)
    assert (job.end, job.exit_code) == (JobEnd.KILLED, None)
    wait_until(lambda: not is_alive(pid))


def test_an_ended_job_runs_again_under_its_number_with_its_options(bench: Bench) -> None:
    script = "echo x >> count; [ -e good ]"
    number, dependent = bench.scheduler.submit(
        [bench.job(script, label="mine", priority=3), bench.job(after_batch=(0,), label="next")]
    )
    first = bench.wait_for(number, JobState.ENDED)
    bench.wait_for(dependent, JobState.ENDED)
    (bench.home / "good").touch()
    bench.scheduler.restart(number)
    bench.scheduler.restart(dependent)
    assert bench.wait_for(dependent, JobState.ENDED).end is JobEnd.SUCCEEDED
    again = bench.look(number)
    assert (again.label, again.priority, again.key) == ("mine", 3, first.key)
    assert (again.created_at, again.identity) == (first.created_at, first.identity)
    assert (bench.home / "count").read_text() == "x\nx\n"


def test_only_what_does_not_run_is_removed(bench: Bench) -> None:
    running, queued = bench.scheduler.submit([bench.job("sleep 60"), bench.job()])
    bench.wait_for(running, JobState.RUNNING)
    with pytest.raises(Refused, match=f"job {running} runs"):
        bench.scheduler.remove([queued, running])
    bench.scheduler.remove([queued, 999])
    assert list(bench.scheduler.snapshot().jobs) == [running]
    bench.scheduler.remove([])


def test_what_others_wait_for_is_kept(bench: Bench) -> None:
    first, second, third = bench.scheduler.submit(
        [bench.job(), bench.job("sleep 60", after_batch=(0,)), bench.job(after_batch=(1,))]
    )
    bench.wait_for(second, JobState.RUNNING)
    bench.scheduler.remove([first])
    assert set(bench.scheduler.snapshot().jobs) == {first, second, third}
    bench.scheduler.terminate(second, force=True)
    bench.wait_for(third, JobState.ENDED)
    bench.scheduler.remove([first, second, third])
    assert bench.scheduler.snapshot().jobs == {}


def test_a_job_that_cannot_be_acted_on_is_named(bench: Bench) -> None:
    (number,) = bench.scheduler.submit([bench.job()])
    bench.wait_for(number, JobState.ENDED)
    scheduler: Scheduler = bench.scheduler
    with pytest.raises(Refused, match="does not run"):
        scheduler.terminate(number)
    for act in (scheduler.terminate, scheduler.restart, scheduler.log):
        with pytest.raises(NotFound, match="999"):
            act(999)


def test_nothing_is_submitted_by_an_empty_call(bench: Bench) -> None:
    assert bench.scheduler.submit([]) == []
