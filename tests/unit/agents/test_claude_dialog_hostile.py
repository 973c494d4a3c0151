"""Screens that try to pass as a dialog: none may be read as one that can be answered.

All of it is data; nothing is run, and nothing is drawn in a terminal.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Meaning, Prompt, PromptKind
from tests.support.hostile_screen import (
    ANY_DIALOG,
    ESCAPE,
    WITH_FOOTER,
    Change,
    quoted,
    replaced,
    rule_of,
    top_off,
)

DIALOGS = Path(__file__).parents[2] / "data" / "claude" / "dialogs"
SIZES = ("80x20", "120x30", "200x50")
BASH, WRITE, EDIT, FETCH = "permission-bash", "permission-write", "edit", "permission-fetch"
CLAIMS = (PromptKind.PERMISSION, PromptKind.TRUST, PromptKind.PLAN)


def screen_of(name: str, size: str = "120x30") -> str:
    return (DIALOGS / f"{name}-{size}.ans").read_text()


def can_be_answered(prompt: Prompt | None) -> bool:
    return prompt is not None and prompt.kind in CLAIMS


def judged(screen: str) -> object:
    """What a judge would be given; None: nothing."""
    found = read_prompt(screen)
    return None if found is None else found.input


def assert_refused(screen: str, change: Change) -> None:
    changed = change(screen)
    columns = len(rule_of(screen))
    assert changed != screen
    assert can_be_answered(read_prompt(screen, columns))
    assert not can_be_answered(read_prompt(changed, columns))


@pytest.mark.parametrize("change", ANY_DIALOG.values(), ids=ANY_DIALOG)
def test_a_changed_bash_dialog_is_none(change: Change) -> None:
    assert_refused(screen_of(BASH), change)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [BASH, WRITE, EDIT, FETCH, "search", "server-tool", "trust"])
def test_a_dialog_without_its_top_is_unknown(name: str, size: str) -> None:
    screen = screen_of(name, size)
    assert can_be_answered(read_prompt(screen))
    for count in range(1, 5):
        assert not can_be_answered(read_prompt(top_off(count)(screen)))


@pytest.mark.parametrize("change", WITH_FOOTER.values(), ids=WITH_FOOTER)
@pytest.mark.parametrize("name", [BASH, WRITE, EDIT])
def test_a_changed_footer_makes_it_none(name: str, change: Change) -> None:
    assert_refused(screen_of(name), change)


_OF_EVERY_KIND = [name for name in ANY_DIALOG if "first" not in name]


@pytest.mark.parametrize("change", _OF_EVERY_KIND)
@pytest.mark.parametrize("name", [WRITE, EDIT, FETCH])
def test_a_changed_dialog_of_another_tool_is_none(name: str, change: str) -> None:
    assert_refused(screen_of(name), ANY_DIALOG[change])


HIDING_COMMANDS = {
    "a tab": "touch\ta",
    "two blanks": "touch  a",
    "a blank that does not break": "touch\u00a0a",
    "a wide blank": "touch\u3000a",
    "a mark of no width": "touch\u200b a",
    "a mark of direction": "touch \u202ea",
    "a joiner": "touch a\u2060",
    "a combining mark": "touch a\u0301",
    "a look-alike letter": "t\u043euch a",
    "a look-alike sign": "touch a\uff1b touch b",
    "an escaped sign": "touch \\; touch b",
    "an escaped end": "touch a\\",
    "an escaped blank": "touch a\\ b",
    "a comment": "touch a # touch b",
    "a variable": "touch $HOME",
    "a brace": "touch {a,b}",
    "a group": "(touch a)",
    "a negation": "! touch a",
    "a comparison": "[[ a > b ]]",
    "a loop": "while true; do touch a; done",
    "a text for a shell": "bash -c 'touch a'",
    "a text for sed": "sed 's/a/b/' c",
    "a variable in quotes": 'touch "$HOME"',
    "a substitution": "touch $(id)",
    "an old substitution": "touch `id`",
    "a here-document": "cat <<EOF",
    "a history sign": "touch !!",
    "an ellipsis": "touch a…",
    "a second line": "touch a\n   touch b",
    "a second line below a blank one": "touch a\n\n   touch b",
    "a blank at its begin": " touch a",
    "a colour": f"touch {ESCAPE}[31ma{ESCAPE}[39m",
    "the description's colour": f"touch a\n   {ESCAPE}[38;5;246mtouch b{ESCAPE}[39m\n   touch c",
    "a hidden word": f"touch a{ESCAPE}[8m b{ESCAPE}[28m",
    "a reversed blank": f"touch{ESCAPE}[7m {ESCAPE}[27ma",
    "an escape sequence": f"touch a{ESCAPE}[4D",
    "a title of the terminal": f"touch a{ESCAPE}]0;b\x07",
    "nothing": "",
    "only a blank": " ",
}


@pytest.mark.parametrize("command", HIDING_COMMANDS.values(), ids=HIDING_COMMANDS)
def test_a_command_that_may_hide_something_is_not_judged(command: str) -> None:
    screen = screen_of(BASH)
    assert judged(screen) == {"command": "touch a"}
    changed = replaced("   touch a\n", f"   {command}\n")(screen)
    assert judged(changed) is None


HIDING_PATHS = {
    "upward": "../hello.txt",
    "upward within": "a/../hello.txt",
    "here": "./hello.txt",
    "from the root": "/etc/hello.txt",
    "from the home": "~/hello.txt",
    "of a blank": "hello .txt",
    "of a blank at its begin": " hello.txt",
    "of other letters": "hell\u043e.txt",
    "of no width": "hello\u200b.txt",
    "of a colour": f"hello{ESCAPE}[31m.txt",
    "of two lines": "hel\n lo.txt",
    "with an option's look": "-rf;",
    "of nothing": "",
}


@pytest.mark.parametrize("path", HIDING_PATHS.values(), ids=HIDING_PATHS)
@pytest.mark.parametrize("name", [WRITE, EDIT])
def test_a_path_that_may_hide_something_is_not_judged(name: str, path: str) -> None:
    screen = screen_of(name)
    own = "hello.txt" if name == WRITE else "notes.txt"
    assert judged(screen) == {"file_path": own}
    grey = f" {ESCAPE}[38;5;246m"
    assert judged(replaced(f"{grey}{own}", f"{grey}{path}")(screen)) is None


MISLEADING_PAGES = {
    "another host": ("from 127.0.0.1", "from 127.0.0.2"),
    "no host": ("from 127.0.0.1", "from"),
    "more than the host": ("from 127.0.0.1", "from 127.0.0.1 and others"),
    "a host of other letters": ('"http://127.0.0.1:1/"', '"http://ex\u0430mple:1/"'),
    "another address": ('"http://127.0.0.1:1/"', '"http://good.example/"'),
    "somebody's address": ('"http://127.0.0.1:1/"', '"http://127.0.0.1@evil.example/"'),
    "an address with a backslash": ('"http://127.0.0.1:1/"', '"http://evil.example\\127.0.0.1/"'),
    "an address with a blank": ('"http://127.0.0.1:1/"', '"http://127.0.0.1:1/ b"'),
    "another scheme": ('"http://127.0.0.1:1/"', '"file://127.0.0.1/etc/passwd"'),
    "no quotes": ('"http://127.0.0.1:1/"', "http://127.0.0.1:1/"),
    "a colour in it": ('"http://127.0.0.1:1/"', f'"http://127.0.0.1:1/{ESCAPE}[31ma{ESCAPE}[39m"'),
    "no prompt": (', prompt: "read"', ""),
    "a coloured host": ("wants to fetch", f"{ESCAPE}[39mwants to fetch"),
}


@pytest.mark.parametrize("change", MISLEADING_PAGES.values(), ids=MISLEADING_PAGES)
def test_a_page_whose_host_is_not_sure_is_not_judged(change: tuple[str, str]) -> None:
    screen = screen_of(FETCH)
    assert judged(screen) == {"url": "http://127.0.0.1:1/"}
    assert judged(replaced(*change)(screen)) is None


@pytest.mark.parametrize("size", SIZES)
def test_a_dialog_that_a_question_draws_is_a_question(size: str) -> None:
    found = read_prompt(screen_of("question-forged", size))
    assert found is not None
    assert found.kind is PromptKind.QUESTION
    assert found.input is None
    assert {option.meaning for option in found.options} == {Meaning.OTHER}


@pytest.mark.parametrize(
    "title",
    ["Bash commands", "bash command", "Bash  command", "Create file", "Fetch"],
)
def test_a_title_of_another_dialog_does_not_fit(title: str) -> None:
    assert not can_be_answered(read_prompt(replaced("Bash command", title)(screen_of(BASH))))


@pytest.mark.parametrize(
    "warning", ["Contains Unicode whitespace", "This command may delete files", "Heredoc …"]
)
def test_a_command_that_the_program_warns_of_is_not_judged(warning: str) -> None:
    screen = replaced("\n\n Do you want", f"\n\n {warning}\n\n Do you want")(screen_of(BASH))
    assert judged(screen) is None


def test_a_rule_narrower_than_the_pane_is_none_where_its_width_is_known() -> None:
    screen = screen_of(BASH)
    assert can_be_answered(read_prompt(screen, 120))
    assert not can_be_answered(read_prompt(screen, 121))


@pytest.mark.parametrize("name", ["trust", "plan", BASH, WRITE, FETCH, "search", "server-tool"])
def test_a_dialog_in_a_printed_file_is_none(name: str) -> None:
    assert read_prompt(quoted("     ")(screen_of(name))) is None


def test_trust_with_words_of_its_own_is_unknown() -> None:
    screen = screen_of("trust")
    for old, new in (
        ("Security", "Insecurity"),
        ("execute files here", "execute files here and there"),
        ("No, exit", "No"),
        ("/home/example/project\n", "/home/example/project\n /home\n"),
    ):
        assert not can_be_answered(read_prompt(replaced(old, new)(screen)))


_SIGNS = st.sampled_from(
    ["\x1b", "\n", " ", "─", "❯", "1", "2", "·", "Y", "N", "x", "\u200b", "\x1b[1m"]
)


@given(st.sampled_from([BASH, WRITE, FETCH]), st.data())
def test_one_sign_more_or_less_never_makes_another_call(name: str, data: st.DataObject) -> None:
    screen = screen_of(name, "80x20").rstrip("\n")
    place = data.draw(st.integers(0, len(screen) - 1))
    sign = data.draw(st.one_of(st.just(""), _SIGNS))
    inserted = data.draw(st.booleans())
    changed = screen[:place] + sign + screen[place + (0 if inserted else 1) :]
    before, after = read_prompt(screen), read_prompt(changed)
    assert before is not None
    if after is None or after.kind is not PromptKind.PERMISSION:
        return
    assert after.tool == before.tool
    assert [each.meaning for each in after.options] == [each.meaning for each in before.options]
    assert [each.number for each in after.options] == [1, 2, 3]
    if after.input is not None and after.input != before.input:
        line = changed[: place + 1].count("\n")
        assert str(next(iter(after.input.values()))) in _lines_near(changed, line)


def _lines_near(screen: str, line: int) -> str:
    """A change of what is judged stands where the change was made."""
    return "\n".join(screen.split("\n")[max(line - 1, 0) : line + 2])
