"""Words that are typed at the `No` of a recorded dialog of Claude Code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_amend import read_amendment
from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Amendment, Meaning

DATA = Path(__file__).parents[2] / "data" / "claude" / "dialogs"
SIZES = ("80x20", "120x30", "200x50")
WORDS = {
    "touched-refused": "",
    "touched-refused-typed": ("use the staging database, and " * 8).strip(),
    "touched-refused-write": "not here",
}


def screen(name: str, size: str) -> tuple[str, int]:
    return (DATA / f"{name}-{size}.ans").read_text(), int(size.partition("x")[0])


def found(name: str, size: str) -> Amendment:
    amendment = read_amendment(*screen(name, size))
    assert amendment is not None
    return amendment


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", WORDS)
def test_the_words_are_read_however_they_are_wrapped(name: str, size: str) -> None:
    amendment = found(name, size)
    assert amendment.words == WORDS[name]
    chosen = [option for option in amendment.prompt.options if option.chosen]
    assert [option.meaning for option in chosen] == [Meaning.NO]
    assert any(line.startswith(" ❯ 3. No, ") for line in amendment.shown)


@pytest.mark.parametrize("size", SIZES)
def test_without_its_field_the_dialog_is_the_one_in_which_no_was_chosen(size: str) -> None:
    for name in ("touched-refused", "touched-refused-typed"):
        assert found(name, size).prompt == read_prompt(*screen("touched-no", size))


@pytest.mark.parametrize(
    "path", sorted(DATA.glob("*.ans")), ids=lambda path: path.stem.removesuffix(".ans")
)
def test_no_other_dialog_has_such_a_field(path: Path) -> None:
    name, _, size = path.stem.rpartition("-")
    is_one = name in WORDS
    assert (read_amendment(*screen(name, size)) is not None) == is_one


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("No, ", "Yes, "),
        ("Esc\x1b[39m \x1b[38;5;246mto", "Enter\x1b[39m \x1b[38;5;246mto"),
        ("❯", " "),
        ("   touch a", "   \x1b[31mtouch a"),
        ("differently", "like this"),
    ],
)
def test_what_is_not_drawn_as_the_field_is_none(old: str, new: str) -> None:
    text, columns = screen("touched-refused", "120x30")
    text = text.replace("0;2m", "0m\x1b[2m")
    assert read_amendment(text, columns) is not None
    assert old in text
    assert read_amendment(text.replace(old, new), columns) is None


def test_a_field_of_another_width_than_the_panes_is_none() -> None:
    text, columns = screen("touched-refused", "120x30")
    assert read_amendment(text, columns - 1) is None


def test_the_fields_own_words_typed_are_words() -> None:
    text, columns = screen("touched-refused", "120x30")
    amendment = read_amendment(text.replace("0;2m", "0m"), columns)
    assert amendment is not None
    assert amendment.words == "and tell Claude what to do differently"
