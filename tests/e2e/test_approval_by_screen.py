"""Approvals with the real Claude Code by what its pane shows, and by keys. Seen with 2.1.197."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ccpar_hybrid.core.decision import Approval, By, Decision, End, Way
from tests.support.approver import (
    approvals,
    approver_pid,
    tell,
    wait_ended,
    wait_open,
    write_policy,
)
from tests.support.claude import ClaudeBench, bash, running_bench, script
from tests.support.page import Page

pytestmark = pytest.mark.claude

POLICY = """
[[rule]]
decision = "allow"
path = ["allowed*"]
[[rule]]
decision = "deny"
message = "make no such file, use the database"
path = ["denied*"]
[[rule]]
decision = "allow"
host = "127.0.0.1"
"""
LONG_S = 90.0


@pytest.fixture
def bench() -> Iterator[ClaudeBench]:
    """One worker, and an approver that knows screens alone."""
    with running_bench(CCPAR_APPROVER_RUN="true", CCPAR_APPROVER_VIA="screen") as running:
        instance = running.instance
        settings = instance.home / "claude" / "settings.json"
        settings.write_text(json.dumps({"skipWebFetchPreflight": True}))
        write_policy(instance, POLICY)
        instance.setup(1)
        approver_pid(instance)
        yield running


def call(tool: str, **given: object) -> dict[str, object]:
    return {"tool": tool, "input": given}


def decided(found: list[Approval]) -> list[tuple[object, ...]]:
    return [
        (
            each.request.tool,
            each.request.way,
            each.answer and (each.answer.decision, each.answer.by),
            each.end,
        )
        for each in found
    ]


def test_what_the_policy_allows_by_what_the_screen_shows_is_answered_by_key(
    bench: ClaudeBench,
) -> None:
    instance = bench.instance
    file = instance.file("allowed.txt")
    file.write_text("a\n")
    with Page("127.0.0.1") as page:
        task = instance.add(
            script(
                bash("touch allowed-1"),
                {"say": "Now."},
                call("Read", file_path=str(file)),
                call("Edit", file_path=str(file), old_string="a", new_string="b"),
                {"say": "Now."},
                call("Write", file_path=f"{file}.new", content="new\n"),
                {"say": "Now."},
                call("WebFetch", url=f"http://{page.address}/", prompt="Sum it up."),
                {"say": "Over."},
            ),
            agent="claude",
        )
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        assert page.visits > 0
    assert instance.file("allowed-1").exists()
    assert file.read_text() == "b\n"
    assert instance.file("allowed.txt.new").read_text() == "new\n"
    ended = [wait_ended(instance, each.id) for each in approvals(instance)]
    assert decided(ended) == [
        (tool, Way.SCREEN, (Decision.ALLOW, By.POLICY), End.ANSWERED)
        for tool in ("Bash", "Edit", "Write", "WebFetch")
    ]


def test_a_person_answers_by_command_what_the_screen_asks(bench: ClaudeBench) -> None:
    instance = bench.instance
    question = {
        "question": "Which one?",
        "header": "Pick",
        "multiSelect": False,
        "options": [
            {"label": "Red", "description": "the red one"},
            {"label": "Blue", "description": "the blue one"},
        ],
    }
    asks = call("AskUserQuestion", questions=[question])
    task = instance.add(
        script(bash("touch one"), {"say": "Now."}, asks, {"say": "Over."}), agent="claude"
    )
    asked = wait_open(instance)
    assert asked.request.screen
    assert "touch one" in asked.request.screen
    assert not instance.file("one").exists()
    instance.cli("approvals", "approve", asked.id)
    assert decided([wait_ended(instance, asked.id)]) == [
        ("Bash", Way.SCREEN, (Decision.ALLOW, By.PERSON), End.ANSWERED)
    ]
    asked = wait_open(instance)
    refused = tell(instance, "decide", id=asked.id, decision="allow")
    assert refused["type"] == "error"
    instance.type("1")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("one").exists()
    assert wait_ended(instance, asked.id).end is End.BY_HAND


def test_a_denial_by_key_tells_the_model_why_and_the_turn_goes_on(bench: ClaudeBench) -> None:
    instance = bench.instance
    task = instance.add(
        script(
            bash("touch denied-1"),
            {"say": "Now."},
            call("Write", file_path=str(instance.file("denied-2")), content="two\n"),
            {"say": "Now."},
            bash("touch three"),
            {"say": "Over."},
        ),
        agent="claude",
    )
    asked = wait_open(instance)
    assert asked.request.input == {"command": "touch three"}
    instance.cli("approvals", "deny", asked.id, "--message", "three is one too many")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert not any(instance.file(name).exists() for name in ("denied-1", "denied-2", "three"))
    ended = [wait_ended(instance, each.id) for each in approvals(instance)]
    assert decided(ended) == [
        (tool, Way.SCREEN, (Decision.DENY, by), End.ANSWERED)
        for tool, by in (("Bash", By.POLICY), ("Write", By.POLICY), ("Bash", By.PERSON))
    ]
    told = str(bench.conversations()[-1])
    assert told.count("use the database") >= 2
    assert "three is one too many" in told


TRUST = """
[[rule]]
decision = "allow"
tool = "Trust"
"""


def test_whether_a_new_folder_is_trusted_is_asked_of_a_person_or_of_a_rule() -> None:
    with running_bench(trust=False, CCPAR_APPROVER_RUN="true") as bench:
        instance = bench.instance
        instance.setup(1)
        approver_pid(instance)
        task = instance.add(script({"say": "Over."}), agent="claude")
        asked = wait_open(instance)
        assert asked.request.tool == "Trust"
        assert asked.request.input == {"path": str(instance.project)}
        instance.cli("approvals", "approve", asked.id)
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        write_policy(instance, TRUST)
        other = instance.home / "other"
        other.mkdir()
        task = instance.add(script({"say": "Over."}), agent="claude", dir=str(other))
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        ended = [wait_ended(instance, each.id) for each in approvals(instance)]
        assert decided(ended) == [
            ("Trust", Way.SCREEN, (Decision.ALLOW, by), End.ANSWERED)
            for by in (By.PERSON, By.POLICY)
        ]
