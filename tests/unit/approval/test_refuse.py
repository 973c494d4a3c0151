"""The words with which a permission is denied, as the pane has room for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccpar_hybrid.agents.prompt import Meaning, Option, Prompt, PromptKind
from ccpar_hybrid.approval.refuse import LONGEST_WORDS, can_refuse, words_for
from ccpar_hybrid.approval.watch import PaneState

PROMPT = Prompt(
    PromptKind.PERMISSION,
    options=(Option(1, "Yes", Meaning.ONCE, True), Option(2, "No", Meaning.NO)),
    footer="Esc to cancel · Tab to amend",
    whole=True,
    shown=("a", "b", "c"),
)


def pane(columns: int, rows: int) -> PaneState:
    return PaneState("%1", 1, columns, rows)


def test_the_words_stand_on_one_line_and_nothing_in_them_acts() -> None:
    assert words_for(" a\n\tb \x1b[2Jc\r", pane(80, 24), PROMPT) == "a b ␛[2Jc"


def test_words_that_would_push_the_dialogs_top_out_of_the_pane_are_cut() -> None:
    message = "word " * 400
    assert len(words_for(message, pane(200, 60), PROMPT)) == LONGEST_WORDS
    short = words_for(message, pane(80, 4), PROMPT)
    assert len(short) <= 2 * 68
    assert short.endswith("…")


@pytest.mark.parametrize(
    "other",
    [
        replace(PROMPT, kind=PromptKind.TRUST),
        replace(PROMPT, whole=False),
        replace(PROMPT, footer="Esc to cancel"),
        replace(PROMPT, options=PROMPT.options[:1]),
        replace(PROMPT, options=tuple(reversed(PROMPT.options))),
        replace(PROMPT, options=(PROMPT.options[0], Option(2, "No, and tell Claude", Meaning.NO))),
    ],
)
def test_only_a_whole_permission_with_a_field_at_its_last_option_takes_words(
    other: Prompt,
) -> None:
    assert can_refuse(PROMPT)
    assert not can_refuse(other)
