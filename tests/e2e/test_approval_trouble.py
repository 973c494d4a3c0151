"""What dies while the real Claude Code asks leave. Seen with 2.1.197."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from ccpar_hybrid.core.decision import By, Decision, End, Way
from ccpar_hybrid.core.task import TaskKey
from tests.support.approver import approvals, approver_pid, tell, wait_ended, wait_open
from tests.support.claude import ClaudeBench, bash, running_bench, script
from tests.support.instance import command_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.claude

LONG_S = 90.0


@pytest.fixture
def bench() -> Iterator[ClaudeBench]:
    """One worker, and an approver."""
    with running_bench(CCPAR_APPROVER_RUN="true") as running:
        running.instance.setup(1)
        approver_pid(running.instance)
        yield running


def add(bench: ClaudeBench) -> TaskKey:
    return bench.instance.add(script(bash("touch asked"), {"say": "Over."}), agent="claude")


def test_the_end_of_tmux_ends_the_request_and_the_next_attempt_asks_anew(
    bench: ClaudeBench,
) -> None:
    instance = bench.instance
    task = add(bench)
    first = wait_open(instance)
    instance.tmux.tmux("kill-server")
    instance.setup(1)
    approver_pid(instance)
    wait_until(lambda: instance.attempts(task) == 2, timeout_s=LONG_S)
    second = wait_open(instance)
    assert (second.request.key, second.request.attempt) == (task, 2)
    assert not instance.file("asked").exists()
    refused = tell(instance, "decide", id=first.id, decision="allow")
    assert refused["type"] == "error"
    tell(instance, "decide", id=second.id, decision="allow")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("asked").exists()
    assert wait_ended(instance, second.id).end is End.ANSWERED
    assert [each.answer is None for each in approvals(instance)] == [True, False]


def test_a_killed_hook_leaves_the_dialog_to_the_screen(bench: ClaudeBench) -> None:
    instance = bench.instance
    task = add(bench)
    asked = wait_open(instance)
    wait_until(lambda: "1. Yes" in instance.screen(), timeout_s=LONG_S)
    for pid in instance.pids(f"{task} 1"):
        if "hook" in command_of(pid):
            os.kill(pid, signal.SIGKILL)
    assert wait_ended(instance, asked.id).end is End.GONE
    refused = tell(instance, "decide", id=asked.id, decision="allow")
    assert refused["type"] == "error"
    seen = wait_open(instance)
    assert (seen.request.way, seen.request.input) == (Way.SCREEN, asked.request.input)
    assert not instance.file("asked").exists()
    tell(instance, "decide", id=seen.id, decision="allow")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("asked").exists()
    ended = wait_ended(instance, seen.id)
    assert ended.answer
    assert (ended.answer.decision, ended.answer.by) == (Decision.ALLOW, By.PERSON)
    assert ended.end is End.ANSWERED
