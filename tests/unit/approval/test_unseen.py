"""What a command may be with letters that a screen does not show, and what is decided on that."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_command import is_told
from ccpar_hybrid.approval.policy import Profile
from ccpar_hybrid.approval.unseen import MOST_PLACES, UNSEEN, readings
from tests.support.policy import Project, real

LETTER = "ø"
"""Stands for one of no width: the judge holds those for what nobody has understood."""
SEED = 5
TRIES = 120


def all_allowed(project: Project, text: str) -> bool:
    found = readings(text)
    return found is not None and all(project.bash(each) == "allow" for each in found)


@pytest.mark.parametrize(
    ("text", "may_be"),
    [
        ("rm -rf a", "rm unseen-rf a"),
        ("ls a", "ls a unseen"),
        ("a && b", "a  & true &  b"),
        ("a || b", "a  | true |  b"),
        ("cd a && b", "true a && b"),
        ("a > b", "a unseen b >unseen "),
        ("a < b", "a unseen b <unseen "),
        ("a >>b", "a >unseen >b"),
        ("a 2>b", "a 2unseen >b"),
        ("a b 2>&1", "a b 2unseen >unseen & true"),
        ("a &>b", "a & true >b"),
        ("a '-x' b", "a unseen'-x' b"),
        ("a -x | b -y", "a unseen-x | b unseen-y"),
    ],
)
def test_a_command_may_be_this(text: str, may_be: str) -> None:
    found = readings(text)
    assert found is not None
    assert found[0] == text
    assert may_be in found


def test_a_command_with_too_many_places_is_not_read() -> None:
    assert readings("ls " + "-a " * MOST_PLACES + "b") is not None
    assert readings("ls " + "-a " * (MOST_PLACES + 1) + "b") is None
    assert readings("> a ls") is None


def test_most_readings_stay_few() -> None:
    found = readings("a -b && c -d && e -f > g 2>&1 || h")
    assert found is not None
    assert len(found) < 50


@pytest.mark.parametrize(
    "text",
    [
        "grep -v -e /home/u/.ssh/id_rsa src/app.py",  # its pattern may be a file
        "find . -name '*.o' -delete",  # all of it may be deleted
        "git apply --check fix.patch",
        "crontab -l",
        "git config --get user.name",
        "cd src && cat ../x",
    ],
)
def test_what_is_allowed_as_shown_but_not_as_it_may_be_is_not_allowed(
    tmp_path: Path, text: str
) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    assert is_told(text)
    assert not all_allowed(project, text)


@pytest.mark.parametrize(
    "text",
    [
        "touch a",
        "mkdir -p src/deep && touch src/deep/a.py",
        "git add -A && git commit -m 'fix: #12'",
        "pytest -q 2>&1 | tail -5",
        "npm run build > build.log 2>&1",
        "rm -rf build",
        "git status --short",
    ],
)
def test_ordinary_commands_are_allowed_as_all_that_they_may_be(tmp_path: Path, text: str) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    assert is_told(text)
    assert all_allowed(project, text)


def test_half_of_what_agents_run_is_allowed_by_what_a_screen_shows(tmp_path: Path) -> None:
    commands = [text for text in real() if "\n" not in text]
    told = [text for text in commands if is_told(text)]
    assert len(told) > 0.7 * len(commands)
    project = Project(tmp_path, profile=Profile.STANDARD)
    sample = random.Random(SEED).sample(told, 40)
    allowed = [text for text in sample if all_allowed(project, text)]
    assert len(allowed) > 0.5 * len(sample)


def test_no_letter_anywhere_makes_of_an_allowed_command_one_that_is_not(tmp_path: Path) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    dice = random.Random(SEED)
    told = [text for text in real() if is_told(text) and "\n" not in text]
    commands = [text for text in dice.sample(told, 40) if all_allowed(project, text)]
    for _ in range(TRIES):
        text = dice.choice(commands)
        letters = list(text)
        for _ in range(dice.choice((1, 1, 2, 3, 6))):
            letters.insert(dice.randrange(len(letters) + 1), LETTER)
        changed = "".join(letters)
        for part in project.judge("Bash", command=changed).parts:
            assert part.decision.value != "deny", (text, changed)
            if part.decision.value == "ask":
                # A name that nobody knows, in this act or one that works on what it prints.
                assert part.act.effect.value in ("unclear", "unknown"), (text, changed, part)


def test_what_stands_for_the_letters_is_a_name_that_no_rule_knows(tmp_path: Path) -> None:
    project = Project(tmp_path, profile=Profile.STANDARD)
    assert project.bash(UNSEEN) == "ask"
