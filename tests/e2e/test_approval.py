"""Approvals with the real Claude Code, by its PermissionRequest hook. Seen with 2.1.197."""

from collections.abc import Iterator

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.decision import By, Decision, End
from ccpar_hybrid.core.task import TaskKey
from tests.support.approver import (
    approvals,
    approver_pid,
    tell,
    wait_ended,
    wait_open,
    write_policy,
)
from tests.support.claude import ClaudeBench, bash, red_or_blue, running_bench, script
from tests.support.waiting import wait_until

pytestmark = pytest.mark.claude

POLICY = """
[[rule]]
name = "marks"
decision = "allow"
path = ["allowed*"]
[[rule]]
name = "no marks"
decision = "deny"
message = "make no such file, use the database"
path = ["denied*"]
"""


@pytest.fixture
def bench() -> Iterator[ClaudeBench]:
    """One worker, and an approver."""
    with running_bench(CCPAR_APPROVER_RUN="true") as running:
        write_policy(running.instance, POLICY)
        running.instance.setup(1)
        approver_pid(running.instance)
        yield running


def add(bench: ClaudeBench, *steps: object, **fields: object) -> TaskKey:
    return bench.instance.add(script(*steps), agent="claude", **fields)


def results(bench: ClaudeBench) -> str:
    """What the model was told of its tools."""
    return str(bench.conversations()[-1])


def test_the_policy_allows_and_denies_through_the_hook(bench: ClaudeBench) -> None:
    instance = bench.instance
    write = {"file_path": str(instance.file("allowed-2")), "content": "two\n"}
    task = add(
        bench,
        bash("touch allowed-1"),
        {"tool": "Write", "input": write},
        bash("touch denied-1"),
        {"say": "Over."},
    )
    assert instance.outcome(task, timeout_s=90).result == "succeeded"
    assert instance.file("allowed-1").exists()
    assert instance.file("allowed-2").read_text() == "two\n"
    assert not instance.file("denied-1").exists()
    assert "make no such file, use the database" in results(bench)
    first, second, third = (wait_ended(instance, each.id) for each in approvals(instance))
    assert first.request.input["command"] == "touch allowed-1"
    assert second.request.input == write
    assert third.ruling.rule == "no marks"
    for each, decision in zip(
        (first, second, third), (Decision.ALLOW, Decision.ALLOW, Decision.DENY), strict=True
    ):
        assert each.answer
        assert (each.answer.decision, each.answer.by) == (decision, By.POLICY)
        assert each.end is End.ANSWERED


def test_what_the_policy_leaves_open_is_a_persons_by_command_or_by_key(
    bench: ClaudeBench,
) -> None:
    instance = bench.instance
    task = add(bench, bash("touch one"), bash("touch two"), bash("touch three"), {"say": "Over."})
    view = instance.wait_for(task, TaskState.WAITING, timeout_s=90)
    assert "touch one" in view.detail
    one = wait_open(instance)
    tell(instance, "decide", id=one.id, decision="allow")
    wait_ended(instance, one.id)
    two = wait_open(instance)
    tell(instance, "decide", id=two.id, decision="deny", message="two is one too many")
    wait_ended(instance, two.id)
    three = wait_open(instance)
    wait_until(lambda: "touch three" in instance.screen(), timeout_s=60)
    wait_until(lambda: "1. Yes" in instance.screen(), timeout_s=60)
    instance.type("1")
    assert instance.outcome(task, timeout_s=90).result == "succeeded"
    by_key = wait_ended(instance, three.id)
    assert by_key.answer
    assert (by_key.answer.decision, by_key.answer.by) == (Decision.ALLOW, By.HAND)
    assert instance.file("one").exists()
    assert not instance.file("two").exists()
    assert instance.file("three").exists()
    assert "two is one too many" in results(bench)
    assert [each.answer.by for each in approvals(instance) if each.answer] == [
        By.PERSON,
        By.PERSON,
        By.HAND,
    ]


def test_a_question_is_left_to_the_pane_and_may_be_refused(bench: ClaudeBench) -> None:
    instance = bench.instance
    task = add(bench, red_or_blue(), {"say": "Over."})
    asked = wait_open(instance)
    refused = tell(instance, "decide", id=asked.id, decision="allow")
    assert "not allowed but answered" in refused["reason"]
    wait_until(lambda: "Red" in instance.screen(), timeout_s=60)
    instance.type("1")
    assert instance.outcome(task, timeout_s=90).result == "succeeded"
    assert wait_ended(instance, asked.id).end is End.BY_HAND

    task = add(bench, red_or_blue(), {"say": "Over again."})
    asked = wait_open(instance)
    tell(instance, "decide", id=asked.id, decision="deny", message="choose by yourself")
    assert instance.outcome(task, timeout_s=90).result == "succeeded"
    assert "choose by yourself" in results(bench)
    assert wait_ended(instance, asked.id).end is End.ANSWERED
