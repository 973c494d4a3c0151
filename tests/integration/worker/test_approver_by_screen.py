"""Dialogs of the demo agent, answered by what the pane shows and by keys."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.core.decision import Approval, By, Decision, End, Way
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
name = "a page"
decision = "allow"
tool = ["WebFetch"]
[[rule]]
name = "marks"
decision = "allow"
path = ["allowed*"]
[[rule]]
name = "no marks"
decision = "deny"
message = "touch nothing of that name"
path = ["denied*"]
[[rule]]
name = "own folder"
decision = "allow"
does = ["trust"]
"""


@pytest.fixture
def settings() -> dict[str, str]:
    """By screen alone; tests that want another way parametrize it."""
    return {"CCPAR_APPROVER_VIA": "screen"}


@pytest.fixture
def instance(home: Path, settings: dict[str, str]) -> Iterator[Instance]:
    """With an approver and a supervisor; `fault.POINT` in the home ends who reaches the point."""
    fixed = {"CCPAR_APPROVER_RUN": "true", "CCPAR_SUPERVISOR_RUN": "true"}
    with running_instance(CCPAR_FAULT=f"*:{home / 'fault'}", **fixed, **settings) as running:
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


def kill_hook(instance: Instance, task: TaskKey) -> None:
    """The one that waits for an answer."""
    for pid in instance.pids(f"{task} 1"):
        if "hook" in command_of(pid):
            os.kill(pid, signal.SIGKILL)


def is_taken(instance: Instance, asked: Approval) -> bool:
    """Whether the approver could say a person's yes; it may have to look at the dialog again."""
    said = tell(instance, "decide", id=asked.id, decision="allow")
    return bool(said["type"] == "ok")


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


def test_a_question_is_listed_and_answered_in_the_pane_alone(instance: Instance) -> None:
    asks = {"question": "Which?", "header": "DB", "options": [{"label": "One"}, {"label": "Two"}]}
    steps = [{"tool": "AskUserQuestion", "input": {"questions": [asks]}}, {"say": "Over."}]
    task = instance.add(f"script: {json.dumps(steps)}", agent="demo")
    asked = wait_open(instance)
    assert asked.request.tool == "AskUserQuestion"
    for word in ("approve", "deny"):
        refused = instance.cli("approvals", word, asked.id, code=6).stderr
        assert "in the pane" in refused
    instance.type("2")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [((None, By.HAND), End.BY_HAND)]


def test_a_dialog_in_which_a_person_moves_is_the_same_request(instance: Instance) -> None:
    task = add(instance, bash("touch moved-in"))
    asked = wait_open(instance)
    instance.type("Down")
    wait_until(lambda: "❯ 2." in instance.screen(), timeout_s=LONG_S)
    assert not is_taken(instance, asked)
    instance.type("Up")
    wait_until(lambda: "❯ 1." in instance.screen(), timeout_s=LONG_S)
    wait_until(lambda: is_taken(instance, asked), timeout_s=LONG_S)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [BY_COMMAND]


def test_a_dialog_that_is_drawn_at_another_size_is_the_same_request(instance: Instance) -> None:
    task = add(instance, bash("touch resized"))
    asked = wait_open(instance)
    window = instance.pane()
    instance.tmux.tmux("resize-window", "-t", window, "-x", "100", "-y", "28")
    wait_until(lambda: "─" * 100 in instance.screen().split("\n"), timeout_s=LONG_S)
    wait_until(lambda: is_taken(instance, asked), timeout_s=LONG_S)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [BY_COMMAND]


def test_a_pane_in_copy_mode_and_a_stopped_agent_get_no_key(instance: Instance) -> None:
    instance.tmux.tmux("copy-mode", "-t", instance.pane())
    task = add(instance, bash("touch allowed-3"))
    wait_until(lambda: approvals(instance), timeout_s=LONG_S)
    asked = approvals(instance)[0]
    assert (asked.answer is not None, asked.key_at) == (True, None)
    instance.tmux.tmux("copy-mode", "-q", "-t", instance.pane())
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [BY_RULE]


@pytest.mark.parametrize("settings", [{"CCPAR_APPROVER_VIA": "auto"}])
def test_a_dialog_whose_hook_is_killed_is_answered_by_key(instance: Instance) -> None:
    command = bash("printf '%s' $HOME > unhooked")
    task = add(instance, command)
    by_hook = wait_open(instance)
    kill_hook(instance, task)
    assert wait_ended(instance, by_hook.id).end is End.GONE
    by_key = wait_open(instance)
    assert (by_key.request.way, by_key.request.input) == (Way.SCREEN, command)
    instance.cli("approvals", "approve", by_key.id)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.file("unhooked").exists()
    assert kinds(all_ended(instance)) == [(None, End.GONE), BY_COMMAND]


def spoil(instance: Instance) -> bool:
    """Let a letter stand in the dialog's title; whether it does."""
    lines = instance.screen().split("\n")
    if " Bash command" in lines and any("1. Yes" in line for line in lines):
        form = ("display-message", "-p", "-t", instance.pane(), "#{pane_tty}")
        place = f"{lines.index(' Bash command') + 1};14H"
        Path(instance.tmux.tmux(*form).strip()).write_text(f"\x1b7\x1b[{place}s\x1b8")
    return " Bash commands" in lines


@pytest.mark.parametrize("settings", [{"CCPAR_APPROVER_VIA": "auto"}])
def test_a_dialog_in_which_old_text_stands_is_drawn_anew_to_be_read(instance: Instance) -> None:
    task = add(instance, bash("touch spoilt"))
    by_hook = wait_open(instance)
    wait_until(lambda: spoil(instance), timeout_s=LONG_S)
    kill_hook(instance, task)
    assert wait_ended(instance, by_hook.id).end is End.GONE
    by_key = wait_open(instance)
    assert (by_key.request.way, by_key.request.input) == (Way.SCREEN, bash("touch spoilt"))
    instance.cli("approvals", "approve", by_key.id)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [(None, End.GONE), BY_COMMAND]


@pytest.mark.parametrize("settings", [{"CCPAR_APPROVER_VIA": "auto"}])
def test_what_has_a_hook_is_left_to_it(instance: Instance) -> None:
    task = add(instance, bash("touch hooked"))
    asked = wait_open(instance)
    wait_until(
        lambda: datetime.now(UTC) - asked.request.asked_at > timedelta(seconds=5), timeout_s=LONG_S
    )
    assert len(approvals(instance)) == 1
    instance.cli("approvals", "approve", asked.id)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    (only,) = all_ended(instance)
    assert (only.request.way, kinds([only])) == (Way.HOOK, [BY_COMMAND])


def test_a_prompt_that_goes_with_its_tmux_is_asked_anew_and_answered_once(
    instance: Instance,
) -> None:
    task = add(instance, bash("touch survived"))
    first = wait_open(instance)
    server = int(instance.tmux.tmux("display-message", "-p", "#{pid}"))
    os.kill(server, signal.SIGKILL)
    wait_until(
        lambda: not is_alive(server) and not instance.pids("-m ccpar_hybrid"),
        timeout_s=LONG_S,
        message="all that ran in tmux has ended",
    )
    instance.setup(1)
    approver_pid(instance)
    wait_until(lambda: len(approvals(instance)) == 2, timeout_s=LONG_S)
    wait_ended(instance, first.id)
    second = wait_open(instance)
    assert second.request.attempt == 2
    instance.cli("approvals", "approve", second.id)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert kinds(all_ended(instance)) == [(None, End.GONE), BY_COMMAND]


def test_a_denial_reaches_the_agent_with_its_words(instance: Instance) -> None:
    task = add(instance, bash("touch denied-1"), bash("touch asked-3"), bash("touch allowed-4"))
    asked = wait_open(instance)
    assert asked.request.input == bash("touch asked-3")
    instance.cli("approvals", "deny", asked.id, "-m", "Ask me\nabout that one later.")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert "touch nothing of that name" in instance.log(task)
    assert "Ask me about that one later." in instance.log(task)
    assert not instance.file("denied-1").exists()
    assert not instance.file("asked-3").exists()
    assert instance.file("allowed-4").exists()
    assert kinds(all_ended(instance)) == [
        ((Decision.DENY, By.POLICY), End.ANSWERED),
        ((Decision.DENY, By.PERSON), End.ANSWERED),
        BY_RULE,
    ]


@pytest.mark.parametrize("settings", [{"CLAUDE_CODE_SANDBOXED": "0"}])
def test_the_trust_of_the_tasks_own_folder_is_a_rules_matter(instance: Instance) -> None:
    task = add(instance, bash("touch allowed-5"))
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    trusted, touched = all_ended(instance)
    assert (trusted.request.tool, trusted.request.way) == ("Trust", Way.SCREEN)
    assert trusted.request.input == {"path": str(instance.project)}
    assert touched.request.way is Way.HOOK
    assert kinds([trusted, touched]) == [BY_RULE, BY_RULE]


@pytest.mark.parametrize(
    "settings",
    [
        {
            "CCPAR_APPROVER_VIA": "screen",
            "CCPAR_APPROVER_WAIT_S": "0.5",
            "CCPAR_APPROVER_ON_TIMEOUT": "deny",
        }
    ],
)
def test_what_nobody_answers_in_time_is_denied_where_that_is_set(instance: Instance) -> None:
    task = add(instance, bash("touch late"))
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert not instance.file("late").exists()
    assert "Nobody has answered" in instance.log(task)
    assert kinds(all_ended(instance)) == [((Decision.DENY, By.TIMEOUT), End.ANSWERED)]
