"""The screen of Claude Code, as it was recorded from the real program, and as it might be."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.agents.base import Screen
from ccpar_hybrid.agents.claude_screen import read_screen

SCREENS = Path(__file__).parents[2] / "data" / "claude" / "screens"
IDLE = Screen(ready=True)
BUSY = Screen(ready=True, busy=True)
EXPECTED = {
    "start": IDLE,
    "idle": IDLE,
    "decoy": IDLE,
    "refused": IDLE,
    "interrupted": IDLE,
    "error": IDLE,
    "login-expired": IDLE,
    "login": IDLE,
    "subagent": IDLE,
    "background": IDLE,
    "notified": IDLE,
    "failing-tool": IDLE,
    "draft": Screen(ready=True, draft="my own words"),
    "draft-lines": Screen(ready=True, draft="first line\n  second line"),
    "slash": Screen(ready=True, draft="/mod"),
    "shell": Screen(ready=True, draft="ls"),
    "working": BUSY,
    "working-tool": BUSY,
    "retrying": BUSY,
    "suggestion": BUSY,
    "working-draft": Screen(ready=True, busy=True, draft="wait a moment"),
    "permission-bash": Screen(waiting="permission"),
    "permission-long": Screen(waiting="permission"),
    "permission-write": Screen(waiting="permission"),
    "permission-fetch": Screen(waiting="permission"),
    "permission-subagent": Screen(waiting="permission"),
    "question": Screen(waiting="question"),
    "plan": Screen(waiting="plan"),
    "limit": Screen(waiting="usage limit", leave=("Enter",)),
    "trust": Screen(waiting="trust this folder"),
    "bypass": Screen(waiting="bypass permissions mode"),
    "key": Screen(waiting="API key approval"),
    "first-run": Screen(waiting="login"),
}
FILES = sorted(SCREENS.glob("*.ans"))
RULE = "─" * 40
BOX = f"{RULE}\n❯\u00a0\n{RULE}\n  status"


def recorded(name: str, size: str = "100x24") -> str:
    return (SCREENS / f"{name}-{size}.ans").read_text()


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_recorded_screen_is_read_right(path: Path) -> None:
    assert read_screen(path.read_text()) == EXPECTED[path.stem.rpartition("-")[0]]


def test_every_scene_was_recorded_at_three_sizes() -> None:
    assert len(FILES) == 3 * len(EXPECTED)


@pytest.mark.parametrize("other", ["trust", "limit", "permission-bash", "question", "key"])
def test_a_dialog_that_somebody_quotes_is_none_while_the_box_is_there(other: str) -> None:
    quoted = "\n".join("  " + line for line in recorded(other).splitlines())
    assert read_screen(f"● I saw this:\n{quoted}\n{BOX}") == IDLE


def test_a_past_prompt_that_looks_like_a_choice_is_none() -> None:
    past = "\x1b[38;5;239m\x1b[48;5;237m❯ \x1b[38;5;231m1. Yes, I trust this folder\x1b[39m"
    assert read_screen(f"{past}\n\n● hm\n") == Screen()


def test_words_of_a_first_start_do_not_count_in_a_conversation() -> None:
    assert read_screen("● Unable to connect to Anthropic services\n● Press Enter to continue") == (
        Screen()
    )


def test_a_box_that_a_dialog_has_pushed_up_is_no_box() -> None:
    assert read_screen(f"{BOX}\n{recorded('trust')}") == Screen(waiting="trust this folder")


def test_the_limits_dialog_is_left_alone_once_a_person_has_moved_in_it() -> None:
    moved = f"{RULE}\n What?\n   1. Stop and wait for limit to reset\n ❯ 2. Upgrade your plan\n"
    assert read_screen(moved) == Screen(waiting="usage limit")


def test_an_unknown_dialog_is_named_by_its_title() -> None:
    text = f"{RULE}\n New server found in .mcp.json\n\n ❯ 1. Use it\n   2. No\n"
    assert read_screen(text) == Screen(waiting="a dialog: New server found in .mcp.json")


def test_the_box_may_carry_a_name() -> None:
    assert read_screen(f"{RULE} fix-1 ──\n❯\u00a0hi\n{RULE}") == Screen(ready=True, draft="hi")


def test_without_a_status_line_the_hint_tells_that_it_works() -> None:
    hint = "  ⏵⏵ accept edits on (shift+tab to cycle) · esc to interrupt"
    assert read_screen(f"{RULE}\n❯\u00a0\n{RULE}\n{hint}") == BUSY


def test_a_suggestion_is_no_draft() -> None:
    text = f'{RULE}\n❯\u00a0\x1b[7mT\x1b[0;2mry "fix lint errors"\x1b[0m\n{RULE}'
    assert read_screen(text) == IDLE


@pytest.mark.parametrize("text", ["", "\n" * 20, "$ ls\nfoo", f"{RULE}\n{RULE}", RULE, "❯\u00a0"])
def test_what_is_not_surely_read_says_nothing(text: str) -> None:
    assert read_screen(text) == Screen()


@given(st.text(alphabet="─❯!\u00a0 1.\nYes\x1b[7m5;38246│╭"))
def test_any_screen_is_read_without_an_error(text: str) -> None:
    seen = read_screen(text)
    assert not (seen.waiting and seen.ready)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"])))
def test_an_indented_text_never_hides_the_box(text: str) -> None:
    assert read_screen(f"●  {text}\n{BOX}") == IDLE
