"""Which calls need leave."""

import pytest

from ccpar_hybrid.demo.agent_permission import (
    Mode,
    Policy,
    Ruling,
    command_pattern,
    split_rules,
)


def ruling(command: str, *allowed: str, mode: Mode = Mode.DEFAULT) -> Ruling:
    return Policy(mode, allowed).ruling("Bash", {"command": command})


@pytest.mark.parametrize("command", ["ls; false", "git status", "echo a && pwd", "sleep 3"])
def test_commands_that_only_read_need_no_leave(command: str) -> None:
    assert ruling(command) is Ruling.ALLOW


@pytest.mark.parametrize(
    "command",
    ["rm x", "echo $(rm x)", "echo `rm x`", "ls; rm x", "echo a > b", "git push", "cat <<E\nE"],
)
def test_other_commands_need_leave(command: str) -> None:
    assert ruling(command) is Ruling.ASK


def test_a_prefix_rule_covers_its_command_and_nothing_chained_to_it() -> None:
    assert ruling("git push origin", "Bash(git push:*)") is Ruling.ALLOW
    assert ruling("git push && ls", "Bash(git push:*)") is Ruling.ALLOW
    assert ruling("git pushx", "Bash(git push:*)") is Ruling.ASK
    assert ruling("git push && rm x", "Bash(git push:*)") is Ruling.ASK
    assert ruling("git push $(rm x)", "Bash(git push *)") is Ruling.ASK
    assert ruling("rm x $(y)", "Bash") is Ruling.ALLOW


def test_modes_decide_for_edits() -> None:
    edit = {"file_path": "a"}
    assert Policy(Mode.DEFAULT).ruling("Write", edit) is Ruling.ASK
    assert Policy(Mode.ACCEPT_EDITS).ruling("Edit", edit) is Ruling.ALLOW
    assert Policy(Mode.PLAN).ruling("Edit", edit) is Ruling.ASK
    assert Policy(Mode.DONT_ASK).ruling("Edit", edit) is Ruling.DENY
    assert Policy(Mode.BYPASS).ruling("Edit", edit) is Ruling.ALLOW
    assert Policy(Mode.BYPASS, denied=["Edit"]).ruling("Write", edit) is Ruling.DENY
    assert ruling("touch a", mode=Mode.ACCEPT_EDITS) is Ruling.ALLOW


def test_reading_needs_no_leave_and_a_question_always_asks() -> None:
    assert Policy(Mode.DEFAULT).ruling("Read", {}) is Ruling.ALLOW
    assert Policy(Mode.BYPASS).ruling("AskUserQuestion", {}) is Ruling.ASK


def test_what_was_remembered_is_not_asked_again() -> None:
    policy = Policy(Mode.DEFAULT)
    policy.remember("Bash", {"command": "git init ."})
    policy.remember("WebFetch", {"url": "https://example.com/a"})
    assert policy.ruling("Bash", {"command": "git init elsewhere"}) is Ruling.ALLOW
    assert policy.ruling("WebFetch", {"url": "https://example.com/b"}) is Ruling.ALLOW
    assert policy.ruling("WebFetch", {"url": "https://example.com.evil/b"}) is Ruling.ASK
    assert policy.ruling("WebFetch", {"url": "https://example.com@evil/b"}) is Ruling.ASK
    policy.remember("Write", {})
    assert policy.mode is Mode.ACCEPT_EDITS


def test_rules_are_split_outside_of_brackets_and_patterns_are_short() -> None:
    assert split_rules("Bash(git log:*),Edit Bash(a, b)") == (
        "Bash(git log:*)",
        "Edit",
        "Bash(a, b)",
    )
    assert command_pattern("sleep 1; git init .") == "git init *"
    assert command_pattern("exit 3") == "exit 3"
