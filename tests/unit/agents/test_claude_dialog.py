"""Dialogs of Claude Code as they were recorded from the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.claude_screen import read_screen
from ccpar_hybrid.agents.prompt import Meaning, Prompt, PromptKind

SCREENS = Path(__file__).parents[2] / "data" / "claude" / "screens"
FILES = sorted(SCREENS.glob("*.ans"))
SIZES = ("80x20", "100x24", "200x50")
KINDS = {
    "trust": PromptKind.TRUST,
    "bypass": PromptKind.BYPASS,
    "key": PromptKind.API_KEY,
    "limit": PromptKind.LIMIT,
    "plan": PromptKind.PLAN,
    "question": PromptKind.QUESTION,
    "first-run": PromptKind.LOGIN,
    "permission-long": PromptKind.UNKNOWN,
}
CALLS = {
    "permission-bash": ("Bash", {"command": "touch a"}, False),
    "permission-subagent": ("Bash", {"command": "touch in-sub"}, False),
    "permission-write": ("Write", {"file_path": "hello.txt"}, False),
    "permission-fetch": ("WebFetch", {"url": "http://127.0.0.1:1/"}, True),
}


def read(name: str, size: str) -> Prompt:
    found = read_prompt((SCREENS / f"{name}-{size}.ans").read_text())
    assert found is not None
    return found


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_prompt_is_read_just_where_a_dialog_waits(path: Path) -> None:
    screen = path.read_text()
    assert (read_prompt(screen) is not None) == (read_screen(screen).waiting is not None)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", KINDS)
def test_every_dialog_for_people_has_its_kind_and_no_input(name: str, size: str) -> None:
    found = read(name, size)
    assert found.kind is KINDS[name]
    assert found.tool is None
    assert found.input is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CALLS)
def test_every_permission_is_read_with_its_call(name: str, size: str) -> None:
    found = read(name, size)
    assert (found.kind, found.whole) == (PromptKind.PERMISSION, True)
    assert (found.tool, found.input, found.exact) == CALLS[name]
    meanings = [option.meaning for option in found.options]
    assert meanings == [Meaning.ONCE, Meaning.ALWAYS, Meaning.NO]
    assert [option.number for option in found.options] == [1, 2, 3]
    assert [option.chosen for option in found.options] == [True, False, False]


@pytest.mark.parametrize("size", SIZES)
def test_a_dialog_whose_top_is_scrolled_off_is_unknown(size: str) -> None:
    found = read("permission-long", size)
    assert (found.whole, found.options) == (False, ())


@pytest.mark.parametrize("size", SIZES)
def test_trust_names_its_folder_and_lasts(size: str) -> None:
    found = read("trust", size)
    assert found.subject == "/home/example/project"
    assert [option.meaning for option in found.options] == [Meaning.ALWAYS, Meaning.NO]
