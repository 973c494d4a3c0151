"""Tools other than Bash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ccpar_hybrid.approval.policy import Profile
from tests.support.policy import Project


@pytest.mark.parametrize(
    ("tool", "given", "decision"),
    [
        ("Read", {"file_path": "src/app.py"}, "allow"),
        ("Read", {"file_path": "/etc/passwd"}, "ask"),
        ("Read", {"file_path": "src/../../x"}, "ask"),
        ("Read", {"file_path": ".env"}, "deny"),
        ("Read", {"file_path": "~/.ssh/id_rsa"}, "deny"),
        ("Read", {}, "ask"),
        ("Edit", {"file_path": "src/app.py"}, "allow"),
        ("Write", {"file_path": "new.py"}, "allow"),
        ("Write", {"file_path": "../new.py"}, "ask"),
        ("Write", {"file_path": ".git/hooks/pre-commit"}, "deny"),
        ("Write", {"file_path": ".claude/settings.json"}, "ask"),
        ("Write", {"file_path": "~/.config/ccpar-hybrid/policy.toml"}, "deny"),
        ("NotebookEdit", {"notebook_path": "a.ipynb"}, "allow"),
        ("Glob", {"pattern": "**/*.py"}, "allow"),
        ("Glob", {"pattern": "/etc/*"}, "ask"),
        ("Glob", {"pattern": "../*"}, "ask"),
        ("Glob", {"pattern": "{../*,x}"}, "ask"),
        ("Glob", {"pattern": "{/etc/*,x}"}, "ask"),
        ("Glob", {"pattern": "@(..)/*"}, "ask"),
        ("Glob", {"pattern": "**/.env"}, "allow"),
        ("Read", {"file_path": ".env "}, "ask"),
        ("Read", {"file_path": ".env\u200b"}, "ask"),
        ("Read", {"file_path": "~"}, "ask"),
        ("Write", {"file_path": "-rf"}, "ask"),
        ("Grep", {"pattern": ".", "path": "~"}, "ask"),
        ("Grep", {"pattern": "."}, "allow"),
        ("Grep", {"pattern": ".", "output_mode": "content"}, "ask"),
        ("Grep", {"pattern": ".", "output_mode": "content", "glob": "!*.py"}, "ask"),
        ("Grep", {"pattern": ".", "output_mode": "content", "glob": "*.{env,py}"}, "ask"),
        ("Grep", {"pattern": ".", "output_mode": "content", "glob": "*.py"}, "allow"),
        ("Grep", {"pattern": ".", "output_mode": "content", "type": "py"}, "allow"),
        ("Grep", {"pattern": ".", "output_mode": "content", "path": "src"}, "allow"),
        ("WebFetch", {"url": "http://[x"}, "ask"),
        ("WebFetch", {"url": "http://localhost#@example.com/"}, "ask"),
        ("Grep", {"pattern": "def", "path": "src"}, "allow"),
        ("Grep", {"pattern": "KEY", "path": ".env"}, "deny"),
        ("Grep", {"pattern": ".", "glob": ".env*"}, "deny"),
        ("WebFetch", {"url": "https://example.com"}, "ask"),
        ("WebFetch", {"url": "http://localhost:3000/x"}, "allow"),
        ("WebFetch", {"url": "http://localhost@example.com"}, "ask"),
        ("WebFetch", {"url": "http://localhost.example.com"}, "ask"),
        ("WebFetch", {"url": "file:///etc/passwd"}, "ask"),
        ("WebSearch", {"query": "x"}, "ask"),
        ("mcp__github__create_issue", {}, "ask"),
        ("Task", {"prompt": "x"}, "allow"),
        ("TodoWrite", {}, "allow"),
        ("ExitPlanMode", {}, "ask"),
        ("AskUserQuestion", {}, "ask"),
        ("Unheard", {}, "ask"),
        ("Bash", {}, "ask"),
        ("Bash", {"command": "ls", "dangerouslyDisableSandbox": True}, "ask"),
    ],
)
def test_a_tool_is_decided_by_what_it_touches(
    tmp_path: Path, tool: str, given: dict[str, object], decision: str
) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    assert project.judge(tool, **given).decision.value == decision


@pytest.mark.parametrize(
    ("path", "decision"),
    [
        ("deep/../x", "allow"),  # both readings of `..` stay inside
        ("deep/../../x", "ask"),  # by name it is outside, by its link inside
        ("deep/../../../x", "ask"),
        ("out/x", "ask"),
        ("dead", "ask"),
        ("hook/pre-commit", "deny"),
    ],
)
def test_a_path_is_what_links_and_names_make_of_it(
    tmp_path: Path, path: str, decision: str
) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    (project.directory / "src" / "a" / "b").mkdir(parents=True)
    for name, target in (
        ("deep", "src/a/b"),
        ("out", "/etc"),
        ("dead", "/etc/nothing-there"),
        ("hook", ".git/hooks"),
    ):
        (project.directory / name).symlink_to(target)
    assert project.judge("Write", file_path=path).decision.value == decision
    assert project.judge("Glob", pattern="out/*").decision.value == "ask"


def test_a_question_for_a_person_is_allowed_by_no_rule(tmp_path: Path) -> None:
    project = Project(tmp_path, '[[rule]]\ndecision = "allow"\n')
    assert project.judge("AskUserQuestion").decision.value == "ask"


def test_rules_name_servers_and_hosts(tmp_path: Path) -> None:
    rules = (
        '[[rule]]\ndecision = "allow"\nserver = "docs__*"\n'
        '[[rule]]\ndecision = "allow"\nhost = "*.example.com"\n'
    )
    project = Project(tmp_path, rules)
    assert project.judge("mcp__docs__find").decision.value == "allow"
    assert project.judge("mcp__shop__find").decision.value == "ask"
    assert project.judge("WebFetch", url="https://a.example.com/").decision.value == "allow"
    assert project.judge("WebFetch", url="https://example.org/").decision.value == "ask"


def trust(project: Project, path: str) -> str:
    return project.judge("Trust", path=path).decision.value


@pytest.mark.parametrize(
    ("profile", "decision"),
    [(Profile.CAREFUL, "ask"), (Profile.STANDARD, "ask"), (Profile.TRUSTING, "allow")],
)
def test_only_trusting_trusts_the_tasks_own_directory(
    tmp_path: Path, profile: Profile, decision: str
) -> None:
    project = Project(tmp_path, profile=profile)
    assert trust(project, str(project.directory)) == decision


def test_no_rule_trusts_another_folder(tmp_path: Path) -> None:
    project = Project(tmp_path, '[[rule]]\ndecision = "allow"\n', profile=Profile.TRUSTING)
    own = str(project.directory)
    (project.directory / "here").symlink_to(own)
    assert trust(project, own) == "allow"
    assert trust(project, f"{own}/here") == "allow"  # the same folder by another name
    for path in (f"{own}/src", str(tmp_path), str(project.home), "/", ".", "", f"{own}\u2060"):
        assert trust(project, path) == "ask", path
    assert project.judge("Trust").decision.value == "ask"
    assert project.judge("Trust", path=own, more=1).decision.value == "ask"


def test_no_rule_trusts_the_home_directory_or_one_above_it(tmp_path: Path) -> None:
    project = Project(tmp_path, '[[rule]]\ndecision = "allow"\n', profile=Profile.TRUSTING)
    for directory in (str(project.home), str(tmp_path), "/"):
        project.ground = replace(project.ground, directory=directory, worktree=directory)
        assert trust(project, directory) == "ask", directory


def test_a_rule_may_trust_the_directory_that_it_names(tmp_path: Path) -> None:
    rule = '[[rule]]\ndecision = "allow"\ntool = "Trust"\ndirectory = "*/project"\n'
    project = Project(tmp_path, rule)
    assert trust(project, str(project.directory)) == "allow"
    other = Project(tmp_path / "x", rule.replace("*/project", "*/other"))
    assert trust(other, str(other.directory)) == "ask"
