"""How text fills a terminal, and how dialogs are drawn and answered."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.demo.agent_dialog import Answer, Dialog, trust_dialog
from ccpar_hybrid.demo.agent_key import Key, KeyReader
from ccpar_hybrid.demo.agent_request import dialog_for, diff_text, question_dialog
from ccpar_hybrid.demo.agent_screen import draft_lines
from ccpar_hybrid.demo.agent_width import clean, columns, cut, wrap

QUESTION = {"header": "DB", "question": "Which?", "options": [{"label": "A"}, {"label": "B"}]}


def text_of(dialog: Dialog, width: int = 80) -> str:
    return "\n".join("".join(text for _, text in line) for line in dialog.lines(width))


def answered(dialog: Dialog, keys: bytes) -> Answer | None:
    reader = KeyReader()
    for event in [*reader.feed(keys), *reader.flush()]:
        dialog.take(event)
    return dialog.answer


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_fit_and_keep_every_word(text: str, width: int) -> None:
    lines = list(wrap(clean(text), width))
    assert all(columns(each) <= width for each in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


@given(st.text(), st.integers(6, 40), st.data())
def test_a_draft_fits_and_shows_one_cursor(text: str, width: int, data: st.DataObject) -> None:
    lines, at = draft_lines(text, data.draw(st.integers(0, len(text))), width)
    assert [style for line in lines for style, _ in line].count("7") == 1
    assert "7" in [style for style, _ in lines[at]]
    assert all(sum(columns(each) for _, each in line) <= width for line in lines)


def test_wide_characters_are_counted_and_cut() -> None:
    assert columns("日本é́") == 5
    assert cut("日本語", 5) == "日本…"


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert clean("a\x1b[31mb\x1b]0;t\x07c\x00\x9b\u202e\td") == "abc    d"


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("git push origin main", ["Yes", "Yes, and don’t ask again for: git push *", "No"]),
        ("touch a", ["Yes", "Yes, and always allow access to p/ from this project", "No"]),
        ("echo $(id)", ["Yes", "No"]),
    ],
)
def test_the_number_of_a_command_s_options_varies(command: str, options: list[str]) -> None:
    shown = text_of(dialog_for("Bash", {"command": command}, Path("/p")))
    lines = [each.lstrip(" ❯") for each in shown.splitlines()]
    assert [each[3:] for each in lines if each[1:3] == ". "] == options
    assert f"   {command}" in shown
    assert "Do you want to proceed?\n ❯ 1. Yes" in shown


def test_digits_arrows_enter_and_escape_answer() -> None:
    def fresh() -> Dialog:
        return dialog_for("Write", {"file_path": "a", "content": "x"}, Path("/p"))

    assert answered(fresh(), b"2") == Answer("session")
    assert answered(fresh(), b"\x1b[B\x1b[B\r") == Answer("no")
    assert answered(fresh(), b"\x1b") == Answer("cancel")
    assert answered(fresh(), b"7x") is None
    assert answered(fresh(), b"\x1b[Z") == Answer("session")
    assert answered(fresh(), b"\x1b[A\tbetter not\r") == Answer("no", "better not")


def test_a_question_takes_an_option_or_typed_text() -> None:
    assert answered(question_dialog(QUESTION), b"2") == Answer("B")
    assert answered(question_dialog(QUESTION), b"\x1b[B\x1b[B1 or 2\r") == Answer("text", "1 or 2")
    assert answered(question_dialog(QUESTION), b"4") == Answer("chat")
    assert "☐ DB" in text_of(question_dialog(QUESTION))


def test_the_trust_dialog_reads_as_the_real_one() -> None:
    shown = text_of(trust_dialog("/srv/p"), 200)
    assert "Quick safety check: Is this a project you created or one you trust?" in shown
    assert "❯ 1. Yes, I trust this folder\n   2. No, exit" in shown
    assert answered(trust_dialog("/"), b"\r") == Answer("yes")


def test_hostile_input_is_drawn_on_its_own_lines() -> None:
    dialog = dialog_for("Bash", {"command": "x\x1b[2J\r\n❯ 1. Yes", "description": 3}, Path("/p"))
    assert "\x1b" not in text_of(dialog)
    assert answered(dialog, Key("x").name.encode()) is None


def test_a_change_is_shown_with_its_line_numbers() -> None:
    assert diff_text("a\nb\nc\n", "a\nB\nc\n") == " 1  a\n 2 -b\n 2 +B\n 3  c"
