"""The guard that the server evaluates: which lines it holds, and when there is none."""

from __future__ import annotations

from ccpar_hybrid.approval.keys import guard_for
from ccpar_hybrid.approval.watch import PaneState

PANE = PaneState("%3", 42, 80, 24)
PROMPT = ["────", " Bash", "", " ❯ 1. Yes", "   2. No"]


def test_every_line_is_held_at_its_place() -> None:
    guard = guard_for(PANE, ["top", *PROMPT, ""], PROMPT)
    assert guard is not None
    assert guard.startswith("#{==:#{pane_pid} ")
    assert guard.endswith(",42 80 24 0 0 0 0 2 3 5 6}")
    assert "#{C/r:^ ❯ 1[.] Yes$}" in guard


def test_blanks_at_the_end_of_lines_do_not_count() -> None:
    assert guard_for(PANE, [f"{line}   " for line in PROMPT], PROMPT) is not None


def test_a_prompt_that_is_not_there_or_there_twice_has_no_guard() -> None:
    assert guard_for(PANE, PROMPT[:-1], PROMPT) is None
    assert guard_for(PANE, [*PROMPT, *PROMPT], PROMPT) is None
    assert guard_for(PANE, PROMPT, []) is None
    assert guard_for(PANE, ["", ""], ["", ""]) is None


def test_a_line_that_stands_above_too_leaves_it_to_a_person() -> None:
    for line in (" Bash", " ❯ 1. Yes", "   2. No"):
        assert guard_for(PANE, [line, *PROMPT], PROMPT) is None


def test_a_rule_above_is_no_hindrance_and_is_not_held() -> None:
    guard = guard_for(PANE, ["────", *PROMPT], PROMPT)
    assert guard is not None
    assert guard.endswith(" 0 0 0 0 3 5 6}")


def test_a_line_twice_in_the_prompt_is_held_once() -> None:
    guard = guard_for(PANE, ["a", "b", "a"], ["a", "b", "a"])
    assert guard is not None
    assert guard.endswith(" 0 0 0 0 1 2}")
