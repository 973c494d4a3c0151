"""Dialogs with numbered choices, answered by keys. Standard library only.

The wording and the places of all that a screen reader looks for are those of Claude Code 2.1.197.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ccpar_hybrid.demo.agent_key import Event, Key, Typed
from ccpar_hybrid.demo.agent_terminal import Line, line
from ccpar_hybrid.demo.agent_width import clean, wrap

ACCENT, BOLD, DIM, WARN = "38;5;153", "1", "38;5;246", "38;5;220"
FRAME = "38;5;239"
"""Of the dashed lines around what a file will be."""
RULE, DASHED = "─", "╌"
REVERSED, FAINT = "7", "2"
CANCEL = "cancel"
_AMEND = " · Tab to amend"
_NO_HINT = "and tell Claude what to do differently"
_YES_HINT = "and tell Claude what to do next"
SHOWN_LINES = 400


@dataclass(frozen=True, slots=True)
class Choice:
    """An option and what choosing it means; a ``free`` one takes typed text."""

    label: str
    value: str
    detail: str = ""
    free: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The chosen value, with the text that was typed to it."""

    value: str
    text: str = ""


class Dialog:
    """A question with choices. ``answer`` is None until somebody has answered."""

    def __init__(
        self,
        head: Callable[[int], Sequence[Line]],
        choices: Sequence[Choice],
        footer: str = "",
        *,
        indent: str = " ",
        apart: int | None = None,
        amendable: bool = False,
        rule: str = ACCENT,
        footer_style: str = DIM,
    ) -> None:
        self._head, self._choices, self._footer = head, choices, footer
        self._indent, self._apart, self._amendable = indent, apart, amendable
        self._rule, self._footer_style = rule, footer_style
        self._at = 0
        self._typed = ""
        self._amends = False
        self.answer: Answer | None = None

    def lines(self, width: int) -> list[Line]:
        """The dialog as it is drawn, from the rule above it."""
        shown = [line(RULE * width, self._rule), *self._head(width)]
        for index, choice in enumerate(self._choices):
            if index == self._apart:
                shown.append(line(RULE * width, DIM))
            shown += self._choice(index, choice, width)
        is_offered = not self._amends and self._choices[self._at].value in ("yes", "no")
        footer = self._footer if is_offered else self._footer.replace(_AMEND, "")
        return [*shown, line(""), line(footer, self._footer_style)] if footer else shown

    def take(self, event: Event) -> None:
        """Move, choose, type or cancel."""
        if isinstance(event, Key):
            self._press(event.name)
        elif self._is_typing:
            self._typed += event.text
        elif isinstance(event, Typed):
            self._digit(event.text[0])

    @property
    def _is_typing(self) -> bool:
        return self._amends or self._choices[self._at].free

    def _press(self, name: str) -> None:
        if name in ("up", "down"):
            self._at = (self._at + (1 if name == "down" else -1)) % len(self._choices)
            self._amends = False
        elif name == "enter":
            self._choose(self._at)
        elif name in ("escape", "ctrl-c"):
            self.answer = Answer(CANCEL)
        elif name == "tab" and self._amendable:
            self._amends = not self._amends
        elif name == "backspace":
            self._typed = self._typed[:-1]
        elif name == "shift-tab":
            self._choose_value("session")

    def _digit(self, text: str) -> None:
        if text in "123456789" and int(text) <= len(self._choices):
            self._choose(int(text) - 1)

    def _choose_value(self, value: str) -> None:
        for index, choice in enumerate(self._choices):
            if choice.value == value:
                self._choose(index)

    def _choose(self, index: int) -> None:
        self._at = index
        if self._choices[index].free and not self._typed:
            return
        self.answer = Answer(self._choices[index].value, self._typed)

    def _choice(self, index: int, choice: Choice, width: int) -> list[Line]:
        here = index == self._at
        label = choice.label
        if here and self._amends:
            return self._amended(index, choice, width)
        if here and self._is_typing:
            label = f"{self._typed or label}▏"
        mark, number = f"{self._indent}{'❯' if here else ' '} ", f"{index + 1}. "
        text = mark + number
        style = ACCENT if here else ""
        first, *rest = wrap(clean(label), max(width - len(text), 8))
        shown: list[Line] = [((style, mark), (DIM, number), (style, first))]
        shown += [line(" " * len(text) + each, style) for each in rest]
        detail = wrap(clean(choice.detail), max(width - len(text), 8)) if choice.detail else ()
        return shown + [line(" " * len(text) + each, DIM) for each in detail]

    def _amended(self, index: int, choice: Choice, width: int) -> list[Line]:
        """The choice with the field behind it, which says what it is for until one types."""
        head = (
            (ACCENT, f"{self._indent}❯ "),
            (DIM, f"{index + 1}. "),
            (ACCENT, f"{choice.label}, "),
        )
        if not self._typed:
            hint = _NO_HINT if choice.value == "no" else _YES_HINT
            return [(*head, (REVERSED, hint[0]), (FAINT, hint[1:]))]
        room = sum(len(text) for _, text in head)
        first, *rest = wrap(clean(self._typed), max(width - room - 1, 8))
        rows: list[Line] = [(*head, ("", first)), *(line(" " * room + each) for each in rest)]
        return [*rows[:-1], (*rows[-1], (REVERSED, " "))]


def body(text: str, width: int, indent: str = " ", style: str = "") -> list[Line]:
    """Text from outside, made harmless, wrapped and indented."""
    lines = clean(text).split("\n")
    shown = "\n".join(lines[:SHOWN_LINES])
    return [line(indent + each, style) for each in wrap(shown, max(width - len(indent), 8))]


TRUST = (
    "Quick safety check: Is this a project you created or one you trust? (Like your own code, a "
    "well-known open source project, or work from your team). If not, take a moment to review "
    "what's in this folder first.\n\n"
    "Claude Code'll be able to read, edit, and execute files here."
)


def trust_dialog(folder: str) -> Dialog:
    """Whether the folder is trusted: ``yes``, ``no`` or ``cancel``."""

    def head(width: int) -> list[Line]:
        return [
            line(" Accessing workspace:", f"{BOLD};{WARN}"),
            line(""),
            *body(folder, width, style=BOLD),
            line(""),
            *body(TRUST, width),
            line(""),
            line(" Security guide", DIM),
            line(""),
        ]

    choices = (Choice("Yes, I trust this folder", "yes"), Choice("No, exit", "no"))
    return Dialog(head, choices, " Enter to confirm · Esc to cancel", rule=WARN)


def limit_dialog() -> Dialog:
    """What comes by itself when a subscription's limit is reached: ``wait`` or ``upgrade``."""

    def head(width: int) -> list[Line]:
        return [line("  What do you want to do?", f"{BOLD};{ACCENT}"), line("")]

    wait = Choice("Stop and wait for limit to reset", "wait")
    choices = (wait, Choice("Upgrade your plan", "upgrade"))
    footer = "  Enter to confirm · Esc to cancel"
    return Dialog(head, choices, footer, indent="  ", footer_style=f"3;{DIM}")
