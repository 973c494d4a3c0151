"""Dialogs of the demo agent, answered by what the pane shows and by keys."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.core.decision import Approval, By, Decision, End, Way
from ccpar_hybrid.core.task import TaskKey
from tests.support.approver import (
    LONG_S,
    approvals,
    approver_pid,
    wait_ended,
    wait_open,
    write_policy,
)
from tests.support.instance import Instance, running_instance

POLICY = """
[[rule]]
name = "a page"
decision = "allow"
tool = ["WebFetch"]
[[rule]]
name = "marks"
decision = "allow"
path = ["allowed*"]
"""


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    """With an approver that looks at screens alone, and a supervisor."""
    fault = home / "fault"
    with running_instance(
        CCPAR_APPROVER_RUN="true",
        CCPAR_APPROVER_VIA="screen",
        CCPAR_SUPERVISOR_RUN="true",
        CCPAR_FAULT=f"*:{fault}",
    ) as running:
        write_policy(running, POLICY)
        running.setup(1)
        approver_pid(running)
        yield running


def arm(home: Path, point: str) -> Path:
    """Who reaches the point next is killed there, and the file is gone."""
    file = home / f"fault.{point}"
    file.touch()
    return file


def add(instance: Instance, *calls: dict[str, str]) -> TaskKey:
    """A command or a page each."""
    tools = [{"tool": "Bash" if "command" in each else "WebFetch", "input": each} for each in calls]
    return instance.add(f"script: {json.dumps([*tools, {'say': 'Over.'}])}", agent="demo")


def bash(command: str) -> dict[str, str]:
    return {"command": command}


def page(name: str) -> dict[str, str]:
    return {"url": f"http://localhost/{name}", "prompt": "What does it say?"}


def all_ended(instance: Instance) -> list[Approval]:
    return [wait_ended(instance, each.id) for each in approvals(instance)]


def kinds(found: list[Approval]) -> list[tuple[object, ...]]:
    return [(each.answer and (each.answer.decision, each.answer.by), each.end) for each in found]


BY_RULE = ((Decision.ALLOW, By.POLICY), End.ANSWERED)
BY_COMMAND = ((Decision.ALLOW, By.PERSON), End.ANSWERED)


def test_what_a_rule_allows_is_answered_by_key_and_shown_as_such(instance: Instance) -> None:
    task = add(instance, page("a"), bash("touch allowed-1"))
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("allowed-1").exists()
    found = all_ended(instance)
    assert kinds(found) == [BY_RULE, BY_RULE]
    fetched, touched = (each.request for each in found)
    assert (fetched.way, touched.way) == (Way.SCREEN, Way.SCREEN)
    assert fetched.input["url"] == page("a")["url"]
    assert touched.input == {"command": "touch allowed-1"}
    assert "Do you want to allow Claude to fetch this content?" in (fetched.screen or "")
    assert "the screen; less sure" in instance.cli("approvals", "show", fetched.id).stdout
    assert all(each.key_at for each in found)


def test_a_person_is_asked_and_answers_by_command_or_in_the_pane(instance: Instance) -> None:
    task = add(instance, bash("touch asked-1"), bash("touch asked-2"), bash("echo a | sh # b"))
    first = wait_open(instance)
    instance.cli("approvals", "approve", first.id)
    wait_ended(instance, first.id)
    second = wait_open(instance)
    instance.type("1")
    wait_ended(instance, second.id)
    third = wait_open(instance)
    assert "command" not in third.request.input
    assert "not tell all" in third.ruling.why
    instance.cli("approvals", "approve", third.id)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [
        BY_COMMAND,
        ((None, By.HAND), End.BY_HAND),
        BY_COMMAND,
    ]
    refused = instance.cli("approvals", "approve", first.id, code=6).stderr
    assert "already" in refused


@pytest.mark.parametrize("point", ["screen.noted", "screen.intent", "screen.pressed"])
def test_an_approver_that_dies_at_any_point_answers_once_after_its_restart(
    instance: Instance, home: Path, point: str
) -> None:
    before = approver_pid(instance)
    armed = arm(home, point)
    task = add(instance, page("1"), bash("touch allowed-2"))
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert not armed.exists()
    assert approver_pid(instance) != before
    found = all_ended(instance)
    assert [each.request.tool for each in found] == ["WebFetch", "Bash"]
    assert kinds(found) == [BY_RULE, BY_RULE]


def test_a_request_of_an_agent_that_is_ended_is_gone(instance: Instance) -> None:
    task = add(instance, bash("touch never"))
    asked = wait_open(instance)
    instance.cli("cancel", task)
    instance.outcome(task, timeout_s=LONG_S)
    assert kinds([wait_ended(instance, asked.id)]) == [(None, End.GONE)]
