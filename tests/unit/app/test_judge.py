"""The policy's word on requests: by the user's files as they are now, and never by a failure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.app.policy_check import Bench
from ccpar_hybrid.core.decision import Decision, Ruling, keepable
from ccpar_hybrid.system import paths
from tests.support.approval import make_request


@pytest.fixture
def project(home: Path) -> Path:
    place = home / "project"
    (place / "sub").mkdir(parents=True)
    return place


@pytest.fixture
def config(home: Path) -> Path:
    place = Path(paths.resolve(os.environ).config)
    place.mkdir(parents=True)
    return place


def rule(project: Path, command: str, folder: Path | None = None, **given: object) -> Ruling:
    return judged(Judge(os.environ), project, command, folder, **given)


def judged(
    judge: Judge, project: Path, command: str, folder: Path | None = None, **given: object
) -> Ruling:
    whole = {"command": command, **given}
    where: dict[str, Any] = {"directory": str(project), "folder": str(folder) if folder else ""}
    return judge.rule(make_request(input=keepable(whole), **where), whole)


def test_without_a_file_of_the_user_reading_is_allowed_and_writing_is_asked(project: Path) -> None:
    assert rule(project, "ls -la").decision is Decision.ALLOW
    asked = rule(project, "touch x")
    assert asked.decision is Decision.ASK
    assert "write" in asked.why
    assert asked.took_s > 0


def test_a_change_of_the_policy_counts_at_once(project: Path, config: Path) -> None:
    judge = Judge(os.environ)
    assert judge.profile() == "careful"
    assert judged(judge, project, "touch x").decision is Decision.ASK
    (config / "policy.toml").write_text('profile = "standard"\n')
    assert judged(judge, project, "touch x").decision is Decision.ALLOW
    (config / "policy.toml").write_text('profile = "careful"\n# and more\n')
    assert judged(judge, project, "touch x").decision is Decision.ASK
    (config / "policy.toml").unlink()
    (config / "tools").mkdir()
    (config / "tools" / "broken.toml").write_text("=")
    assert judged(judge, project, "ls").decision is Decision.ASK
    assert judge.trouble()


def test_a_policy_that_cannot_be_read_makes_every_request_a_persons(
    project: Path, config: Path
) -> None:
    judge = Judge(os.environ)
    assert judged(judge, project, "ls").decision is Decision.ALLOW
    (config / "policy.toml").write_text("profile = 1\n")
    asked = judged(judge, project, "ls")
    assert asked.decision is Decision.ASK
    assert "the policy cannot be used" in asked.why
    assert judge.trouble()


def test_relative_paths_lead_from_where_the_agents_shell_stands(
    project: Path, config: Path
) -> None:
    (config / "policy.toml").write_text('profile = "standard"\n')
    sub = project / "sub"
    assert rule(project, "touch ../x", project).decision is Decision.ASK
    assert rule(project, "touch ../x", sub).decision is Decision.ALLOW
    assert rule(project, "touch ../../x", sub).decision is Decision.ASK
    assert rule(project, "rm -rf ../..", sub).decision is not Decision.ALLOW


def test_an_agent_that_stands_outside_its_directory_is_a_persons(project: Path, home: Path) -> None:
    (project / "away").symlink_to(home)
    for folder in (home, project / "away", project / "gone", Path("/")):
        asked = rule(project, "ls", folder)
        assert asked.decision is Decision.ASK, folder


def test_what_cannot_be_shown_is_not_allowed(project: Path) -> None:
    assert rule(project, "ls", description="a").decision is Decision.ALLOW
    assert rule(project, "ls", description="\ud800").decision is Decision.ASK
    assert rule(project, "ls", timeout=float("nan")).decision is Decision.ASK


def test_a_failure_of_the_judge_is_a_reason_to_ask(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(Bench, "judge_at", fail)
    asked = rule(project, "ls")
    assert (asked.decision, "ZeroDivisionError" in asked.why) == (Decision.ASK, True)


def test_a_denial_is_told_with_its_reason(project: Path) -> None:
    judge = Judge(os.environ)
    denied = judged(judge, project, "git push --force")
    assert denied.decision is Decision.DENY
    assert denied.why in judge.message(make_request("git push --force"), denied)


def unseen(project: Path, command: str) -> Ruling:
    judge = Judge(os.environ)
    request = make_request(input={"command": command}, directory=str(project))
    ruling = judge.rule(request, request.input)
    assert ruling.decision is Decision.ALLOW
    return judge.rule_unseen(request, ruling)


def test_what_a_screen_shows_is_judged_as_all_that_it_may_be(project: Path, config: Path) -> None:
    (config / "policy.toml").write_text('profile = "standard"\n')
    allowed = unseen(project, "touch a && git add -A 2>&1 | tail -5")
    assert allowed.decision is Decision.ALLOW
    assert allowed.took_s > 0
    asked = unseen(project, "find . -name '*.o' -delete")
    assert asked.decision is Decision.ASK
    assert asked.why.startswith("letters that no screen shows may make another command of it: ")
    assert unseen(project, "ls " + "-a " * 20).decision is Decision.ASK


def test_a_rule_about_some_paths_is_enough_where_only_a_file_that_nobody_sees_is_added(
    project: Path, config: Path
) -> None:
    rule = '[[rule]]\ndecision = "allow"\npath = "allowed*"\n'
    (config / "policy.toml").write_text(rule)
    assert unseen(project, "touch -m allowed-1").decision is Decision.ALLOW
    assert unseen(project, "cp -r allowed-1 allowed-2").decision is Decision.ALLOW
    (config / "policy.toml").write_text(f'{rule}[[rule]]\ndecision = "deny"\npath = "un*"\n')
    assert unseen(project, "touch allowed-1").decision is Decision.ASK
