"""Which key says a decision, for dialogs that were recorded from the real program."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Meaning, Option, Prompt, PromptKind
from ccpar_hybrid.agents.styled import styled_lines
from ccpar_hybrid.approval.keys import guard_for
from ccpar_hybrid.approval.reply import PATTERN, key_for
from ccpar_hybrid.approval.watch import PaneState
from ccpar_hybrid.core.decision import Decision

DATA = Path(__file__).parents[2] / "data" / "claude"
FILES = sorted([*DATA.glob("screens/*.ans"), *DATA.glob("dialogs/*.ans")])
PANE = PaneState("%1", 1, 80, 24)
OPTIONS = (
    Option(1, "Yes", Meaning.ONCE),
    Option(2, "Yes, always", Meaning.ALWAYS),
    Option(3, "No", Meaning.NO),
)
PROMPT = Prompt(PromptKind.PERMISSION, options=OPTIONS, whole=True)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_dialog_with_options_is_looked_for_and_its_lines_can_be_held(file: Path) -> None:
    screen = file.read_text(encoding="utf-8")
    prompt = read_prompt(screen)
    if prompt is None:
        return
    lines = [line.text for line in styled_lines(screen)]
    assert any(re.search(PATTERN, line) for line in lines)
    if not prompt.options:
        return
    assert guard_for(PANE, lines, prompt.shown) is not None


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_key_is_that_of_a_permission_once_or_of_its_refusal_or_of_a_trust(file: Path) -> None:
    prompt = read_prompt(file.read_text(encoding="utf-8"))
    if prompt is None:
        return
    has_key = prompt.kind in (PromptKind.PERMISSION, PromptKind.TRUST)
    assert key_for(prompt, Decision.ALLOW) == ("1" if has_key else None)
    last = str(len(prompt.options)) if has_key else None
    assert key_for(prompt, Decision.DENY) == last


def test_the_key_follows_the_meaning_and_not_the_place() -> None:
    turned = tuple(replace(option, number=4 - option.number) for option in reversed(OPTIONS))
    prompt = replace(PROMPT, options=turned)
    assert key_for(prompt, Decision.ALLOW) == "3"
    assert key_for(prompt, Decision.DENY) == "1"


@pytest.mark.parametrize(
    "prompt",
    [
        replace(PROMPT, whole=False),
        replace(PROMPT, kind=PromptKind.UNKNOWN),
        replace(PROMPT, kind=PromptKind.PLAN),
        replace(PROMPT, options=()),
        replace(PROMPT, options=OPTIONS[1:]),
        replace(PROMPT, options=(*OPTIONS, *OPTIONS)),
        replace(PROMPT, options=(*OPTIONS, Option(4, "Yes", Meaning.ONCE))),
        replace(PROMPT, options=(replace(OPTIONS[0], number=2), *OPTIONS[1:])),
    ],
)
def test_what_is_not_sure_has_no_key_to_allow(prompt: Prompt) -> None:
    assert key_for(prompt, Decision.ALLOW) is None


def test_a_person_is_asked_without_a_key() -> None:
    assert key_for(PROMPT, Decision.ASK) is None
