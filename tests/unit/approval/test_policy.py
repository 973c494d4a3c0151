"""Rules: which one decides, what none overrides, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.approval import policy, tool
from ccpar_hybrid.approval.policy import Profile, doubts, parse
from ccpar_hybrid.core.errors import BadInput
from tests.support.policy import Project

NPM = '[[rule]]\ndecision = "allow"\ncommand = "terraform plan"\n'


def test_the_profile_of_the_file_is_in_force_and_careful_without_one(tmp_path: Path) -> None:
    assert Project(tmp_path).policy.profile is Profile.CAREFUL
    assert Project(tmp_path, 'profile = "standard"\n').policy.profile is Profile.STANDARD


def test_a_rule_of_the_users_comes_before_the_profile(tmp_path: Path) -> None:
    rules = 'profile = "standard"\n[[rule]]\ndecision = "ask"\ncommand = "npm run"\n'
    project = Project(tmp_path, rules)
    assert project.bash("npm run build") == "ask"
    assert project.bash("npm test") == "allow"


def test_the_first_rule_that_fits_decides_and_is_named(tmp_path: Path) -> None:
    rules = NPM + '[[rule]]\ndecision = "deny"\ncommand = "terraform"\nmessage = "no"\n'
    project = Project(tmp_path, rules)
    assert project.judge("Bash", command="terraform plan").decision.value == "allow"
    verdict = project.judge("Bash", command="terraform apply")
    assert verdict.decision.value == "deny"
    assert verdict.part.rule is not None
    assert verdict.part.rule.where == f"{tmp_path}/policy.toml:4"


def test_a_rule_for_an_unknown_program_needs_its_name(tmp_path: Path) -> None:
    assert Project(tmp_path, '[[rule]]\ndecision = "allow"\n').bash("frobnicate") == "ask"
    rules = '[[rule]]\ndecision = "allow"\ncommand = "frobnicate *"\n'
    assert Project(tmp_path, rules).bash("frobnicate now") == "allow"
    assert Project(tmp_path, rules).bash("frobnicate $(rm -rf /)") == "deny"


@pytest.mark.parametrize(
    "command", ["rm -rf /etc", "cat .env", "git push -f", "echo x > .git/hooks/pre-push"]
)
def test_no_rule_overrides_the_deny_list(tmp_path: Path, command: str) -> None:
    assert Project(tmp_path, '[[rule]]\ndecision = "allow"\n').bash(command) == "deny"


@pytest.mark.parametrize("command", ["$x", "ls 'a", "a $(", "cat \u202e", "sort --unheard-of"])
def test_no_rule_allows_what_is_not_understood(tmp_path: Path, command: str) -> None:
    assert Project(tmp_path, '[[rule]]\ndecision = "allow"\ntool = "Bash"\n').bash(command) == "ask"


def test_a_path_in_a_rule_is_seen_from_the_directory(tmp_path: Path) -> None:
    rules = '[[rule]]\ndecision = "allow"\ndoes = "write"\npath = "docs/*"\n'
    project = Project(tmp_path, rules)
    assert project.judge("Write", file_path="docs/a.md").decision.value == "allow"
    assert project.judge("Write", file_path="docs/../src/a.py").decision.value == "ask"


def test_a_link_is_followed(tmp_path: Path) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    (project.directory / "out").symlink_to("/etc")
    (project.directory / "key").symlink_to(project.home / ".ssh" / "id_rsa")
    assert project.bash("cat out/hosts") == "ask"
    assert project.bash("cat key") == "deny"
    assert project.bash("cat *") == "deny"
    assert project.bash("echo x > out/x") == "ask"
    assert project.judge("Read", file_path="key").decision.value == "deny"


def test_a_rule_about_an_input_is_about_this_one_alone(tmp_path: Path) -> None:
    rules = '[[rule]]\ndecision = "allow"\ntool = "Bash"\ninput = {command = "frobnicate a"}\n'
    project = Project(tmp_path, rules)
    assert project.bash("frobnicate a") == "allow"
    assert project.judge("Bash", command="frobnicate a", timeout=9).decision.value == "allow"
    more = project.judge("Bash", command="frobnicate a", run_in_background=True)
    assert more.decision.value == "ask"
    for other in ("frobnicate", "frobnicate a b", "frobnicate a ", "cd src && frobnicate a"):
        assert project.bash(other) == "ask", other


def test_true_is_not_one_in_an_input(tmp_path: Path) -> None:
    rules = '[[rule]]\ndecision = "allow"\ntool = "mcp__*"\ninput = {all = 1}\n'
    project = Project(tmp_path, rules)
    assert project.judge("mcp__a__b", all=1).decision.value == "allow"
    assert project.judge("mcp__a__b", all=True).decision.value == "ask"


@pytest.mark.parametrize("criterion", ['directory = "{place}"', 'directory = "{place}*"'])
def test_a_rule_about_a_directory_is_about_calls_made_there(tmp_path: Path, criterion: str) -> None:
    rule = f'[[rule]]\ndecision = "allow"\ntool = "Bash"\n{criterion}\n'
    here = Project(tmp_path, rule.format(place=tmp_path / "project"))
    assert here.bash("frobnicate") == "allow"
    elsewhere = Project(tmp_path, rule.format(place=tmp_path / "other"))
    assert elsewhere.bash("frobnicate") == "ask"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('profile = "lax"\n', "p:1: profile = 'lax'"),
        ("\n\nprofil = 1\n", "p:3: there is no profil"),
        ('[[rule]]\ndecision = "yes"\n', "p:2: decision = 'yes'"),
        ('[[rule]]\nname = "x"\n', "p:1: decision is missing"),
        (
            '[[rule]]\ndecision = "ask"\n\n[[rule]]\ndecision = "ask"\npaths = "x"\n',
            "p:6: there is no",
        ),
        ('[[rule]]\ndecision = "ask"\npath = "nowhere"\n', "p:3: path"),
        ('[[rule]]\ndecision = "ask"\ncommand = "a \'b"\n', "p:3: command"),
        ('[[rule]]\ndecision = "ask"\ndoes = "magic"\n', "p:3: does"),
        ('[[rule]]\ndecision = "ask"\ninput = {a = 2026-01-31}\n', "p:3: input"),
        ("[[rule]\n", "p:1: "),
    ],
)
def test_a_wrong_file_is_told_its_line_and_what_is_accepted(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text, "p")
    assert caught.value.message.startswith(said)
    assert caught.value.hint


def test_lint_finds_rules_that_are_never_reached(tmp_path: Path) -> None:
    rules = '[[rule]]\ndecision = "ask"\ntool = "Bash"\n' + NPM.replace(
        "command", 'tool = "Bash"\ncommand'
    )
    found = doubts(Project(tmp_path, rules).policy)
    assert [where.rpartition(":")[2] for where, _ in found] == ["4"]


def test_every_shipped_rule_has_a_name_and_every_denial_a_message() -> None:
    for profile in Profile:
        for rule in policy.load(None, profile).rules:
            assert rule.name, rule
            assert rule.message or rule.decision.value != "deny", rule.name


def test_a_users_own_tool_is_known(tmp_path: Path) -> None:
    (tmp_path / "frob.toml").write_text('does = "look"\nflags = "-v"\n', encoding="utf-8")
    assert tool.load(tmp_path).get("frob") is not None
    (tmp_path / "frob.toml").write_text('does = "magic"\n', encoding="utf-8")
    with pytest.raises(BadInput, match=r"frob\.toml: does"):
        tool.load(tmp_path)
