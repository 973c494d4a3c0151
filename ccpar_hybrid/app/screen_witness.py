"""What the pane shows while a request comes by hook: for the record, and whether it agrees.

The call is known from the hook, and the answer goes back through it. But where the pane surely
shows the dialog of another call, something is not as it should be, and a person has to look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccpar_hybrid.agents.base import Agent, ToolCall
from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.app.screen_case import text_of
from ccpar_hybrid.approval.watch import Asker, captures
from ccpar_hybrid.core.decision import Request, Way
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.ledger.approval import ApprovalBook

SETTLE_S = 1.5
"""The dialog before, which has been answered, may still be on the screen."""
_LOOK_AGAIN_S = 0.05


@dataclass(frozen=True)
class Seen:
    """`screen`: the pane's text; None where it shows no dialog. `is_other`: surely of another
    call, and of none that is still asked for."""

    screen: str | None = None
    is_other: bool = False


class Witness:
    """Looks at the panes of one tmux server."""

    def __init__(self, control: Asker, book: ApprovalBook, agents: Mapping[str, Agent]) -> None:
        self._control = control
        self._book = book
        self._agents = agents

    async def look(self, request: Request, given: Mapping[str, Any]) -> Seen:
        """What the request's pane shows of it; a screen that cannot be seen says nothing."""
        agent = self._agents.get(request.agent)
        if agent is None:
            return Seen()
        try:
            return await self._look(agent, request, _call(request, given))
        except CcparError:
            return Seen()

    async def _look(self, agent: Agent, request: Request, call: ToolCall) -> Seen:
        until_s = time.monotonic() + SETTLE_S
        while True:
            (seen,) = await captures(self._control, [request.pane])
            prompt = agent.read_prompt(seen[0], 0) if seen is not None else None
            if seen is None or prompt is None:
                return Seen()
            is_other = await self._is_other(agent, prompt, request, call)
            if not is_other or time.monotonic() >= until_s:
                return Seen(text_of(seen[1]), is_other)
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _is_other(
        self, agent: Agent, prompt: Prompt, request: Request, call: ToolCall
    ) -> bool:
        if agent.agrees(prompt, call) is not False:
            return False
        standing = await asyncio.to_thread(self._book.standing)
        asked = [each.request for each in standing if _is_beside(each.request, request)]
        return all(agent.agrees(prompt, _call(each, each.input)) is False for each in asked)


def _is_beside(one: Request, other: Request) -> bool:
    attempt = (other.key, other.attempt, Way.HOOK)
    return one.id != other.id and (one.key, one.attempt, one.way) == attempt


def _call(request: Request, given: Mapping[str, Any]) -> ToolCall:
    return ToolCall(request.tool, given, request.folder or request.directory)
