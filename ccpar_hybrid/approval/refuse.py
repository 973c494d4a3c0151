"""Denies a permission in its pane with words that reach the model, or stops where it is not sure.

The key of `No` alone ends the agent's turn and tells it nothing. Claude Code (2.1.197) has a field
for words behind a chosen `No`: each step to it is a guarded key of its own, pressed only where the
screen shows what the step before it leads to. Nothing on the way answers the prompt but the last
key, and where a step is not seen to have worked, no other follows: then a person has the dialog.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ccpar_hybrid.agents.claude_amend import read_amendment
from ccpar_hybrid.agents.prompt import Amendment, Meaning, Prompt, PromptKind
from ccpar_hybrid.approval.keys import (
    CARE,
    Aim,
    Care,
    Pressed,
    Presser,
    guard_for,
    guarded,
    unchanged,
)
from ccpar_hybrid.approval.reply import Reader, aim_at, key_for
from ccpar_hybrid.approval.watch import Asker, PaneState, Sight, captures
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.errors import CcparError, NotFound
from ccpar_hybrid.core.text import cut, visible

P = TypeVar("P")
T = TypeVar("T")
AmendmentReader = Callable[[str, int], Amendment | None]
"""The words that are being typed at a `No`, on a screen with its colours of so many columns."""

LONGEST_WORDS = 600
_OFFERED = "Tab to amend"
_NO = "No"
_MARGIN = 12
"""Columns that a row of words leaves free, for the indent and the cursor."""
_LOOK_AGAIN_S = 0.02
_CHOSEN = re.compile(r"^( *)❯ ([1-9]\. )")


def can_refuse(prompt: Prompt) -> bool:
    """Whether the prompt has a field for words behind its `No`."""
    option = prompt.option(Meaning.NO)
    is_one = prompt.kind is PromptKind.PERMISSION and prompt.whole
    is_last = option is not None and option == prompt.options[-1] and option.label == _NO
    return is_one and is_last and _OFFERED in prompt.footer


def words_for(message: str, pane: PaneState, prompt: Prompt) -> str:
    """The message on one line, with nothing that acts, as much as the pane has room for."""
    rows = max(pane.rows - len(prompt.shown), 0) + 1
    room = (pane.columns - _MARGIN) * rows * 3 // 4
    return cut(visible(" ".join(message.split()), LONGEST_WORDS), min(room, LONGEST_WORDS))


async def refuse(
    control: Asker, aim: Aim[Prompt], message: str, amendment: AmendmentReader, care: Care = CARE
) -> Pressed:
    """Deny the prompt and tell the model why.

    As of `Presser.press`: CHANGED, REFUSED and GONE: no key has been sent. STAYS and UNSURE: some
    were, and what they did was not seen; the prompt may stand with `No` chosen or words behind it.
    Nobody else may press keys in the pane meanwhile.
    """
    words = words_for(message, aim.pane, aim.prompt)
    if not can_refuse(aim.prompt) or not words:
        return Pressed.REFUSED
    refusal = _Refusal(control, aim, amendment, care)
    try:
        await refusal.go_to_no()
        await refusal.open_field()
        await refusal.type(words)
        return await refusal.confirm(words)
    except _Stopped as stopped:
        return refusal.outcome(stopped.why)


async def deny(control: Asker, sight: Sight, prompt: Prompt, read: Reader, message: str) -> Pressed:
    """Deny the prompt that `read` has found in the sight, with words where its dialog takes them.

    For dialogs that look as Claude Code's. One without a field gets the key of `No` alone.
    """
    aim = aim_at(sight, prompt, read)
    if can_refuse(prompt) and words_for(message, sight.pane, prompt):
        return await refuse(control, aim, message, read_amendment)
    key = key_for(prompt, Decision.DENY)
    return await Presser(control).press(aim, key) if key else Pressed.REFUSED


class _Stopped(Exception):
    """A step could not be made, or was not seen to have worked."""

    def __init__(self, why: Pressed) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class _Stand:
    """A permission whatever is chosen in it; what is chosen."""

    prompt: Prompt
    chosen: int


class _Refusal:
    def __init__(
        self, control: Asker, aim: Aim[Prompt], amendment: AmendmentReader, care: Care
    ) -> None:
        self._control, self._aim, self._care = control, aim, care
        self._amendment = amendment
        self._at = aim.prompt
        self._field: Amendment | None = None
        self._has_sent = False

    def outcome(self, why: Pressed) -> Pressed:
        """What came of it, where it was stopped."""
        says_none = why in (Pressed.CHANGED, Pressed.REFUSED, Pressed.GONE)
        return Pressed.UNSURE if says_none and self._has_sent else why

    async def go_to_no(self) -> None:
        """Choose `No`, the last option, from the first one: that takes one key."""
        before = _stand(self._at)
        last = self._at.options[-1].number
        if before.chosen == last:
            return
        if before.chosen != self._at.options[0].number:
            raise _Stopped(Pressed.REFUSED)

        def moved(screen: str) -> Prompt | None:
            prompt = self._aim.read(screen)
            is_there = prompt is not None and _stand(prompt) == replace(before, chosen=last)
            return prompt if is_there else None

        key = f"send-keys -t {self._aim.pane.pane_id} Up"
        self._at = await self._step(self._plainly(), key, moved)

    async def open_field(self) -> None:
        """Open the field for words."""
        key = f"send-keys -t {self._aim.pane.pane_id} Tab"
        self._field = await self._step(self._plainly(), key, lambda screen: self._typed(screen, ""))

    async def type(self, words: str) -> None:
        """Put the words into it."""
        buffer = f"ccpar-{secrets.token_hex(8)}"
        try:
            await self._control.ask(("set-buffer", "-b", buffer, "--", words))
        except CcparError:
            raise _Stopped(Pressed.REFUSED) from None
        try:
            paste = f"paste-buffer -p -b {buffer} -t {self._aim.pane.pane_id}"
            self._field = await self._step(
                self._amended(), paste, lambda screen: self._typed(screen, words)
            )
        finally:
            with contextlib.suppress(CcparError):
                await self._control.ask(("delete-buffer", "-b", buffer))

    async def confirm(self, words: str) -> Pressed:
        """Answer the prompt."""

        def gone(screen: str) -> bool | None:
            return True if self._typed(screen, words) is None else None

        key = f"send-keys -t {self._aim.pane.pane_id} Enter"
        await self._step(self._amended(), key, gone)
        return Pressed.ANSWERED

    def _typed(self, screen: str, words: str) -> Amendment | None:
        """The field at our prompt, if it holds just these words."""
        found = self._amendment(screen, self._aim.pane.columns)
        if found is None or found.prompt != self._at or _bare(found.words) != _bare(words):
            return None
        return found

    def _plainly(self) -> Aim[Prompt]:
        return replace(self._aim, prompt=self._at, lines=self._at.shown)

    def _amended(self) -> Aim[Amendment]:
        columns = self._aim.pane.columns
        read = self._amendment
        field = self._field
        assert field is not None
        return Aim(self._aim.pane, lambda screen: read(screen, columns), field, field.shown)

    async def _step(self, aim: Aim[P], action: str, then: Callable[[str], T | None]) -> T:
        """Do it where the prompt stands as it should; what is seen of its effect."""
        await self._act(aim, action)
        deadline_s = time.monotonic() + self._care.gone_s
        while time.monotonic() < deadline_s:
            try:
                (seen,) = await captures(self._control, [aim.pane.pane_id])
            except CcparError:
                raise _Stopped(Pressed.UNSURE) from None
            if seen is None:
                raise _Stopped(Pressed.UNSURE)
            if (found := then(seen[0])) is not None:
                return found
            await asyncio.sleep(_LOOK_AGAIN_S)
        raise _Stopped(Pressed.STAYS)

    async def _act(self, aim: Aim[P], action: str) -> None:
        try:
            plain = await unchanged(self._control, aim, self._care)
        except CcparError as error:
            gone = isinstance(error, NotFound)
            raise _Stopped(Pressed.GONE if gone else Pressed.REFUSED) from None
        if isinstance(plain, Pressed):
            raise _Stopped(plain)
        guard = guard_for(aim.pane, plain, aim.lines)
        if guard is None:
            raise _Stopped(Pressed.REFUSED)
        try:
            was_done = await guarded(self._control, aim.pane.pane_id, guard, action)
        except CcparError:
            raise _Stopped(Pressed.UNSURE) from None
        if not was_done:
            raise _Stopped(Pressed.REFUSED)
        self._has_sent = True


def _stand(prompt: Prompt) -> _Stand:
    options = tuple(replace(option, chosen=False) for option in prompt.options)
    shown = tuple(_CHOSEN.sub(r"\1  \2", line) for line in prompt.shown)
    chosen = next((option.number for option in prompt.options if option.chosen), 0)
    return _Stand(replace(prompt, options=options, shown=shown), chosen)


def _bare(words: str) -> str:
    """Without the blanks, at which rows are broken, and what the program may leave out."""
    return "".join(char for char in words if char.isprintable() and not char.isspace())
