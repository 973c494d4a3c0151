"""Dialogs of Claude Code (2.1.197) that are for people: trust, plan, limit, key, question. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ccpar_hybrid.agents.claude_frame import ACCENT, BOLD, GREY, Frame, is_rule
from ccpar_hybrid.agents.prompt import Meaning, Option, Prompt, PromptKind
from ccpar_hybrid.agents.styled import PLAIN, Style, StyledLine

_YELLOW, _RED, _TEAL = Style("5;220"), Style("5;211"), Style("5;73")
_TRUST = (
    "Quick safety check: Is this a project you created or one you trust? (Like your own code, a "
    "well-known open source project, or work from your team). If not, take a moment to review "
    "what's in this folder first. Claude Code'll be able to read, edit, and execute files here. "
    "Security guide"
)


@dataclass(frozen=True)
class _Form:
    """A dialog: the colours of the rule above it and of its title, and what its options mean."""

    kind: PromptKind
    rule: Style
    title: Style
    meanings: Mapping[str, Meaning]


def _bold(style: Style) -> Style:
    return replace(style, marks=frozenset("1"))


_FORMS = {
    " Accessing workspace:": _Form(
        PromptKind.TRUST,
        _YELLOW,
        _bold(_YELLOW),
        {"Yes, I trust this folder": Meaning.ALWAYS, "No, exit": Meaning.NO},
    ),
    " Exit plan mode?": _Form(
        PromptKind.PLAN, _TEAL, _bold(ACCENT), {"Yes": Meaning.ONCE, "No": Meaning.NO}
    ),
    "  What do you want to do?": _Form(
        PromptKind.LIMIT,
        ACCENT,
        _bold(ACCENT),
        {"Stop and wait for limit to reset": Meaning.NO, "Upgrade your plan": Meaning.OTHER},
    ),
    "  Detected a custom API key in your environment": _Form(
        PromptKind.API_KEY,
        _YELLOW,
        _bold(_YELLOW),
        {"Yes": Meaning.ALWAYS, "No (recommended)": Meaning.NO},
    ),
    "  WARNING: Claude Code running in Bypass Permissions mode": _Form(
        PromptKind.BYPASS,
        _RED,
        _bold(_RED),
        {"No, exit": Meaning.NO, "Yes, I accept": Meaning.ALWAYS},
    ),
}


def read_person_frame(frame: Frame) -> Prompt | None:
    """A dialog that is known by its title; None if it is not surely one of them."""
    title = frame.body[0]
    form = _FORMS.get(title.text)
    if form is None or frame.rule != form.rule or not title.is_all(form.title):
        return None
    labels = [option.label for option in frame.options]
    if set(labels) - form.meanings.keys() or len(set(labels)) != len(labels):
        return None
    options = tuple(replace(each, meaning=form.meanings[each.label]) for each in frame.options)
    subject = ""
    if form.kind is PromptKind.TRUST:
        folder = _folder(frame)
        if folder is None or len(options) != 2:
            return None
        subject = folder
    return Prompt(
        form.kind,
        title=title.text.strip(),
        subject=subject,
        options=options,
        footer=frame.footer.strip(),
        whole=True,
        shown=frame.shown,
    )


def _folder(frame: Frame) -> str | None:
    """The one folder that would be trusted, if the dialog says nothing beyond its usual words."""
    rows = [line for line in frame.body[1:] if line.text]
    if not rows or not rows[0].text.startswith(" /") or not rows[0].is_all(BOLD):
        return None
    words = " ".join(line.text.strip() for line in rows[1:])
    drawn = all(line.is_all(PLAIN) or line.is_all(GREY) for line in rows[1:])
    return rows[0].text[1:] if drawn and words == _TRUST and rows[0].text.isascii() else None


_SELECT = "Enter to select · ↑/↓ to navigate · Esc to cancel"
_CHAT = re.compile(r"(?:❯ |  )\d+\. Chat about this")
_CHOICE = re.compile(r"(?:❯ |  )(\d+)\. (\S.*)")


def read_question(lines: list[StyledLine]) -> Prompt | None:
    """A question of the agent's own, by the end of its dialog. What it asks may say anything, in
    any colour and at any place, so that nothing above the end is sure, its top included."""
    if len(lines) < 5 or lines[-1].text != _SELECT or not lines[-1].is_all(GREY):
        return None
    rule = lines[-4]
    if lines[-2].text or not _CHAT.fullmatch(lines[-3].text) or not is_rule(rule):
        return None
    top = next((n for n in range(len(lines) - 5, -1, -1) if is_rule(lines[n], rule.width)), None)
    first = 0 if top is None else top + 1
    shown = lines[first:]
    return Prompt(
        PromptKind.QUESTION,
        title=shown[0].text.strip(),
        question=_asked(shown),
        options=tuple(_choices(shown)),
        footer=_SELECT,
        shown=tuple(line.text for line in shown),
    )


def _asked(shown: Sequence[StyledLine]) -> str:
    rows = (line.text.strip() for line in shown[1:] if line.text)
    return next(rows, "")


def _choices(shown: Sequence[StyledLine]) -> list[Option]:
    matches = [(line, _CHOICE.fullmatch(line.text)) for line in shown]
    return [
        Option(int(match[1]), match[2], Meaning.OTHER, line.text.startswith("❯"))
        for line, match in matches
        if match
    ]
