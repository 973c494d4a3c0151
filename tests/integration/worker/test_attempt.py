"""One Pueue task, many attempts: killed agents, retries, pauses."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.outcome import Cause, Result, Start
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState
from tests.support.instance import Instance, are_gone, running_instance
from tests.support.waiting import wait_until

FAILS_TWICE = "echo go >> goes; [ $(wc -l < goes) -ge 3 ]"


def ends(instance: Instance, task: TaskKey) -> list[tuple[str, str | None, str, int]]:
    """Of each attempt: result, cause, start, round."""
    return [
        (a.outcome.result if a.outcome else "none", a.cause, a.start, a.round)
        for a in instance.app.ledger.attempts(task)
    ]


def test_a_failed_task_is_tried_again_in_the_same_pueue_task_and_dependents_wait(
    instance: Instance,
) -> None:
    instance.setup(2)
    task = instance.add(FAILS_TWICE, retries=3, backoff=0.2)
    after = instance.add("cp goes seen", after=[task])
    assert instance.outcome(after, timeout_s=30).result == "succeeded"
    assert instance.file("seen").read_text().split() == ["go"] * 3
    assert ends(instance, task) == [
        (Result.FAILED, Cause.OWN, Start.FRESH, 1),
        (Result.FAILED, Cause.OWN, Start.FRESH, 2),
        (Result.SUCCEEDED, Cause.OWN, Start.FRESH, 3),
    ]
    log = instance.log(task)
    assert [f"attempt {number}" in log for number in (1, 2, 3)] == [True] * 3
    assert log.count("✘ failed") == 2
    assert '"Success"' in instance.pueue("status", "--json")


def test_when_retries_are_used_up_the_task_has_failed_and_a_restart_counts_anew(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = instance.add("echo go >> goes; exit 3", retries=1, backoff=0)
    outcome = instance.settled(task)
    assert (outcome.result, outcome.exit_code) == ("failed", 3)
    assert len(ends(instance, task)) == 2

    instance.cli("restart", task)
    wait_until(lambda: len(ends(instance, task)) == 4, timeout_s=20)
    assert instance.settled(task).result == "failed"
    assert [each[3] for each in ends(instance, task)] == [1, 2, 3, 4]


@pytest.fixture
def patient() -> Iterator[Instance]:
    """An instance in which nothing is tried again soon."""
    with running_instance(CCPAR_RETRY_BACKOFF_S="300") as instance:
        yield instance


def held(instance: Instance, task: TaskKey) -> None:
    instance.wait_for(task, TaskState.HELD)
    assert instance.worker().state is WorkerState.HELD


def test_a_pause_before_a_retry_is_shown_and_can_be_cancelled(patient: Instance) -> None:
    patient.setup(1)
    task = patient.add("exit 1", retries=1, label="again")
    held(patient, task)
    assert "5 min left" in patient.view(task).detail
    wait_until(lambda: patient.border()[:2] == ("again", "held"), message="the border says it")
    wait_until(lambda: "again is held: next try" in patient.screen())

    patient.cli("cancel", task)
    assert patient.settled(task).result == "cancelled"
    assert ends(patient, task) == [(Result.FAILED, Cause.OWN, Start.FRESH, 1)]
    assert "waiting for work" in patient.screen() or patient.wait_idle()


def test_a_pause_before_a_retry_ends_with_a_kill_through_pueue(patient: Instance) -> None:
    patient.setup(1)
    task = patient.add("exit 1", retries=1)
    held(patient, task)
    patient.pueue("kill", patient.id(task))
    assert patient.outcome(task).result == "cancelled"
    patient.wait_idle()


def test_a_pause_outlives_its_worker_and_the_retry_comes_when_it_is_over() -> None:
    with running_instance() as instance:
        instance.setup(2)
        task = instance.add(FAILS_TWICE, retries=2, backoff=3)
        instance.wait_for(task, TaskState.HELD)
        name = instance.view(task).worker
        assert name
        os.kill(instance.worker(name).pid, signal.SIGKILL)
        assert instance.outcome(task, timeout_s=40).result == "succeeded"
        assert [each[:2] for each in ends(instance, task)] == [
            (Result.FAILED, Cause.OWN),
            (Result.FAILED, Cause.OWN),
            (Result.SUCCEEDED, Cause.OWN),
        ]


KILLED_ONCE = "echo go >> goes; [ $(wc -l < goes) -ge 2 ] && exit 0; sleep 319"


def test_a_killed_command_runs_again_and_nothing_of_it_is_left(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(KILLED_ONCE)
    wait_until(lambda: instance.pids("sleep 319"))
    pids = [*instance.pids("sleep 319"), *instance.pids("command.sh")]
    (shell,) = instance.pids("command.sh")
    os.kill(shell, signal.SIGKILL)
    assert instance.settled(task).result == "succeeded"
    assert are_gone(pids)
    assert ends(instance, task) == [
        (Result.INTERRUPTED, Cause.AGENT_KILLED, Start.FRESH, 1),
        (Result.SUCCEEDED, Cause.OWN, Start.COLD, 1),
    ]


def test_what_is_killed_again_and_again_fails_with_the_whole_story() -> None:
    with running_instance(CCPAR_RETRY_RESUMES="1", CCPAR_RETRY_COLD_STARTS="1") as instance:
        instance.setup(1)
        task = instance.add("kill -9 $$")
        outcome = instance.settled(task)
        assert outcome.result == "failed"
        assert "cut off 3 times (1: ended by signal SIGKILL; 2: " in outcome.reason
        assert [each[0] for each in ends(instance, task)] == [
            "interrupted",
            "interrupted",
            "failed",
        ]
        said = instance.cli("show", task).stdout
        assert said.count("agent-killed") >= 3
        assert "cold, round 1" in said


def test_a_restarted_task_that_was_cut_off_before_begins_afresh(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add(KILLED_ONCE)
    wait_until(lambda: instance.pids("sleep 319"))
    pid = instance.worker().pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: are_gone([pid]))
    instance.wait_for(task, TaskState.OFFERED)
    instance.cli("cancel", task)
    instance.cli("restart", task)
    instance.setup(1)
    assert instance.settled(task).result == "succeeded"
    assert ends(instance, task) == [
        (Result.INTERRUPTED, Cause.WORKER_LOST, Start.FRESH, 1),
        (Result.SUCCEEDED, Cause.OWN, Start.FRESH, 2),
    ]
