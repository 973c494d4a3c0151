"""The live area: what works, what waits, the input box or a dialog, the hints. Stdlib only.

The signs that a screen reader looks for are those of Claude Code 2.1.197.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccpar_hybrid.demo.agent_box import InputBox, Submission
from ccpar_hybrid.demo.agent_dialog import DIM, RULE, Dialog, body
from ccpar_hybrid.demo.agent_permission import Mode, Policy
from ccpar_hybrid.demo.agent_print import UNTITLED, title_lines, under
from ccpar_hybrid.demo.agent_terminal import Block, Line, Terminal, line
from ccpar_hybrid.demo.agent_width import clean, columns, cut

ORANGE = "38;5;174"
BUSY_MARK, BOX_RULE = DIM, "38;5;244"
"""While a turn runs the mark is grey. The rule is another grey, or tmux would give no style at
the mark of its own."""
SPINNER = "·✢✳✶✻✽"
VERBS = ("Considering", "Pondering", "Brewing", "Musing", "Forging", "Weaving", "Simmering")
FRAME_S = 0.5
QUEUED_HINT = "Press up to edit queued messages"
_MODES = {
    Mode.DEFAULT: "",
    Mode.ACCEPT_EDITS: "⏵⏵ accept edits on (shift+tab to cycle)",
    Mode.PLAN: "⏸ plan mode on (shift+tab to cycle)",
    Mode.BYPASS: "⏵⏵ bypass permissions on (shift+tab to cycle)",
    Mode.DONT_ASK: "⏵⏵ don't ask on (shift+tab to cycle)",
}


@dataclass(slots=True)
class Activity:
    """A turn that goes on."""

    verb: str
    begin_s: float = field(default_factory=time.monotonic)
    tokens: int = 0
    retry: str | None = None
    has_shown: bool = False
    tool: tuple[str, Mapping[str, object], str] | None = None

    def lines(self, width: int, folder: Path) -> Iterator[Line]:
        """The tool that is under way."""
        if self.tool and self.tool[0] not in UNTITLED:
            name, given, state = self.tool
            yield from title_lines(name, given, folder, width)
            yield from under(state, width, DIM)
            yield line("")

    def spinner(self, width: int) -> list[Line]:
        """``✽ Considering… (2s · ↓ 25 tokens)``, or why it tries again."""
        seconds = int(time.monotonic() - self.begin_s)
        sign = SPINNER[int((time.monotonic() - self.begin_s) / FRAME_S) % len(SPINNER)]
        if self.retry:
            return [line(cut(f"{sign} {self.retry}", width), ORANGE), line("")]
        told = f"({seconds}s · ↓ {self.tokens} tokens)" if seconds or self.tokens else ""
        return [((ORANGE, f"{sign} {self.verb}… "), (DIM, told)), line("")]


class Screen:
    """All that the live area shows; ``draw`` brings it to the terminal."""

    def __init__(self, terminal: Terminal, policy: Policy, folder: Path) -> None:
        self._terminal, self._policy, self._folder = terminal, policy, folder
        self.box = InputBox()
        self.queue: list[Submission] = []
        self.dialog: Dialog | None = None
        self.activity: Activity | None = None
        self.shells = 0
        self.hint: str | None = None
        self.status: str | None = None
        self.is_open = True

    def print(self, block: Block) -> None:
        """Put a block above the live area for good."""
        self._terminal.print(block)

    def draw(self) -> None:
        """Show what changed."""
        self._terminal.draw(self._live())

    def redraw(self) -> None:
        """Show all again, after a resize or a stop."""
        self._terminal.redraw(self._live())

    def _live(self) -> list[Line]:
        width, rows = self._terminal.size
        lines: list[Line] = []
        if self.activity:
            lines += self.activity.lines(width, self._folder)
        if self.dialog:
            return [*lines, *self.dialog.lines(width)]
        if self.activity:
            lines += self.activity.spinner(width)
        if self.queue:
            lines += self._queued(width)
        lines += self._box(width, max(rows // 2, 3))
        return lines + self._footer(width) if self.is_open else [*lines, line("")]

    def _queued(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for each in self.queue:
            first, *rest = body(each.text[:2000], width, "    ", DIM)[:6]
            lines += [line(f"  ❯ {first[0][1].lstrip()}", DIM), *rest]
        return lines

    def _box(self, width: int, height: int) -> list[Line]:
        rule = line(RULE * width, BOX_RULE)
        return [rule, *self._draft(width - 2, height), rule]

    def _draft(self, width: int, height: int) -> list[Line]:
        if not self.box.draft and self.queue:
            return [((BUSY_MARK, "❯\xa0"), (DIM, QUEUED_HINT))]
        lines, at = draft_lines(self.box.draft, self.box.cursor, max(width, 6))
        top = max(min(at - height + 1, len(lines) - height), 0) if len(lines) > height else 0
        heads = ("❯\xa0" if index == 0 else "  " for index in range(len(lines)))
        style = BUSY_MARK if self.activity else ""
        marked = [((style, head), *each) for head, each in zip(heads, lines, strict=True)]
        return list(marked[top : top + height])

    def _footer(self, width: int) -> list[Line]:
        if self.hint:
            return [line(cut(f"  {self.hint}", width), DIM)]
        mode = _MODES[self._policy.mode]
        if self.status:
            shown = [line(cut(f"  {each}", width), DIM) for each in clean(self.status).split("\n")]
            return [*shown[:3], line(cut(f"  {mode}", width), DIM)] if mode else shown[:3]
        parts = [mode, self._shells(), self._state()]
        return [line(cut("  " + " · ".join(filter(None, parts)), width), DIM)]

    def _shells(self) -> str:
        return f"{self.shells} shell{'s' * (self.shells != 1)}" if self.shells else ""

    def _state(self) -> str:
        if self.activity:
            return "esc to interrupt"
        if self.shells:
            return "↓ to manage"
        idle = self._policy.mode is Mode.DEFAULT and not self.box.draft
        return "? for shortcuts" if idle else ""


def draft_lines(draft: str, cursor: int, width: int) -> tuple[list[Line], int]:
    """The draft cut into lines of ``width``, with a block as cursor, and the cursor's line."""
    lines: list[Line] = []
    at, begin = 0, 0
    for text in draft.split("\n"):
        for chunk, is_last in _chunks(text, width):
            place = cursor - begin
            if 0 <= place < len(chunk) or (is_last and place == len(chunk)):
                at = len(lines)
                under_cursor = chunk[place : place + 1] or " "
                rest = clean(chunk[place + 1 :])
                lines.append((("", clean(chunk[:place])), ("7", clean(under_cursor)), ("", rest)))
            else:
                lines.append(line(clean(chunk)))
            begin += len(chunk)
        begin += 1
    return lines, at


def _chunks(text: str, width: int) -> Iterator[tuple[str, bool]]:
    begin = used = 0
    for index, char in enumerate(text):
        wide = columns(clean(char))
        # One column stays free for the cursor behind the last character.
        if used + wide > width - 1:
            yield text[begin:index], False
            begin, used = index, 0
        used += wide
    yield text[begin:], True


def welcome(folder: Path, model: str) -> Block:
    """The box at the start: it says that this is the stand-in."""

    def block(width: int) -> Iterator[Line]:
        inner = min(width, 76) - 2
        title = "─── Demo agent "
        yield line(f"╭{title}{RULE * (inner - len(title))}╮", ORANGE)
        for text in (
            "A stand-in for Claude Code: it plays scripts,",
            f"with no account and no network · {model}",
            str(folder),
        ):
            shown = cut(clean(text), inner - 2)
            pad = " " * (inner - 1 - columns(shown))
            yield ((ORANGE, "│"), ("", f" {shown}{pad}"), (ORANGE, "│"))
        yield line(f"╰{RULE * inner}╯", ORANGE)
        yield line("")

    return block
