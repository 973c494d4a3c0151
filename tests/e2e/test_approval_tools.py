"""Each kind of tool of the real Claude Code, by its PermissionRequest hook. Seen with 2.1.197."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.core.decision import Approval, By, Decision, End
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
from tests.support.waiting import wait_until

pytestmark = pytest.mark.claude

POLICY = """
[[rule]]
decision = "allow"
path = ["allowed*"]
[[rule]]
decision = "deny"
message = "leave that one as it is"
path = ["denied*"]
[[rule]]
decision = "allow"
host = "127.0.0.1"
[[rule]]
decision = "deny"
message = "nothing is fetched from there"
host = "127.0.0.2"
[[rule]]
decision = "deny"
message = "put no such thing"
input = {what = "denied"}
[[rule]]
decision = "allow"
server = "box__put"
"""
REFUSALS = (
    "leave that one as it is",
    "leave that one as it is",
    "nothing is fetched from there",
    "put no such thing",
)
LONG_S = 90.0
SERVER = Path(__file__).parents[1] / "support" / "mcp_server.py"


@pytest.fixture
def bench() -> Iterator[ClaudeBench]:
    """One worker, an approver, and an MCP server `box` whose tools are there from the start."""
    with running_bench(CCPAR_APPROVER_RUN="true", MCP_CONNECTION_NONBLOCKING="0") as running:
        instance = running.instance
        program = {"type": "stdio", "command": sys.executable, "args": [str(SERVER)]}
        configure(instance.home / "claude" / ".claude.json", mcpServers={"box": program})
        configure(instance.home / "claude" / "settings.json", skipWebFetchPreflight=True)
        write_policy(instance, POLICY)
        instance.setup(1)
        approver_pid(instance)
        yield running


def configure(file: Path, **more: object) -> None:
    """Add to a file of JSON."""
    given = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(given | more))


def call(tool: str, **given: object) -> dict[str, object]:
    return {"tool": tool, "input": given}


def results(bench: ClaudeBench) -> list[dict[str, Any]]:
    """What the model was told of its tools, in their order."""
    return [
        part
        for message in bench.conversations()[-1]
        if message["role"] == "user" and isinstance(message["content"], list)
        for part in message["content"]
        if part["type"] == "tool_result"
    ]


def decided(bench: ClaudeBench) -> list[tuple[str, Decision | None, By, End | None]]:
    """Tool, decision, who took it and its end, of each request."""
    ended = [wait_ended(bench.instance, each.id) for each in approvals(bench.instance)]
    return [_told(each) for each in ended]


def _told(each: Approval) -> tuple[str, Decision | None, By, End | None]:
    assert each.answer, each
    return each.request.tool, each.answer.decision, each.answer.by, each.end


def test_each_kind_of_tool_is_allowed_and_denied_by_the_policy(bench: ClaudeBench) -> None:
    instance = bench.instance
    allowed, denied = instance.file("allowed.txt"), instance.file("denied.txt")
    for file in (allowed, denied):
        file.write_text("a\n")
    with Page("127.0.0.1") as page, Page("127.0.0.2") as forbidden:
        steps = [
            *_each_kind(allowed, page.address, "allowed"),
            *_each_kind(denied, forbidden.address, "denied"),
        ]
        task = instance.add(script(*steps), agent="claude")
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        assert (page.visits > 0, forbidden.visits) == (True, 0)
    assert (allowed.read_text(), denied.read_text()) == ("b\n", "a\n")
    assert instance.file("allowed.txt.new").read_text() == "new\n"
    assert not instance.file("denied.txt.new").exists()
    kinds = ("Edit", "Write", "WebFetch", "mcp__box__put")
    assert decided(bench) == [
        (kind, decision, By.POLICY, End.ANSWERED)
        for decision in (Decision.ALLOW, Decision.DENY)
        for kind in kinds
    ]
    refusals = [each["content"] for each in results(bench) if each.get("is_error")][-4:]
    for refusal, rule in zip(refusals, REFUSALS, strict=True):
        assert rule in refusal
    assert ["put" in str(each["content"]) for each in results(bench)[4::5]] == [True, True]


def _each_kind(file: Path, address: str, what: str) -> list[object]:
    return [
        call("Read", file_path=str(file)),
        {"say": "Now."},
        call("Edit", file_path=str(file), old_string="a", new_string="b"),
        {"say": "Now."},
        call("Write", file_path=f"{file}.new", content="new\n"),
        {"say": "Now."},
        call("WebFetch", url=f"http://{address}/", prompt="Sum it up."),
        {"say": "Now."},
        call("mcp__box__put", what=what),
        {"say": "Now."},
    ]


def test_calls_of_one_turn_are_decided_each_by_itself(bench: ClaudeBench) -> None:
    instance = bench.instance
    names = ("asked-1", "allowed", "denied", "asked-2")
    steps = [bash(f"touch {name}") for name in names]
    task = instance.add(script(*steps, {"say": "Over."}), agent="claude")
    for name, decision in (("asked-1", Decision.ALLOW), ("asked-2", Decision.DENY)):
        asked = wait_open(instance)
        assert asked.request.input["command"] == f"touch {name}"
        tell(instance, "decide", id=asked.id, decision=decision, message="one is enough")
        wait_ended(instance, asked.id)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert [instance.file(name).exists() for name in names] == [True, True, False, False]
    assert [each[1:3] for each in decided(bench)] == [
        (Decision.ALLOW, By.PERSON),
        (Decision.ALLOW, By.POLICY),
        (Decision.DENY, By.POLICY),
        (Decision.DENY, By.PERSON),
    ]
    told = [each["content"] for each in results(bench)]
    assert "leave that one as it is" in told[2]
    assert told[3] == "one is enough"


def test_a_plan_is_left_to_the_pane(bench: ClaudeBench) -> None:
    instance = bench.instance
    plan = call("ExitPlanMode", plan="# Plan\n1. Read it.\n2. Mend it.\n")
    task = instance.add(script(plan, {"say": "Over."}), agent="claude", permission_mode="plan")
    asked = wait_open(instance)
    refused = tell(instance, "decide", id=asked.id, decision="allow")
    assert "not allowed but answered" in refused["reason"]
    wait_until(lambda: "1. Yes" in instance.screen(), timeout_s=LONG_S)
    instance.type("1")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert wait_ended(instance, asked.id).end is End.BY_HAND
    assert "has approved your plan" in results(bench)[0]["content"]
