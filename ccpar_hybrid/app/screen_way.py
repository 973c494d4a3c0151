"""Answers dialogs by what the panes show and with keys: those without a hook, or all of them.

Each dialog becomes one request in the ledger before a key is pressed for it. One that an approver
before has noted is taken up where it was left.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from ccpar_hybrid.agents.base import Agent, ToolCall
from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from ccpar_hybrid.app.approval_desk import Decide, Desk, now
from ccpar_hybrid.app.pane_owner import Owner, owner_of
from ccpar_hybrid.app.screen_answer import LATER_S, Answerer, Case
from ccpar_hybrid.app.screen_case import (
    is_same,
    is_same_call,
    is_touched,
    reading_of,
    request_of,
    tempered,
    text_of,
)
from ccpar_hybrid.app.screen_past import Past
from ccpar_hybrid.app.screen_witness import Seen, Witness
from ccpar_hybrid.approval.reply import PATTERN, Reader
from ccpar_hybrid.approval.watch import Sight, Watch, captures, keep_looking
from ccpar_hybrid.core.decision import Approval, Decision, End, Request, Way
from ccpar_hybrid.core.errors import CcparError, Refused
from ccpar_hybrid.core.settings import Via
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.tmux.control import Control

LOOK_S, CALM_LOOK_S = 0.1, 0.25
"""Between two looks where all goes by screen, and where only what has no hook does."""
STANDS_S = 3.0
"""A dialog that has a hook is drawn a moment before its request comes; one that stands so long
has none."""
_GONE_LOOKS = 2
"""So many looks in a row have to miss a dialog: between two pictures it may be half there."""
_HOOK_S = 1.0


@dataclass(frozen=True)
class Place:
    """The tmux server that plain `tmux` reaches, with a session of ours, and whose panes it has."""

    session: str
    environment: Mapping[str, str]
    paths: Paths
    ledger: Ledger
    agents: Mapping[str, Agent]


class ScreenWay:
    """One instance's panes on one tmux server."""

    def __init__(
        self,
        place: Place,
        desk: Desk,
        decide: Decide,
    ) -> None:
        """`decide` is how a decision on a request of ours is made known."""
        self._place = place
        self._desk = desk
        self._via = desk.settings.via
        self._decide = decide
        self._control = Control(place.session, place.environment)
        self._answerer = Answerer(self._control, desk)
        self._cases: dict[str, Case] = {}
        self._texts: dict[str, str] = {}
        self._sent: dict[str, Prompt] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._witness = Witness(self._control, desk.book, place.agents)
        self._past = Past(desk, place.paths, place.ledger, self._control, place.agents.values())
        self._is_blind = False

    async def run(self) -> None:
        """Look at the panes until cancelled."""
        await self._past.load()
        async with self._control:
            watch = Watch(self._control, self._place.paths.instance, PATTERN)
            try:
                look_s = LOOK_S if self._via is Via.SCREEN else CALM_LOOK_S
                await keep_looking(watch, look_s, self._saw, self._saw_nothing)
            finally:
                for task in self._busy.values():
                    task.cancel()
                await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _saw_nothing(self, error: CcparError) -> None:
        if not self._is_blind:
            self._is_blind = True
            self._desk.say(f"no pane can be looked at: {error.message}")

    # --- one look

    async def _saw(self, sights: list[Sight]) -> None:
        self._is_blind = False
        there = {sight.pane.pane_id for sight in sights}
        for pane_id in {*self._cases, *self._sent, *self._texts} - there - self._busy.keys():
            self._miss(pane_id)
        for sight in sights:
            if sight.pane.pane_id not in self._busy and self._is_due(sight):
                self._start(sight)
        await self._guarded(self._past.go_on(self._cases.keys() | self._texts, self._busy.keys()))

    def _is_due(self, sight: Sight) -> bool:
        """Whether there is anything new in this pane, or to be done."""
        case = self._cases.get(sight.pane.pane_id)
        if case is None:
            return self._texts.get(sight.pane.pane_id) != sight.screen
        case.missed = 0
        is_new = case.screen != sight.screen or case.sight.pane != sight.pane
        return is_new or case.sight.in_mode != sight.in_mode or time.monotonic() >= case.due_s

    def _start(self, sight: Sight) -> None:
        pane_id = sight.pane.pane_id
        task = asyncio.get_running_loop().create_task(self._attend(sight))
        self._busy[pane_id] = task
        task.add_done_callback(lambda _: self._busy.pop(pane_id, None))

    def _miss(self, pane_id: str) -> None:
        """The pane shows no dialog."""
        self._sent.pop(pane_id, None)
        self._texts.pop(pane_id, None)
        case = self._cases.get(pane_id)
        if case is not None:
            case.missed += 1
            if case.missed >= _GONE_LOOKS:
                self._drop(pane_id)

    def _drop(self, pane_id: str) -> None:
        """The dialog is over, or another one is there."""
        case = self._cases.pop(pane_id, None)
        if case is not None and case.approval is not None:
            self._past.add(case.approval)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """What fails in here is said, and answers nothing."""
        try:
            await work
        except Refused:
            pass  # said, and left to a person
        except CcparError as error:
            self._desk.say(f"by screen: {error.message}")
        except Exception as error:  # a bug in here must not end what goes by hook
            self._desk.say(f"by screen: {type(error).__name__}: {error}")

    # --- one pane

    async def _attend(self, sight: Sight) -> None:
        async with self._lock(sight.pane.pane_id):
            await self._guarded(self._mind(sight))

    def _lock(self, pane_id: str) -> asyncio.Lock:
        return self._locks.setdefault(pane_id, asyncio.Lock())

    async def _mind(self, sight: Sight) -> None:
        case = await self._case(sight)
        if case is None:
            return
        case.due_s = time.monotonic() + LATER_S  # if anything fails
        if case.approval is None and not await self._note(case):
            return
        approval = case.approval
        assert approval is not None
        if approval.answer is None and await self._comes_by_hook(case.owner):
            case.approval, case.since_s = None, time.monotonic()  # its hook was slow
            await self._desk.end(approval.id, End.GONE)
        elif approval.answer is None:
            self._desk.await_deadline(approval, self._decide)
        elif approval.end is None:
            await self._answer(case, approval)

    async def _case(self, sight: Sight) -> Case | None:
        """The dialog that can be read in the pane now; None where there is none of ours."""
        pane_id = sight.pane.pane_id
        before = self._cases.get(pane_id)
        prompt = self._prompt(sight, before)
        if prompt is None or prompt.kind is PromptKind.LIMIT:  # that is its worker's
            self._miss(pane_id)
            self._texts[pane_id] = sight.screen
            return None
        owner, checked_s = await self._owner(sight, before)
        if owner is None:
            self._drop(pane_id)
            return None
        if before is None and not self._is_its_own(prompt, sight, owner):
            self._texts[pane_id] = sight.screen
            return None
        if before is not None and before.owner.is_same_attempt(owner):
            resized = before.sight.pane != sight.pane
            before.screen, before.missed = sight.screen, 0
            if is_same(before.prompt, prompt, resized=resized):
                before.sight, before.prompt, before.is_covered = sight, prompt, False
                before.owner, before.checked_s = owner, checked_s
                return before
            if not prompt.whole and is_touched(before.prompt, sight.plain):
                before.is_covered, before.due_s = True, time.monotonic() + LATER_S
                return None
        self._drop(pane_id)
        return await self._new_case(sight, prompt, owner, checked_s)

    async def _new_case(self, sight: Sight, prompt: Prompt, owner: Owner, checked_s: float) -> Case:
        pane_id = sight.pane.pane_id
        read = self._place.agents[owner.agent].read_prompt
        case = Case(sight, prompt, owner, read, checked_s, time.monotonic(), sight.screen)
        sent = self._sent.get(pane_id)
        case.owes_proof = sent is not None and (not prompt.whole or is_same_call(sent, prompt))
        if not case.owes_proof:
            self._sent.pop(pane_id, None)
        self._texts.pop(pane_id, None)
        self._cases[pane_id] = case
        case.owes_proof |= self._past.has_key_for(owner)
        case.approval = await self._past.take_up(owner, prompt)
        return case

    def _prompt(self, sight: Sight, before: Case | None) -> Prompt | None:
        columns = sight.pane.columns
        reads: list[Reader]
        if before is None:
            reads = [agent.read_prompt for agent in self._place.agents.values()]
        elif before.screen == sight.screen and before.sight.pane == sight.pane:
            if not before.is_covered:
                return before.prompt
            reads = [before.read]
        else:
            reads = [before.read]
        found = (read(sight.screen, columns) for read in reads)
        return next((each for each in found if each is not None), None)

    def _is_its_own(self, prompt: Prompt, sight: Sight, owner: Owner) -> bool:
        """Whether this agent's dialogs look so; a command may print what looks like another's."""
        read = self._place.agents[owner.agent].read_prompt
        return read(sight.screen, sight.pane.columns) == prompt

    async def _owner(self, sight: Sight, before: Case | None) -> tuple[Owner | None, float]:
        now_s = time.monotonic()
        if before is not None and now_s - before.checked_s < LATER_S:
            return before.owner, before.checked_s
        return await self._owner_now(sight), now_s

    async def _owner_now(self, sight: Sight) -> Owner | None:
        place = self._place
        owner = await asyncio.to_thread(owner_of, place.paths, place.ledger, sight)
        return owner if owner is not None and owner.agent in place.agents else None

    # --- noting

    async def _note(self, case: Case) -> bool:
        """Note the request, once it is ours to note."""
        left_s = case.since_s + self._patience_s(case.prompt) - time.monotonic()
        if left_s > 0:
            case.due_s = time.monotonic() + left_s
            return False
        book, owner = self._desk.book, case.owner
        if by_hook := await self._comes_by_hook(owner):
            case.due_s = time.monotonic() + _HOOK_S
            for each in by_hook:
                if each.request.screen is None and self._is_about(case, each):
                    screen = text_of(case.sight.plain)
                    await asyncio.to_thread(book.keep_screen, each.id, screen)
            return False
        if await self._answerer.freshen(case) or not await self._still_shows(case):
            case.due_s = 0.0
            return False
        newest = await asyncio.to_thread(book.newest, owner.key, owner.attempt)
        told = newest if newest is not None and self._was_told(case, newest) else None
        reading = reading_of(case.prompt, owner.directory, told)
        case.approval = await self._desk.take(
            request_of(owner, reading, case.sight.plain, now()),
            reading.input,
            lambda ruling: tempered(ruling, reading, self._via),
            is_seen=not (reading.is_exact or reading.is_told),
        )
        reach("screen.noted")
        return True

    def _patience_s(self, prompt: Prompt) -> float:
        """How long it has to stand: a hook may come, or the picture be finished."""
        if prompt.kind is PromptKind.TRUST and prompt.whole:
            return 0.0
        is_read = prompt.kind is PromptKind.PERMISSION and prompt.whole
        return 0.0 if is_read and self._via is Via.SCREEN else STANDS_S

    async def _still_shows(self, case: Case) -> bool:
        """A picture may be half drawn at the first look."""
        (seen,) = await captures(self._control, [case.owner.pane_id])
        prompt = case.read(seen[0], case.sight.pane.columns) if seen is not None else None
        return prompt is not None and is_same(prompt, case.prompt)

    async def _comes_by_hook(self, owner: Owner) -> list[Approval]:
        """The attempt's requests whose hooks wait: one of them is about its dialog."""
        standing = await asyncio.to_thread(self._desk.book.standing)
        theirs = (owner.key, owner.attempt, Way.HOOK)
        asked = ((each, each.request) for each in standing)
        return [each for each, it in asked if (it.key, it.attempt, it.way) == theirs]

    def _was_told(self, case: Case, asked: Approval) -> bool:
        """Whether the dialog is that of a request whose hook has died over it."""
        by_hook = asked.request.way is Way.HOOK and asked.end is End.GONE
        return by_hook and self._is_about(case, asked)

    def _is_about(self, case: Case, asked: Approval) -> bool:
        request = asked.request
        call = ToolCall(request.tool, request.input, request.folder or request.directory)
        agent = self._place.agents[case.owner.agent]
        return case.prompt.whole and agent.agrees(case.prompt, call) is True

    async def witness(self, request: Request, given: Mapping[str, Any]) -> Seen:
        """What the pane shows while this request comes by hook."""
        return await self._witness.look(request, given)

    # --- answering

    async def _answer(self, case: Case, approval: Approval, *, is_last: bool = False) -> None:
        """Raises Refused where it is left to a person."""
        owner = await self._owner_now(case.sight)
        pane_id = case.owner.pane_id
        if owner is None or not owner.is_same_attempt(case.owner):
            self._drop(pane_id)
            raise Refused("its agent is not there any more")
        case.owner = owner
        if await self._answerer.answer(case, approval, is_last=is_last):
            self._cases.pop(pane_id, None)
            self._texts.pop(pane_id, None)
            self._sent[pane_id] = case.prompt

    def check(self, approval: Approval, decision: Decision) -> None:
        """Raise Refused where the dialog does not stand, or no key says this surely."""
        request = approval.request
        case = self._of(approval)
        if case is None or case.missed:
            hint = f"look at the pane of {request.worker} ({request.pane})"
            raise Refused("its dialog is not seen in the pane any more", hint)
        self._answerer.check(case, decision)

    async def answer(self, approval: Approval) -> None:
        """Press the key that says what was decided; raises Refused where it did not help."""
        case = self._of(approval)
        if case is None:
            return  # it is taken up once its dialog is seen
        async with self._lock(case.owner.pane_id):
            case.approval = approval
            await self._answer(case, approval, is_last=True)

    def _of(self, approval: Approval) -> Case | None:
        cases = self._cases.values()
        return next((each for each in cases if _id_of(each) == approval.id), None)

    async def close(self, request_id: str) -> None:
        """Note what became of a request whose attempt has ended, or whose dialog has gone."""
        await self._past.close(request_id)


def _id_of(case: Case) -> str | None:
    return case.approval.id if case.approval is not None else None
