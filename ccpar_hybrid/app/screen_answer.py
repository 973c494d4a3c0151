"""Says a decision by key: only where it is sure that the key meets the dialog that was decided on.

That a key is about to go out is noted before it does. So whoever comes after a sudden end knows
whether a dialog that still stands may have been answered.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from ccpar_hybrid.app.approval_desk import Desk, asked_instead, now
from ccpar_hybrid.app.pane_owner import Owner
from ccpar_hybrid.approval.keys import Pressed, Presser
from ccpar_hybrid.approval.redraw import redraw
from ccpar_hybrid.approval.refuse import can_refuse, deny
from ccpar_hybrid.approval.reply import Reader, aim_at, key_for
from ccpar_hybrid.approval.watch import Asker, Sight
from ccpar_hybrid.core.decision import Approval, By, Decision, End
from ccpar_hybrid.core.errors import Refused
from ccpar_hybrid.system.fault import reach

HANDS = 2
"""So many keys are prepared at once: the looks before a key have to be close to each other."""
AGAIN_S = 0.3
MOST_TRIES = 5
LATER_S = 5.0
"""Until a dialog that is left to a person is looked after again, if nothing changes."""
_FRESH_S = 2.0
"""How long it is waited for that a dialog can be read after all."""


@dataclass
class Case:
    """A dialog that stands in a pane.

    `sight` is the last in which `prompt` was read, `screen` what the pane showed last;
    `is_covered`: the prompt cannot be read in that. `due_s`: when there is something to do without
    news. `owes_proof`: a key was sent at a dialog like this one, and may not have been read.
    `is_fresh`: all of it has been drawn anew once.
    """

    sight: Sight
    prompt: Prompt
    owner: Owner
    read: Reader
    checked_s: float
    since_s: float
    screen: str
    is_covered: bool = False
    due_s: float = 0.0
    missed: int = 0
    tries: int = 0
    approval: Approval | None = None
    owes_proof: bool = False
    is_fresh: bool = False


class Answerer:
    """Presses keys in the panes of one tmux server."""

    def __init__(self, control: Asker, desk: Desk) -> None:
        self._control = control
        self._presser = Presser(control)
        self._hands = asyncio.Semaphore(HANDS)
        self._desk = desk
        self._book = desk.book

    def check(self, case: Case, decision: Decision) -> None:
        """Raise Refused where no key can say this surely."""
        hint = _hint(case)
        if case.is_covered:
            raise Refused("somebody is at its dialog", hint)
        if key_for(case.prompt, decision) is None:
            raise Refused(f"no key of its dialog surely says {decision}", hint)

    async def freshen(self, case: Case) -> bool:
        """Have one that cannot be read drawn anew, once: old text may stand in it.

        Whether that was done now; then it is looked at as one that has just come.
        """
        if case.is_fresh or case.prompt.kind is not PromptKind.UNKNOWN or case.sight.in_mode:
            return False
        case.is_fresh = True
        await redraw(self._control, case.sight.pane, case.read, _FRESH_S)
        case.since_s = time.monotonic()
        return True

    async def answer(self, case: Case, approval: Approval, *, is_last: bool = False) -> bool:
        """Whether the dialog is answered now.

        If not it is tried again later, or with `is_last` never; what cannot be said by key is
        left to a person, and then Refused is raised.
        """
        if case.is_covered or case.sight.in_mode or not case.owner.takes_keys:
            case.due_s = time.monotonic() + AGAIN_S
            if is_last:
                await self._leave(case, approval, "keys do not reach its dialog now")
            return False
        if self._needs_redraw(case, approval) and not await self._is_redrawn(case):
            why = "drawn anew, the screen does not show the same"
            await self._again(case, approval, why, is_last=is_last)
            return False
        async with self._hands:
            pressed = await self._press(case, approval)
        reach("screen.pressed")
        return await self._heed(case, approval, pressed, is_last=is_last)

    def _needs_redraw(self, case: Case, approval: Approval) -> bool:
        """Old text may stand in what was read, and a key may wait to be read."""
        answer = approval.answer
        by_rule = answer is not None and answer.by is By.POLICY
        allows = answer is not None and answer.decision is Decision.ALLOW
        is_exact = case.prompt.exact or case.prompt.kind is PromptKind.TRUST
        return case.owes_proof or (by_rule and allows and not is_exact)

    async def _is_redrawn(self, case: Case) -> bool:
        """Whether the same dialog stands there when all is drawn anew."""
        seen = await redraw(self._control, case.sight.pane, case.read)
        if seen is None or seen.shown != case.prompt.shown:
            return False
        case.owes_proof = False
        return True

    async def _press(self, case: Case, approval: Approval) -> Pressed:
        assert approval.answer is not None
        decision, said = approval.answer.decision or Decision.ASK, approval.answer.message
        key = key_for(case.prompt, decision)
        if key is None:
            await self._leave(case, approval, f"no key of its dialog surely says {decision}")
            return Pressed.REFUSED
        denies = decision is Decision.DENY
        if denies and approval.answer.by is not By.PERSON and not can_refuse(case.prompt):
            rule = f"the rule {approval.ruling.rule!r} denies it" if approval.ruling.rule else said
            await self._leave(case, approval, f"{rule}; its dialog takes no words with a no")
        await asyncio.to_thread(self._book.note_key, approval.id, now())
        reach("screen.intent")
        if denies:
            return await deny(self._control, case.sight, case.prompt, case.read, said)
        return await self._presser.press(
            aim_at(case.sight, case.prompt, _read_once(case.read)), key
        )

    async def _heed(
        self, case: Case, approval: Approval, pressed: Pressed, *, is_last: bool
    ) -> bool:
        match pressed:
            case Pressed.ANSWERED:
                await self._desk.end(approval.id, End.ANSWERED)
                return True
            case Pressed.STAYS | Pressed.UNSURE:
                case.owes_proof = True
                await self._leave(case, approval, "a key was sent, and the dialog stays")
            case Pressed.CHANGED | Pressed.REFUSED | Pressed.GONE:
                await asyncio.to_thread(self._book.note_key, approval.id, None)
                why = "its dialog does not stand still"
                await self._again(case, approval, why, is_last=is_last)
        return False

    async def _again(self, case: Case, approval: Approval, why: str, *, is_last: bool) -> None:
        """At another look; after some tries a person has to."""
        case.tries += 1
        case.due_s = time.monotonic() + AGAIN_S
        if is_last or case.tries >= MOST_TRIES:
            await self._leave(case, approval, why)

    async def _leave(self, case: Case, approval: Approval, why: str) -> None:
        """Take the decision back, so that a person is asked; raises Refused."""
        ruling = asked_instead(approval.ruling, why)
        await asyncio.to_thread(self._book.leave_to_pane, approval.id, ruling)
        case.approval = await asyncio.to_thread(self._book.find, approval.id)
        case.due_s = time.monotonic() + LATER_S
        self._desk.ask(f"ask    {approval.request.worker}  {approval.id[:8]}: {why}")
        raise Refused(why, _hint(case))


def _read_once(read: Reader) -> Reader:
    """The same, without reading the same screen again that it was asked of last."""
    before: list[tuple[str, int]] = []
    found: list[Prompt | None] = []

    def remembering(screen: str, columns: int) -> Prompt | None:
        if before != [(screen, columns)]:
            found[:] = [read(screen, columns)]
            before[:] = [(screen, columns)]
        return found[0]

    return remembering


def _hint(case: Case) -> str:
    return f"answer it in the pane of {case.owner.worker} ({case.owner.pane_id})"
