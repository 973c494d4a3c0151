"""A task's words arrive as they were meant, and are recognised again."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.agents.claude_prompt import full_prompt, pasteable, same_prompt, submittable
from ccpar_hybrid.core.task import TaskSpec

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = [
    "Fix the parser",
    "!rm -rf x",
    "-x",
    "--version",
    "@/etc/hostname what is this",
    "#(touch x) $(touch x) `touch x`; 'quotes' \"too\"",
    "ends in \\",
    "\ttabs\tand \r\n line ends \r",
    "\x1b[31mred\x1b[0m \x9b1m",
    "العربية 日本語 👩‍👩‍👧 e\u0301",
    "trailing   \n\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_on_standard_input_a_text_stays_as_it_is(text: str) -> None:
    assert submittable(text) == text


@pytest.mark.parametrize("text", ["/clear", "/etc/passwd is odd", "//x", "/"])
def test_a_leading_slash_is_no_command_behind_a_new_line(text: str) -> None:
    assert submittable(text) == "\n" + text


@pytest.mark.parametrize("text", ["exit", " quit\n", ":q", ":wq"])
def test_a_word_that_would_end_the_program_does_not(text: str) -> None:
    assert submittable(text) == "\u200b" + text


def test_a_longer_text_with_such_a_word_is_left_alone() -> None:
    assert submittable("exit the loop early") == "exit the loop early"


@pytest.mark.parametrize(
    ("text", "pasted"),
    [
        ("!ls", "\n!ls"),
        ("/clear", "\n/clear"),
        ("a\x1b[201~b\x9b1m", "a␛[201~b␛1m"),
        ("ends in \\", "ends in \\ "),
        ("exit", "\u200bexit"),
    ],
)
def test_what_is_pasted_is_the_nearest_that_stays_text(text: str, pasted: str) -> None:
    assert pasteable(text) == pasted


@given(TEXT)
def test_a_paste_never_begins_a_command_nor_breaks_out(text: str) -> None:
    pasted = pasteable(text)
    assert not pasted.startswith(("/", "!"))
    assert "\x1b" not in pasted
    assert "\x9b" not in pasted
    assert not pasted.endswith("\\")


@given(TEXT)
def test_either_way_the_prompt_is_recognised(text: str) -> None:
    given_text = pasteable(text)
    assert same_prompt(submittable(text), given_text)
    assert same_prompt(text, given_text)
    assert same_prompt(unicodedata.normalize("NFC", text.replace("\t", "    ")).strip(), given_text)


def test_another_prompt_is_not_ours() -> None:
    assert not same_prompt("<task-notification>done</task-notification>", "Fix it")
    assert not same_prompt("Fix it now", "Fix it")


def test_context_files_are_named_after_the_words() -> None:
    spec = TaskSpec(prompt="Fix it", directory="/srv", context=("/a b", "/c"))
    assert full_prompt(spec, "Again: ") == "Again: Fix it\n\nRead these files first:\n- /a b\n- /c"
    assert full_prompt(TaskSpec(prompt="Fix it\n", directory="/srv")) == "Fix it\n"
