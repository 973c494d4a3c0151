"""Rules proposed from history: of use, and never broader than what was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccpar_hybrid.approval.ground import ground
from ccpar_hybrid.approval.policy import Profile, parse
from ccpar_hybrid.approval.rule import Asker
from ccpar_hybrid.approval.rule_text import written
from ccpar_hybrid.approval.suggestion import Seen, Suggestion, suggest
from ccpar_hybrid.approval.verdict import decide
from tests.support.policy import Project, tools

AT = datetime(2026, 1, 31, tzinfo=UTC)


def seen(project: Project, tool: str, *, allowed: bool = True, **given: Any) -> Seen:
    return Seen(tool, given, "claude", "subissues", project.ground, allowed, AT)


def suggested(project: Project, *history: Seen, times: int = 1) -> Suggestion:
    return suggest(history, project.policy, tools(), times)


def is_allowed(project: Project, call: Seen, found: Suggestion) -> bool:
    """With what is proposed written into the policy and read again."""
    text = "".join(written(each.rule) for each in found.proposals)
    policy = replace(project.policy, own=project.policy.own + parse(text, "p").rule)
    asker = Asker(tool=call.tool, agent=call.agent, group=call.group)
    return decide(asker, call.input, call.ground, policy, tools()).decision.value == "allow"


@pytest.mark.parametrize(
    ("tool", "given_input"),
    [
        ("Bash", {"command": "frobnicate a > out.txt", "description": "x"}),
        ("Bash", {"command": "make && npm run build; rm -r src/*"}),
        ("Bash", {"command": "curl -s https://example.org/a"}),
        ("Bash", {"command": "git commit -m 'one\ntwo [x] *'"}),
        ("Write", {"file_path": "src/[new] *.py", "content": "x"}),
        ("Edit", {"file_path": "/srv/other/a.py", "old_string": "a", "new_string": "b"}),
        ("WebFetch", {"url": "https://example.org/a?b=[c]", "prompt": "what?"}),
        ("mcp__github__create_issue", {"title": "a", "labels": ["b"], "n": 1}),
    ],
)
def test_what_was_approved_is_allowed_by_what_is_proposed(
    tmp_path: Path, tool: str, given_input: dict[str, Any]
) -> None:
    project = Project(tmp_path)
    call = seen(project, tool, **given_input)
    assert not is_allowed(project, call, Suggestion((), ()))
    found = suggested(project, call)
    assert found.left == ()
    assert is_allowed(project, call, found)
    elsewhere = replace(call, ground=ground(str(tmp_path), {"HOME": "/nowhere"}))
    for other in (
        elsewhere,
        replace(call, agent="demo"),
        replace(call, group="other"),
        replace(call, tool=f"{tool}2"),
    ):
        assert not is_allowed(project, other, found), other


NEVER = [
    ("Bash", {"command": "cat .env"}, "the policy denies it"),
    ("Bash", {"command": "sudo make"}, "privilege"),
    ("Bash", {"command": "$x"}, "unclear"),
    ("Bash", {"command": "echo a > .claude/settings.json"}, "control"),
    ("Bash", {"command": "frobnicate --token Zx9kQ7wkQ7w"}, "secret"),
    ("Bash", {"command": "ls"}, "by now"),
    ("AskUserQuestion", {"questions": []}, "person"),
    ("mcp__a__b", {"x": None}, "TOML"),
    ("Write", {"content": "x"}, "unclear"),
]


@pytest.mark.parametrize(("tool", "given_input", "why"), NEVER)
def test_some_things_are_never_proposed(
    tmp_path: Path, tool: str, given_input: dict[str, Any], why: str
) -> None:
    project = Project(tmp_path)
    found = suggested(project, seen(project, tool, **given_input))
    assert found.proposals == ()
    assert [why in each.why for each in found.left] == [True], found.left


def test_what_a_person_also_denied_is_not_proposed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    yes = seen(project, "Write", file_path="a.py", content="1")
    no = seen(project, "Write", file_path="src/../a.py", content="2", allowed=False)
    assert suggested(project, yes, no).proposals == ()
    assert suggested(project, no).left == ()


def test_a_rule_that_asks_first_is_not_worked_around(tmp_path: Path) -> None:
    project = Project(tmp_path, '[[rule]]\ndecision = "ask"\ncommand = "frobnicate"\n')
    found = suggested(project, seen(project, "Bash", command="frobnicate a"))
    assert found.proposals == ()
    assert "before the new ones" in found.left[0].why


def test_files_share_a_rule_and_are_counted(tmp_path: Path) -> None:
    project = Project(tmp_path)
    edits = [
        seen(project, "Edit", file_path=f"{name}.py", old_string=old, new_string="x")
        for name, old in (("a", "1"), ("a", "2"), ("b", "1"))
    ]
    (proposal,) = suggested(project, *edits).proposals
    assert proposal.times == 3
    assert [Path(path).name for path in proposal.rule.path] == ["a.py", "b.py"]
    found = suggested(project, *edits, times=2)
    assert [Path(path).name for path in found.proposals[0].rule.path] == ["a.py"]
    assert "1 of the 2 times" in found.left[0].why


HEADS = ["frobnicate", "frobnicate a", "make", "touch src/a", "touch src/[a]", "rm src/app.py"]
HEADS += ["cd src && frobnicate a", "cd src && touch a", "curl https://a.example/x", "git push"]
TAILS = ["", " b", " *", "; touch c", " > out", " | sh"]
COMMANDS = [head + tail for head in HEADS for tail in TAILS]
PATHS = ["a.py", "*.py", "[a].py", "src/a.py", "src/../a.py", "/etc/a.py", "/etc/*.py"]
URLS = [f"https://{host}/{path}" for host in ("a.b", "A.b", "*") for path in "ab"]
OBJECTS: list[dict[str, Any]] = [{}, {"x": 1}, {"x": True}, {"x": 1, "y": 1}]
INPUTS: list[tuple[str, dict[str, Any]]] = [
    *(("Bash", {"command": each}) for each in COMMANDS),
    *(("Bash", {"command": each, "run_in_background": True}) for each in COMMANDS[:6]),
    *((tool, {"file_path": path}) for tool in ("Write", "Edit", "Read") for path in PATHS),
    *(("WebFetch", {"url": url}) for url in URLS),
    *(("mcp__a__b", given_input) for given_input in OBJECTS),
    *((f"mcp__a__{name}", {}) for name in ("*", "c")),
]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> list[Project]:
    places = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    return [Project(place, profile=Profile.CAREFUL) for place in places]


@settings(deadline=None, max_examples=30)
@given(
    approved=st.lists(
        st.tuples(st.sampled_from([0, 1]), st.sampled_from(["", "g*"]), st.sampled_from(INPUTS)),
        min_size=1,
        max_size=6,
    ),
    data=st.data(),
)
def test_nothing_that_was_not_seen_is_allowed(
    projects: list[Project], approved: list[Any], data: st.DataObject
) -> None:
    history = [
        Seen(tool, given_input, "claude", group, projects[place].ground, True, AT)
        for place, group, (tool, given_input) in approved
    ]
    found = suggest(history, projects[0].policy, tools())
    others = data.draw(st.lists(st.sampled_from(INPUTS), min_size=15, max_size=15))
    for place, project in enumerate(projects):
        for group in ("", "g*", "gh"):
            for tool, given_input in others:
                call = Seen(tool, given_input, "claude", group, project.ground, True, AT)
                if is_allowed(project, call, found) and not is_allowed(
                    project, call, Suggestion((), ())
                ):
                    assert call.whole in {each.whole for each in history}, (place, call)
