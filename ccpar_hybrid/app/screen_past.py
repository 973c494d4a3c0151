"""Requests by screen whose dialog is not seen any more, or was noted by an approver before.

A dialog may come back: somebody looked at something else in its pane, or it was half drawn. It may
have been answered, with a key of ours or by a person; or its agent was ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Set

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.approval_desk import Desk, now
from ccpar_hybrid.app.pane_owner import Owner
from ccpar_hybrid.app.screen_case import is_of
from ccpar_hybrid.approval.redraw import mend
from ccpar_hybrid.approval.watch import Asker, captures, state_of
from ccpar_hybrid.core.decision import Approval, End, Way
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.system.paths import Paths

CLOSE_S = 3.0
"""Until it shows whether a dialog was answered, or went with its agent."""


class Past:
    """What was noted and is not surely there."""

    def __init__(
        self, desk: Desk, paths: Paths, ledger: Ledger, control: Asker, agents: Iterable[Agent]
    ) -> None:
        self._desk = desk
        self._book = desk.book
        self._paths = paths
        self._ledger = ledger
        self._control = control
        self._agents = tuple(agents)
        self._earlier: dict[str, Approval] = {}
        self._gone: dict[str, tuple[Approval, float]] = {}

    async def load(self) -> None:
        """Find what an approver before has left, and a terminal that it was having drawn anew."""
        standing = await asyncio.to_thread(self._book.standing)
        self._earlier = {each.id: each for each in standing if each.request.way is Way.SCREEN}
        for pane_id in {each.request.pane for each in self._earlier.values()}:
            with contextlib.suppress(CcparError):
                if (pane := await state_of(self._control, pane_id)) is not None:
                    await mend(self._control, pane)

    def add(self, approval: Approval) -> None:
        """Its dialog is not seen any more."""
        self._gone[approval.id] = (approval, time.monotonic())

    def has_key_for(self, owner: Owner) -> bool:
        """Whether an approver before may have sent a key there that was not read yet."""
        earlier = ((each, each.request) for each in self._earlier.values())
        theirs = (owner.key, owner.attempt, owner.pane_id)
        return any(
            each.key_at is not None and (it.key, it.attempt, it.pane) == theirs
            for each, it in earlier
        )

    async def take_up(self, owner: Owner, prompt: Prompt) -> Approval | None:
        """The request that was noted of the prompt, if it has not ended."""
        gone = [approval for approval, _ in self._gone.values()]
        for approval in [*self._earlier.values(), *gone]:
            request = approval.request
            theirs = (request.key, request.attempt, request.pane)
            if theirs != (owner.key, owner.attempt, owner.pane_id) or not is_of(request, prompt):
                continue
            found = await asyncio.to_thread(self._book.find, approval.id)
            if found is not None and found.end is None:
                self._forget(approval.id)
                return found
        return None

    def _forget(self, request_id: str) -> None:
        self._earlier.pop(request_id, None)
        self._gone.pop(request_id, None)

    async def go_on(self, known: Set[str], busy: Set[str]) -> None:
        """Close what is over. `known` are the panes whose screens were read, `busy` those in which
        something is under way."""
        now_s = time.monotonic()
        for approval, since_s in list(self._gone.values()):
            if now_s - since_s > CLOSE_S:
                await self.close(approval.id)
        for approval in list(self._earlier.values()):
            if approval.request.pane not in busy:
                await self._look_for(approval, known)

    async def _look_for(self, approval: Approval, known: Set[str]) -> None:
        pane_id = approval.request.pane
        (seen,) = await captures(self._control, [pane_id])
        asks = seen is not None and any(each.read_prompt(seen[0], 0) for each in self._agents)
        if asks and pane_id not in known:
            return  # it is about to be read
        self._earlier.pop(approval.id, None)
        if seen is not None:  # else it is swept up when its attempt is seen to have ended
            self.add(approval)

    async def close(self, request_id: str) -> None:
        """Note what became of it: it was answered by whom, or is gone with its agent."""
        self._forget(request_id)
        self._desk.forget_deadline(request_id)
        found = await asyncio.to_thread(self._book.find, request_id)
        if found is None or found.end is not None:
            return
        if not await asyncio.to_thread(self._has_gone_on, found):
            await self._desk.end(request_id, End.GONE)
        elif found.answer is not None and found.key_at is not None:
            await self._desk.end(request_id, End.ANSWERED)
        else:
            await asyncio.to_thread(self._book.end_by_hand, request_id, None, now())

    def _has_gone_on(self, approval: Approval) -> bool:
        """Whether its agent has had an answer: it works, or it came to a good end."""
        key, number = approval.request.key, approval.request.attempt
        attempts = self._ledger.attempts(key)
        its = next((each for each in attempts if each.number == number), None)
        if its is not None and its.outcome is not None:
            return its.outcome.result is Result.SUCCEEDED
        workers = worker_client.statuses(self._paths).values()
        return any((each.key, each.attempt) == (key, number) for each in workers)
