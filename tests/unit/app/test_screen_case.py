"""What a dialog read off a screen asks for, and how far that bears."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccpar_hybrid.agents.prompt import Meaning, Option, Prompt, PromptKind
from ccpar_hybrid.app.pane_owner import Owner
from ccpar_hybrid.app.screen_case import (
    Reading,
    is_of,
    is_same,
    is_touched,
    reading_of,
    request_of,
    tempered,
)
from ccpar_hybrid.core.decision import Approval, Decision, Ruling, Way
from ccpar_hybrid.core.settings import Via
from ccpar_hybrid.core.task import TaskKey
from tests.support.approval import make_request

ALLOWED = Ruling(decision=Decision.ALLOW, rule="marks", where="policy.toml:2", why="touch: marks")
DENIED = Ruling(decision=Decision.DENY, rule="none", where="policy.toml:5", why="touch: none")
SHOWN = (
    "────",
    " Bash command",
    "",
    "   touch a",
    "",
    " Proceed?",
    " ❯ 1. Yes",
    "   2. No",
    "",
    " Esc",
)
BASH = Prompt(
    PromptKind.PERMISSION,
    tool="Bash",
    title="Bash command",
    subject="touch a",
    question="Proceed?",
    options=(Option(1, "Yes", Meaning.ONCE, chosen=True), Option(2, "No", Meaning.NO)),
    whole=True,
    input={"command": "touch a"},
    shown=SHOWN,
)
OWNER = Owner(
    TaskKey("taaaaaaaa"), 2, "demo", "subissues", "w1", "%3", "s", "/srv", takes_keys=True
)


def test_a_permission_that_is_read_for_sure_is_judged_by_its_input() -> None:
    reading = reading_of(BASH, "/srv", None)
    assert (reading.tool, reading.input, reading.unsure) == ("Bash", {"command": "touch a"}, "")
    assert not reading.is_exact
    assert reading_of(replace(BASH, exact=True), "/srv", None).is_exact


@pytest.mark.parametrize(
    "prompt",
    [
        replace(BASH, input=None),
        replace(BASH, whole=False),
        replace(BASH, tool=None),
        replace(BASH, kind=PromptKind.UNKNOWN),
        replace(BASH, kind=PromptKind.PLAN),
        replace(BASH, kind=PromptKind.QUESTION),
        replace(BASH, kind=PromptKind.LOGIN),
        replace(BASH, kind=PromptKind.TRUST, subject="/elsewhere"),
    ],
)
@pytest.mark.parametrize("via", list(Via))
def test_what_is_not_surely_read_is_a_persons_whatever_a_rule_says(
    prompt: Prompt, via: Via
) -> None:
    reading = reading_of(prompt, "/srv", None)
    assert "command" not in reading.input
    for ruling in (ALLOWED, DENIED):
        asked = tempered(ruling, reading, via)
        assert (asked.decision, asked.rule) == (Decision.ASK, "")
        assert asked.why == reading.unsure


def test_what_is_only_likely_may_be_denied_and_is_allowed_only_by_choice() -> None:
    reading = reading_of(BASH, "/srv", None)
    assert tempered(DENIED, reading, Via.AUTO) == DENIED
    asked = tempered(ALLOWED, reading, Via.AUTO)
    assert asked.decision is Decision.ASK
    assert "'marks'" in asked.why
    assert tempered(ALLOWED, reading, Via.SCREEN) == ALLOWED


def test_what_is_exact_or_told_by_a_hook_is_allowed() -> None:
    asked = Approval(request=make_request("touch a  # more"), ruling=ALLOWED)
    told = reading_of(BASH, "/srv", asked)
    assert told.input == {"command": "touch a  # more"}
    assert tempered(ALLOWED, told, Via.AUTO) == ALLOWED
    assert tempered(ALLOWED, Reading("WebFetch", {}, is_exact=True), Via.AUTO) == ALLOWED


def test_trust_is_asked_for_the_tasks_own_folder_only(home: Path) -> None:
    project, link = home / "project", home / "link"
    project.mkdir()
    link.symlink_to(project)
    trust = Prompt(PromptKind.TRUST, subject=str(project), whole=True)
    reading = reading_of(trust, str(link), None)
    assert (reading.tool, reading.input, reading.unsure) == ("Trust", {"path": str(project)}, "")
    assert reading_of(trust, str(home), None).unsure


def test_a_request_tells_whose_it_is_and_what_the_pane_shows() -> None:
    reading = reading_of(BASH, "/srv", None)
    asked = request_of(OWNER, reading, ("before", *SHOWN, "  ", ""), datetime.now(UTC))
    assert (asked.key, asked.attempt, asked.pane, asked.way) == ("taaaaaaaa", 2, "%3", Way.SCREEN)
    assert (asked.directory, asked.session_id, asked.worker) == ("/srv", "s", "w1")
    assert asked.screen == "\n".join(("before", *SHOWN))
    assert is_of(asked, BASH)
    assert not is_of(asked, replace(BASH, shown=(*SHOWN[:3], "   touch b", *SHOWN[4:])))


def test_the_same_lines_are_the_same_dialog_and_others_are_not() -> None:
    wider = replace(BASH, shown=("──────", *SHOWN[1:]))
    assert is_same(BASH, BASH)
    assert not is_same(BASH, wider)
    moved = tuple(line.replace("❯ 1", "  1").replace("   2", " ❯ 2") for line in SHOWN)
    assert moved != SHOWN
    assert is_same(BASH, replace(BASH, shown=moved))
    assert not is_same(BASH, replace(BASH, shown=(*SHOWN[:7], " ❯ 2. Yes, always", *SHOWN[8:])))
    assert is_same(BASH, wider, resized=True)
    other = replace(wider, subject="touch b", input={"command": "touch b"})
    assert not is_same(BASH, other, resized=True)
    assert not is_same(BASH, replace(BASH, kind=PromptKind.UNKNOWN))


def test_of_what_is_not_whole_the_question_counts_for_people_move_in_it() -> None:
    asked = Prompt(PromptKind.QUESTION, question="Which?", shown=("❯ 1. a", "  2. b"))
    assert is_same(asked, replace(asked, shown=("  1. a", "❯ 2. b")))
    assert not is_same(asked, replace(asked, question="And which then?"))


def test_a_dialog_in_which_a_person_has_moved_is_still_that_one() -> None:
    moved = (*SHOWN[:6], "   1. Yes", " ❯ 2. No", "", " Esc to cancel")
    assert is_touched(BASH, ("text before", *moved))
    assert not is_touched(BASH, ("text before", *moved[:3], "   touch b", *moved[4:]))
    assert not is_touched(replace(BASH, shown=()), moved)
