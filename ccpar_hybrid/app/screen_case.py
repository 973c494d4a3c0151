"""What a dialog that was read off a screen asks leave for, and how sure that is. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from ccpar_hybrid.app.approval_desk import asked_instead
from ccpar_hybrid.app.pane_owner import Owner
from ccpar_hybrid.core.decision import Approval, Decision, Request, Ruling, Way, keepable
from ccpar_hybrid.core.settings import Via

TRUST = "Trust"
_TOOLS = {
    PromptKind.QUESTION: "AskUserQuestion",
    PromptKind.PLAN: "ExitPlanMode",
    PromptKind.TRUST: TRUST,
}
_OTHER = "Dialog"
_WHY = {
    PromptKind.PERMISSION: "the screen does not tell all of it",
    PromptKind.QUESTION: "a question is answered by a person",
    PromptKind.PLAN: "a plan is approved by a person",
    PromptKind.LOGIN: "a person logs in",
    PromptKind.UNKNOWN: "the dialog cannot be read for sure",
}
_CHOSEN = re.compile(r"^( *)❯ ([1-9][.] )")
_FIRST = re.compile(r" *(?:❯ )? *1[.] ")
_PEOPLES = "this dialog is for a person"


@dataclass(frozen=True)
class Reading:
    """A call as far as it is known.

    `unsure`: why a person has to decide, whatever a rule says; empty: it can be judged.
    `is_exact`: no more can be behind it than what is judged. `is_told`: a hook has told all of it,
    and the screen agrees.
    """

    tool: str
    input: Mapping[str, Any]
    unsure: str = ""
    is_exact: bool = False
    is_told: bool = False


def reading_of(prompt: Prompt, directory: str, told: Approval | None) -> Reading:
    """`directory` is the task's; `told` is a request by hook that the prompt surely is about."""
    if told is not None:
        return Reading(told.request.tool, told.request.input, is_told=True)
    tool = prompt.tool or _TOOLS.get(prompt.kind, _OTHER)
    if prompt.kind is PromptKind.TRUST and prompt.whole:
        unsure = "" if _is_same_folder(prompt.subject, directory) else "it is not the task's folder"
        return Reading(tool, {"path": prompt.subject}, unsure, is_exact=True)
    sure = prompt.kind is PromptKind.PERMISSION and prompt.whole and prompt.tool is not None
    if sure and prompt.input is not None:
        return Reading(tool, dict(prompt.input), is_exact=prompt.exact)
    shown = prompt.subject or prompt.question or prompt.title
    return Reading(tool, {"shown": shown}, _WHY.get(prompt.kind, _PEOPLES))


def _is_same_folder(shown: str, directory: str) -> bool:
    return os.path.realpath(shown) == os.path.realpath(directory)


def tempered(ruling: Ruling, reading: Reading, via: Via) -> Ruling:
    """The policy's word, or a person's turn where what was read does not bear it."""
    if reading.unsure:
        return asked_instead(ruling, reading.unsure)
    if ruling.decision is not Decision.ALLOW or bears_allow(reading, via):
        return ruling
    rule = f"the rule {ruling.rule!r}" if ruling.rule else "a rule"
    why = f'{rule} allows what the screen shows; only approver.via = "screen" takes its word'
    return asked_instead(ruling, why)


def bears_allow(reading: Reading, via: Via) -> bool:
    """Whether a rule may allow it without a person."""
    return reading.is_exact or reading.is_told or via is Via.SCREEN


def request_of(owner: Owner, reading: Reading, plain: Sequence[str], at: datetime) -> Request:
    """The request of the owner's attempt, with what its pane shows."""
    return Request(
        id=uuid4().hex,
        asked_at=at,
        key=owner.key,
        attempt=owner.attempt,
        session_id=owner.session_id,
        agent=owner.agent,
        group=owner.group,
        worker=owner.worker,
        pane=owner.pane_id,
        way=Way.SCREEN,
        tool=reading.tool,
        input=keepable(reading.input),
        directory=owner.directory,
        screen=text_of(plain),
    )


def text_of(plain: Sequence[str]) -> str:
    """A screen's lines as they are kept."""
    return "\n".join(line.rstrip() for line in plain).rstrip("\n")


def is_same(prompt: Prompt, other: Prompt, *, resized: bool = False) -> bool:
    """Whether both are the same dialog.

    What is surely read has the same lines, whichever option is chosen, or where the pane was
    `resized` is about the same call. Of the rest a person changes the lines by moving in it.
    """
    if prompt.kind is not other.kind or prompt.whole is not other.whole:
        return False
    if not prompt.whole:
        return prompt.question == other.question
    same = _unmarked(prompt.shown) == _unmarked(other.shown)
    return same or (resized and is_same_call(prompt, other))


def is_same_call(prompt: Prompt, other: Prompt) -> bool:
    """Whether both ask leave for the same, as far as the screen tells."""
    return _call(prompt) == _call(other)


def is_touched(prompt: Prompt, plain: Sequence[str]) -> bool:
    """Whether the screen still shows the prompt's own lines, whatever its options look like now.

    So it is when somebody has pressed a key in it.
    """
    first = next((n for n, line in enumerate(prompt.shown) if _FIRST.match(line)), 0)
    head = [line.rstrip() for line in prompt.shown[:first]]
    shown = [line.rstrip() for line in plain]
    return bool(head) and any(
        shown[top : top + first] == head for top in range(len(shown) - first + 1)
    )


def _call(prompt: Prompt) -> tuple[object, ...]:
    subject = "".join(prompt.subject.split())
    return (prompt.kind, prompt.tool, prompt.title, subject, prompt.input)


def is_of(request: Request, prompt: Prompt) -> bool:
    """Whether the request, noted by an approver before, is about the prompt that stands now."""
    if not prompt.whole:
        return request.tool == (prompt.tool or _TOOLS.get(prompt.kind, _OTHER))
    noted = _unmarked((request.screen or "").split("\n"))
    shown = _unmarked(prompt.shown)
    return bool(shown) and noted[-len(shown) :] == shown


def _unmarked(lines: Sequence[str]) -> list[str]:
    """Without the mark of the chosen option, and the blanks at the ends."""
    trimmed = [_CHOSEN.sub(r"\1  \2", line).rstrip() for line in lines]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed
