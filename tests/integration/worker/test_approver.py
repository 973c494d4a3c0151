"""Requests of the demo agent, from its hook to the approver's answer and the record."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.decision import Approval, By, Decision, End
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.system.process import is_alive
from tests.support.approver import (
    LONG_S,
    approvals,
    approver_pid,
    tell,
    wait_ended,
    wait_open,
    write_policy,
)
from tests.support.instance import Instance, command_of, running_instance
from tests.support.waiting import wait_until

POLICY = """
[[rule]]
name = "marks"
decision = "allow"
path = ["allowed*"]
[[rule]]
name = "no marks"
decision = "deny"
message = "touch nothing of that name"
path = ["denied*"]
"""


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    """With an approver and a supervisor; `fault.POINT` in the home ends who reaches the point."""
    fault = home / "fault"
    with running_instance(
        CCPAR_APPROVER_RUN="true", CCPAR_SUPERVISOR_RUN="true", CCPAR_FAULT=f"*:{fault}"
    ) as running:
        write_policy(running, POLICY)
        running.setup(1)
        approver_pid(running)
        yield running


def add(instance: Instance, *commands: str) -> TaskKey:
    steps = [{"tool": "Bash", "input": {"command": command}} for command in commands]
    return instance.add(f"script: {json.dumps([*steps, {'say': 'Over.'}])}", agent="demo")


def arm(home: Path, point: str) -> Path:
    """Who reaches the point next is killed there, and the file is gone."""
    file = home / f"fault.{point}"
    file.touch()
    return file


def kinds(found: list[Approval]) -> list[tuple[object, ...]]:
    return [(each.answer and (each.answer.decision, each.answer.by), each.end) for each in found]


def rings(instance: Instance) -> list[str]:
    """The windows whose bell has rung since they were last looked at."""
    form = "#{?window_bell_flag,#{window_name},}"
    return instance.tmux.tmux("list-windows", "-a", "-F", form).split()


def test_the_policy_allows_and_denies_and_the_record_tells(instance: Instance) -> None:
    task = add(instance, "touch allowed-1", "touch denied-1")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("allowed-1").exists()
    assert not instance.file("denied-1").exists()
    for each in approvals(instance):
        wait_ended(instance, each.id)
    allowed, denied = approvals(instance)
    assert kinds([allowed, denied]) == [
        ((Decision.ALLOW, By.POLICY), End.ANSWERED),
        ((Decision.DENY, By.POLICY), End.ANSWERED),
    ]
    assert (allowed.request.key, allowed.request.worker, allowed.request.attempt) == (task, "w1", 1)
    assert allowed.request.input["command"] == "touch allowed-1"
    assert (denied.ruling.rule, denied.ruling.where.rpartition(":")[2]) == ("no marks", "6")
    assert denied.answer
    assert "touch nothing of that name" in denied.answer.message
    assert "touch nothing of that name" in instance.log(task)
    assert "· allowed: Bash(touch allowed-1)" in instance.log(task)
    assert "· denied: Bash(touch denied-1): " in instance.log(task)


def test_a_person_is_asked_and_their_decision_goes_through_the_hook(instance: Instance) -> None:
    task = add(instance, "touch asked-1", "touch asked-2")
    instance.wait_for(task, TaskState.WAITING, timeout_s=LONG_S)
    first = wait_open(instance)
    wait_until(lambda: rings(instance) == ["approver"], message="its window rings the bell")
    for words in (("list",), ("status",), ("monitor", "--once")):
        page = instance.cli(*words).stdout
        assert f"[{first.id[:8]}] permission: Bash(touch" in page
        assert "approvals list" in page
    assert f"asks leave: Bash(touch asked-1) (ccpar-hybrid approvals show {first.id[:8]})" in (
        instance.log(task)
    )
    instance.cli("approvals", "approve", first.id[:8])
    wait_ended(instance, first.id)
    second = wait_open(instance)
    assert second.request.input["command"] == "touch asked-2"
    refused = tell(instance, "decide", id=first.id, decision="deny")
    assert (refused["type"], "already" in refused["reason"]) == ("error", True)
    instance.cli("approvals", "deny", second.id[:8], "--message", "ask me about that one later")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("asked-1").exists()
    assert not instance.file("asked-2").exists()
    assert "ask me about that one later" in instance.log(task)
    wait_ended(instance, second.id)
    assert kinds(approvals(instance)) == [
        ((Decision.ALLOW, By.PERSON), End.ANSWERED),
        ((Decision.DENY, By.PERSON), End.ANSWERED),
    ]


def test_an_answer_by_key_is_seen_and_recorded_as_such(instance: Instance) -> None:
    task = add(instance, "touch by-hand")
    asked = wait_open(instance)
    wait_until(lambda: "1. Yes" in instance.screen(), timeout_s=LONG_S)
    instance.type("1")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    wait_ended(instance, asked.id)
    wait_until(
        lambda: kinds(approvals(instance)) == [((Decision.ALLOW, By.HAND), End.BY_HAND)],
        timeout_s=LONG_S,
        message="the record tells that a person has allowed it",
    )


def test_a_killed_hook_leaves_its_dialog_to_the_pane(instance: Instance) -> None:
    task = add(instance, "touch unhooked")
    asked = wait_open(instance)
    for pid in instance.pids(f"{task} 1"):
        if "hook" in command_of(pid):
            os.kill(pid, signal.SIGKILL)
    assert wait_ended(instance, asked.id).end is End.GONE
    wait_until(lambda: "1. Yes" in instance.screen(), timeout_s=LONG_S)
    assert not instance.file("unhooked").exists()
    instance.type("1")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    wait_until(
        lambda: kinds(approvals(instance)[:1]) == [((Decision.ALLOW, By.HAND), End.BY_HAND)],
        timeout_s=LONG_S,
        message="the record tells that a person has allowed it",
    )


def test_a_request_of_an_agent_that_is_ended_is_gone(instance: Instance) -> None:
    task = add(instance, "touch never")
    asked = wait_open(instance)
    instance.cli("cancel", task)
    instance.outcome(task, timeout_s=LONG_S)
    assert wait_ended(instance, asked.id).answer is None
    refused = tell(instance, "decide", id=asked.id, decision="allow")
    assert refused["type"] == "error"
    assert not instance.file("never").exists()


@pytest.mark.parametrize("point", ["approver.judged", "approver.noted"])
def test_an_approver_that_dies_at_any_point_answers_once_after_its_restart(
    instance: Instance, home: Path, point: str
) -> None:
    before = approver_pid(instance)
    armed = arm(home, point)
    task = add(instance, "touch allowed-once")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert not armed.exists()
    assert approver_pid(instance) != before
    (only,) = approvals(instance)
    wait_ended(instance, only.id)
    assert kinds(approvals(instance)) == [((Decision.ALLOW, By.POLICY), End.ANSWERED)]


def test_a_decision_of_a_person_survives_the_approver_that_noted_it(
    instance: Instance, home: Path
) -> None:
    task = add(instance, "touch decided")
    asked = wait_open(instance)
    arm(home, "approver.decided")
    said = instance.cli("approvals", "approve", asked.id, code=4).stderr
    assert "ended before it said" in said
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds([wait_ended(instance, asked.id)]) == [((Decision.ALLOW, By.PERSON), End.ANSWERED)]


def test_a_request_stands_while_no_approver_is_there_and_is_asked_once(instance: Instance) -> None:
    task = add(instance, "touch stands")
    asked = wait_open(instance)
    killed = approver_pid(instance)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not is_alive(killed), timeout_s=LONG_S)
    assert instance.view(task).state is TaskState.WAITING
    wait_until(lambda: approver_pid(instance) != killed, timeout_s=LONG_S)
    assert wait_open(instance).id == asked.id
    wait_until(
        lambda: tell(instance, "status").get("waiting") == 1,
        timeout_s=LONG_S,
        message="the worker asks again",
    )
    tell(instance, "decide", id=asked.id, decision="allow")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert len(approvals(instance)) == 1


def test_the_end_of_a_worker_that_has_answered_loses_neither_task_nor_record(
    instance: Instance, home: Path
) -> None:
    arm(home, "permission.answered")
    task = add(instance, "touch allowed-twice")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.attempts(task) == 2
    wait_until(
        lambda: all(each.end for each in approvals(instance)),
        timeout_s=LONG_S,
        message="the request of the first attempt is swept up",
    )
