"""policy check, lint and show, as a person and as a program call them."""

from __future__ import annotations

import json

import pytest

from tests.support.command_line import CommandLine
from tests.support.json_page import check_document

LS = '{"command": "ls"}'


def check(bare: CommandLine, command: str, *options: str) -> str:
    given = json.dumps({"command": command})
    return bare.good("policy", "check", "--tool", "Bash", "--input", given, *options).out


def test_check_says_decision_rule_and_why(bare: CommandLine) -> None:
    said = check(bare, "ls -la")
    assert said.startswith("allow  Bash: ls -la\n")
    assert "rule: look (careful.toml:" in said
    assert check(bare, "pytest", "--profile", "standard").startswith("allow")


def test_check_names_the_profile_and_one_that_would_allow_what_is_asked(bare: CommandLine) -> None:
    assert "profile: careful; standard would allow it\n" in check(bare, "pytest")
    assert "profile: careful; trusting would allow it\n" in check(bare, "git push")
    assert check(bare, "frobnicate").endswith("profile: careful\n")
    assert check(bare, "ls").endswith("profile: careful\n")
    assert check(bare, "pytest", "--profile", "trusting").endswith("profile: trusting\n")


def test_lint_says_where_a_policy_would_be(bare: CommandLine) -> None:
    said = bare.good("policy", "lint").out
    assert f"there is no {bare.home}/config/ccpar-hybrid/policy.toml" in said
    assert "careful" in said


def test_check_prints_json_as_described(bare: CommandLine) -> None:
    found = json.loads(check(bare, "cat .env; curl localhost; $x", "--json"))
    check_document(found)
    assert found["decision"] == "deny"
    assert found["rule"]["name"] == "read-secret"
    assert found["message"]
    assert {part["does"] for part in found["parts"]} >= {"read", "fetch", "unclear"}


def test_many_calls_come_from_standard_input(bare: CommandLine) -> None:
    calls = [
        {"tool": "Bash", "input": {"command": "ls"}},
        {"tool": "Bash", "input": {"command": "pytest"}},
        {"tool": "Bash", "input": {"command": f"echo x > {bare.state}/ledger.db"}},
        {"tool_name": "Read", "tool_input": {"file_path": "/etc/passwd"}, "cwd": str(bare.home)},
        {"tool": "Bash", "input": {"command": "git push --force"}, "session_id": "x"},
    ]
    lines = "\n".join(json.dumps(call) for call in calls)
    found = [
        json.loads(line)
        for line in bare.good("policy", "check", "--json", input=lines).out.splitlines()
    ]
    assert [each["decision"] for each in found] == ["allow", "ask", "deny", "ask", "deny"]
    assert "no rule allows it" in found[1]["why"]
    for each in found:
        check_document(each)


def test_the_exit_code_tells_the_decision_only_if_asked(bare: CommandLine) -> None:
    words = ("policy", "check", "--tool", "Bash", "--input", '{"command": "git push --force"}')
    assert bare(*words).code == 0
    assert bare(*words, "--exit-code").code == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--tool", "Bash", "--input", "ls"), "no JSON"),
        (("check", "--input", LS), "--tool"),
        (("check", "--tool", "Bash", "--input", LS, "--dir", "nowhere"), "is no directory"),
        (("check", "--tool", "Bash", "--input", LS, "--profile", "lax"), "careful, standard"),
        (("lint", "nowhere"), "cannot read nowhere"),
    ],
)
def test_bad_input_is_refused_in_words(
    bare: CommandLine, words: tuple[str, ...], said: str
) -> None:
    found = bare("policy", *words)
    assert found.code == 2
    assert said in found.err


def test_the_users_policy_is_in_force_and_a_wrong_one_names_its_line(bare: CommandLine) -> None:
    file = bare.project / "p.toml"
    file.write_text('profile = "standard"\n[[rule]]\ndecision = "deny"\ncommand = "make"\n')
    said = check(bare, "make test", "--policy", "p.toml")
    assert said.startswith("deny")
    assert "p.toml:2" in said
    assert "legal; 1 rule, profile standard" in bare.good("policy", "lint", "p.toml").out
    check_document(bare.good("policy", "lint", "p.toml", "--json").json)
    file.write_text('profile = "standard"\n\n[[rule]]\ndecision = "maybe"\n')
    wrong = bare("policy", "lint", "p.toml")
    assert wrong.code == 2
    assert "p.toml:4" in wrong.err
    assert "allow" in wrong.err


def test_show_lists_every_rule_the_deny_list_first(bare: CommandLine) -> None:
    lines = bare.good("policy", "show").out.splitlines()
    assert lines[1].startswith("deny")
    assert lines[-1].startswith("ask")
    check_document(bare.good("policy", "show", "--json").json)
