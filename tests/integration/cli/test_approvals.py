"""approvals and policy suggest, as a person and as a program call them, on a kept history."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.approval.policy import parse
from ccpar_hybrid.core.decision import Answer, By, Decision, End, Request, Ruling, Way
from tests.support.approval import ALLOWED, ASKED, make_request
from tests.support.command_line import PROGRAM, CommandLine
from tests.support.json_page import check_document
from tests.support.ledger import make_task
from tests.support.waiting import wait_until

SECRET = "Zx9kQ7w" * 4
LONG = "frobnicate \x1b]0;x\x07 \u202e --token " + SECRET + "\nsecond\n" + "y" * 250 + " END"
ACTING = {"\x1b", "\x07", "\u202e"}


class History:
    """A home whose ledger holds requests of the task `fix-1`."""

    def __init__(self, line: CommandLine, app: App) -> None:
        self.line = line
        self.book = app.ledger.approvals
        task = make_task(label="fix-1")
        spec = task.spec.model_copy(update={"directory": str(line.project)})
        app.ledger.add([task.model_copy(update={"spec": spec})])
        self.key = task.key

    def ask(self, command: str = "ls", ruling: Ruling = ASKED, **more: Any) -> Request:
        """A request that stands."""
        place = {"key": self.key, "directory": str(self.line.project), "at": datetime.now(UTC)}
        request = make_request(command, **{**place, **more})
        self.book.note(request, ruling)
        return request

    def answer(
        self, request: Request, decision: Decision | None = Decision.ALLOW, by: By = By.PERSON
    ) -> None:
        """Decided, and told to the agent."""
        at = datetime.now(UTC)
        if by is By.HAND:
            self.book.end_by_hand(request.id, decision, at)
            return
        self.book.decide(request.id, Answer(decision=decision, by=by, at=at))
        self.book.end(request.id, End.ANSWERED, at + timedelta(seconds=2))

    def __call__(self, *words: str) -> str:
        return self.line.good(*words).out

    def json(self, *words: str) -> Any:
        """A document that is as it is described."""
        found = json.loads(self(*words, "--json"))
        check_document(found)
        return found


@pytest.fixture
def history(bare: CommandLine) -> Iterator[History]:
    with App(bare.environment) as app:
        yield History(bare, app)


@pytest.fixture
def approver(history: History) -> Iterator[None]:
    """A real one."""
    started = subprocess.Popen(
        [*PROGRAM, "approver"], env=history.line.environment, stdout=subprocess.DEVNULL
    )
    socket = Path(App(history.line.environment).paths.approver)
    try:
        wait_until(socket.exists, timeout_s=30, message="an approver listens")
        yield
    finally:
        started.terminate()
        started.wait(30)


def test_what_waits_is_listed_and_shown_to_its_end(history: History) -> None:
    assert history("approvals", "list") == "nothing waits for a person\n"
    request = history.ask(LONG, worker="w2")
    history.answer(history.ask("ls"))
    listed = history("approvals", "list")
    assert request.id[:8] in listed
    assert "fix-1" in listed
    assert "second" in listed
    assert len(listed.splitlines()) == 2
    shown = history("approvals", "show", request.id[:4])
    for words in (
        "second\n",
        "yyy END",
        "fetch: no rule allows it",
        "w2",
        f"approve {request.id[:8]}",
    ):
        assert words in shown
    for said in (listed, shown):
        assert not set(said) & ACTING
        assert SECRET not in said
        assert "[masked]" in said


def test_lists_are_printed_as_json_with_secrets_masked(history: History) -> None:
    request = history.ask(LONG, screen=f"a dialog\n{LONG}", way=Way.SCREEN)
    history.answer(history.ask("ls"), Decision.DENY)
    (waiting,) = history.json("approvals", "list")["approvals"]
    assert waiting["id"] == request.id
    assert waiting["input"]["command"] == LONG.replace(SECRET, "[masked]")
    assert [each["decision"] for each in history.json("approvals", "history")["approvals"]] == [
        None,
        "deny",
    ]
    shown = history.json("approvals", "show", request.id)
    assert shown["screen"] == f"a dialog\n{LONG}".replace(SECRET, "[masked]")


def test_the_tasks_and_their_stories_tell_of_requests(history: History) -> None:
    request = history.ask(LONG)
    assert history.json("list")["tasks"][0]["requests"] == [request.id]
    listed = history("list")
    assert "1 request waits for your answer: ccpar-hybrid approvals list" in listed
    shown = history("show", "fix-1")
    assert f"asks leave   {request.id[:8]}" in shown
    assert f"request #1  id: {request.id[:8]}, call: Bash(frobnicate" in shown
    assert not set(shown) & ACTING
    assert SECRET not in shown
    history.answer(request, Decision.DENY)
    told = history.json("show", "fix-1")["task"]
    assert told["requests"] == []
    assert [each["kind"] for each in told["events"]] == ["added", "request", "answer"]
    assert told["events"][-1]["data"]["decision"] == "deny"
    assert "waits for your answer" not in history("list")


def test_history_is_narrowed(history: History) -> None:
    history.answer(history.ask("one"), Decision.DENY)
    history.answer(history.ask("two", group="other"), Decision.ALLOW, By.HAND)
    history.answer(history.ask("three", tool="Write", at=datetime(2025, 1, 1, tzinfo=UTC)))

    def found(*options: str) -> list[str]:
        told = history.json("approvals", "history", *options)["approvals"]
        return [each["input"]["command"] for each in told]

    assert found() == ["one", "two", "three"]
    assert found("--decision", "deny") == ["one"]
    assert found("--by", "hand") == ["two"]
    assert found("--group", "other") == ["two"]
    assert found("--tool", "Write") == ["three"]
    assert found("--since", "1h") == ["one", "two"]
    assert found("--task", "fix-1", "--all") == ["one", "two", "three"]
    refused = history.line("approvals", "history", "--by", "nobody")
    assert refused.code == 2
    assert "policy, person, hand, timeout" in refused.err


def test_an_id_that_names_none_or_several_is_refused(history: History) -> None:
    assert history.line("approvals", "show", "abc").code == 3
    assert history.line("approvals", "approve", "no id").code == 3
    first = history.ask(id="a" * 32)
    history.ask(id="a" * 31 + "b")
    said = history.line("approvals", "show", "aaa")
    assert said.code == 2
    assert "several" in said.err
    assert history.json("approvals", "show", first.id)["approval"]["id"] == first.id


def test_explain_tells_then_and_now(history: History) -> None:
    request = history.ask("cat a; frobnicate b", ALLOWED)
    said = history("approvals", "explain", request.id)
    assert "allow, reading (careful.toml:3)" in said
    assert "unknown: frobnicate" in said
    found = history.json("approvals", "explain", request.id)
    assert found["now"]["decision"] == "ask"
    assert {part["decision"] for part in found["now"]["parts"]} == {"allow", "ask"}
    gone = history.ask(key="tzzzzzzzz", directory=str(history.line.home / "gone"))
    assert "gone" in history("approvals", "explain", gone.id)
    assert history.json("approvals", "explain", gone.id)["now"] is None


def test_history_is_tried_with_another_policy(history: History) -> None:
    history.answer(history.ask("make"), Decision.DENY)
    history.answer(history.ask("pytest"), Decision.ALLOW)
    history.answer(history.ask("frobnicate"))
    history.ask(key="tzzzzzzzz", directory=str(history.line.home / "gone"))
    said = history("approvals", "test", "--profile", "standard", "--since", "7d")
    assert "3 requests judged, 1 as before" in said
    assert "ask → allow: 2" in said
    assert "1 against what a person decided" in said
    assert "1 not judged" in said
    found = history.json("approvals", "test", "--profile", "standard")
    told = {c["approval"]["input"]["command"]: c["is_against_a_person"] for c in found["changes"]}
    assert told == {"make": True, "pytest": False}
    assert history.line("approvals", "test", "--policy", "nothing.toml").code == 2


def test_rules_are_suggested_that_hold_when_they_are_added(history: History) -> None:
    assert "Nothing to propose" in history("policy", "suggest")
    for command in ("frobnicate a", "frobnicate a", "git commit -m 'x\n[[rule]]'"):
        history.answer(history.ask(command), by=By.HAND)
    history.answer(history.ask("$x # \x1b " + SECRET))
    history.answer(history.ask("denied"), Decision.DENY)
    history.answer(history.ask("", input={}, tool="mcp__a__b", way=Way.SCREEN))
    said = history("policy", "suggest")
    assert not set(said) & ACTING
    assert len(parse(said, "p").rule) == 2
    assert "approved 2×" in said
    found = history.json("policy", "suggest", "--times", "2")
    assert [each["rule"]["input"] for each in found["proposals"]] == [{"command": "frobnicate a"}]
    assert len(found["left"]) == 2
    policy = Path(App(history.line.environment).paths.config) / "policy.toml"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text(said)
    tried = history.json("approvals", "test")
    assert [c["now"]["decision"] for c in tried["changes"]] == ["allow", "allow", "allow"]


def test_a_person_approves_and_denies(history: History, approver: None) -> None:
    one, two, three = history.ask("one"), history.ask("two"), history.ask("three")
    said = history("approvals", "approve", one.id[:8], two.id[:8])
    assert "Bash: one" in said
    assert "Bash: two" in said
    denied = history.json("approvals", "deny", three.id, "-m", "Not today.")["approvals"]
    assert [each["message"] for each in denied] == ["Not today."]
    decided = [history.book.find(each.id) for each in (one, two, three)]
    assert [(d.answer.decision, d.answer.by) for d in decided if d and d.answer] == [
        (Decision.ALLOW, By.PERSON),
        (Decision.ALLOW, By.PERSON),
        (Decision.DENY, By.PERSON),
    ]
    again = history.line("approvals", "deny", one.id)
    assert again.code == 6
    assert "answered already" in again.err
    assert history("approvals", "list") == "nothing waits for a person\n"


def test_an_agent_cannot_answer_for_a_person(history: History, approver: None) -> None:
    request = history.ask()
    for word in ("approve", "deny"):
        said = history.line("approvals", word, request.id, variables={"CCPAR_TASK": history.key})
        assert said.code == 6
    found = history.book.find(request.id)
    assert found
    assert found.is_open


def test_without_an_approver_nothing_is_decided(history: History) -> None:
    request = history.ask()
    said = history.line("approvals", "approve", request.id)
    assert said.code == 4
    assert "pane" in said.err
    found = history.book.find(request.id)
    assert found
    assert found.is_open


def test_watch_tells_each_step(history: History) -> None:
    request = history.ask("one")
    watching = subprocess.Popen(
        [*PROGRAM, "approvals", "watch", "--json"],
        env=history.line.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout
    try:

        def told() -> dict[str, Any]:
            assert watching.stdout
            document = json.loads(watching.stdout.readline())
            check_document(document)
            approval: dict[str, Any] = document["approval"]
            return approval

        assert told()["id"] == request.id
        history.answer(request)
        steps = [told()]
        while steps[-1]["end"] is None:
            steps.append(told())
        assert {each["decision"] for each in steps} == {"allow"}
        later = history.ask("two")
        assert told()["id"] == later.id
    finally:
        watching.terminate()
        watching.communicate(timeout=30)
