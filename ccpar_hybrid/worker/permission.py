"""What the agent asks leave for: its hook is held open here while the approver decides.

The agent's own dialog stands meanwhile, and a person may answer that. Without an approver, or
when it dies, nothing else happens than that: the request is passed on again until it is answered,
or its dialog is seen to be gone. So nothing is answered twice, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from ccpar_hybrid.agents.base import Agent, Sign, ToolCall
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.wire import Message

AGAIN_S = 0.5
"""Between two tries to reach an approver."""
_TELL_S = 120.0
_ANSWER_S = 5.0
_AT_ONCE_S = 1.0
"""An answer within so long is no wait that anybody needs to hear of."""
_SETTLED_S = 2.0
"""A dialog is drawn within so long after its hook."""
_REMEMBERED = 32


@dataclass(frozen=True)
class Reply:
    """What the approver said in the end."""

    decision: Decision
    message: str = ""


LEFT = Reply(Decision.ASK)
"""Nothing: the dialog is left to who sits before it."""


@dataclass
class _Asked:
    """One request whose hook waits. `over`: it is left to the pane."""

    message: Message
    call: ToolCall
    since: float
    on_wait: Callable[[], None]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    is_withdrawn: bool = False
    is_waited_for: bool = False

    def wait(self) -> None:
        """No answer is there at once: from now on it counts as waited for."""
        if not self.is_waited_for:
            self.is_waited_for = True
            self.on_wait()


class Permissions:
    """The requests of one worker's agent, from their hooks to their answers."""

    def __init__(self, path: str) -> None:
        """`path`: the approver's socket."""
        self._path = path
        self._open: dict[str, _Asked] = {}
        self._left: dict[str, _Asked] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def is_asking(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self._open)

    def begin(
        self, call: ToolCall, facts: Mapping[str, object], on_wait: Callable[[], None]
    ) -> Held:
        """Take in a request; `facts` say whose it is. Ask for its answer, and close it.

        `on_wait` is called once it is seen that the answer is not there at once.
        """
        message: Message = {
            "type": wire.REQUEST,
            "id": os.urandom(16).hex(),
            **facts,
            "tool": call.tool,
            "input": call.input,
            "cwd": call.directory,
        }
        asked = _Asked(message, call, time.monotonic(), on_wait)
        self._open[message["id"]] = asked
        return Held(self, asked)

    # --- what is seen of the agent

    @property
    def is_watching(self) -> bool:
        """Whether `see_done` and `see_turn` have anything to do."""
        return bool(self._open or self._left)

    def see_done(self, call: ToolCall) -> None:
        """The call was carried out; where nobody else has answered it, a person has allowed it."""
        for place in (self._open, self._left):
            for asked in list(place.values()):
                if (asked.call.tool, asked.call.input) == (call.tool, call.input):
                    self._leave(asked, Decision.ALLOW)
                    return

    def see_turn(self, sign: Sign) -> None:
        """A turn has ended, with nothing in the background, or has begun."""
        if sign not in (Sign.TURN_ENDED, Sign.TURN_FAILED, Sign.PROMPT):
            return
        for asked in list(self._open.values()):
            self._leave(asked)
        if sign is Sign.PROMPT:  # a person speaks: what was not carried out by now was refused
            for asked in list(self._left.values()):
                self._leave(asked, Decision.DENY)

    def see_work(self) -> None:
        """The screen shows no dialog, and that the agent works."""
        now = time.monotonic()
        for asked in list(self._open.values()):
            if now - asked.since > _SETTLED_S:
                self._leave(asked)

    def drop(self) -> None:
        """The agent is ended: its dialogs are gone with it."""
        for asked in list(self._open.values()):
            asked.over.set()
        self._left.clear()

    def _leave(self, asked: _Asked, decision: Decision | None = None) -> None:
        """It was answered in the pane."""
        asked.over.set()
        self._withdraw(asked, by_hand=True, decision=decision)

    def _withdraw(self, asked: _Asked, *, by_hand: bool, decision: Decision | None = None) -> None:
        request_id = asked.message["id"]
        self._open.pop(request_id, None)
        if decision is None:
            self._left[request_id] = asked
            while len(self._left) > _REMEMBERED:
                del self._left[next(iter(self._left))]
        else:
            self._left.pop(request_id, None)
        asked.is_withdrawn = True
        self._tell(
            {
                "type": wire.WITHDRAWN,
                "id": request_id,
                "by_hand": by_hand,
                "decision": decision.value if decision else None,
            }
        )

    def _tell(self, message: Message) -> None:
        task = asyncio.get_running_loop().create_task(self._told(message))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self, message: Message) -> None:
        """Tried for some time: an approver that has died is started again."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TELL_S):
                while True:
                    if await self._is_told(message):
                        return
                    await asyncio.sleep(AGAIN_S)

    async def _is_told(self, message: Message) -> bool:
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(_ANSWER_S), _talk(self._path) as (reader, writer):
                writer.write(wire.encode(message))
                return bool(await reader.readline())
        return False

    # --- one request

    async def answer(self, asked: _Asked) -> Reply:
        """The approver's answer, however long it takes; LEFT once it is left to the pane."""
        asking = asyncio.ensure_future(self._ask_until_answered(asked))
        leaving = asyncio.ensure_future(asked.over.wait())
        try:
            parts = {asking, leaving}
            soon, _ = await asyncio.wait(
                parts, return_when=asyncio.FIRST_COMPLETED, timeout=_AT_ONCE_S
            )
            if not soon:
                asked.wait()
                await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() and not asked.over.is_set() else LEFT
        finally:
            asking.cancel()
            leaving.cancel()

    async def _ask_until_answered(self, asked: _Asked) -> Reply:
        while True:
            with contextlib.suppress(OSError, wire.WireError, ValueError):
                reply = await self._ask(asked)
                if reply is not None:
                    return reply
            asked.wait()
            await asyncio.sleep(AGAIN_S)

    async def _ask(self, asked: _Asked) -> Reply | None:
        """None where the approver has gone without an answer."""
        message = asked.message
        async with _talk(self._path) as (reader, writer):
            writer.write(wire.encode(message))
            while line := await reader.readline():
                said = wire.decode(line)
                if said["type"] == wire.ERROR:
                    asked.wait()
                    return LEFT
                if said["type"] == wire.ANSWER and said.get("id") == message["id"]:
                    reply = Reply(Decision(str(said.get("decision"))), str(said.get("message", "")))
                    if reply.decision is not Decision.ASK:
                        return reply
                    asked.wait()
        return None

    async def close(self, asked: _Asked, *, delivered: bool) -> None:
        """The hook has its answer, or has gone without one."""
        self._open.pop(asked.message["id"], None)
        reach("permission.answered")
        if delivered:
            self._tell({"type": wire.DELIVERED, "id": asked.message["id"]})
        elif not asked.is_withdrawn:
            self._withdraw(asked, by_hand=False)


class Asking:
    """One hook that waits, with its answer in the agent's words; a Pending of the worker's door."""

    def __init__(self, held: Held, agent: Agent, tell: Callable[[Reply], None]) -> None:
        """`tell` hears of a decision that goes to the agent."""
        self._held = held
        self._agent = agent
        self._tell = tell
        self._reply = LEFT

    async def answer(self) -> Message:
        """What the hook is to print."""
        self._reply = await self._held.answer()
        if self._reply.decision is not Decision.ASK:
            self._tell(self._reply)
        output = self._agent.leave(self._reply.decision, self._reply.message)
        return {"type": wire.HOOK_REPLY, "output": output}

    async def close(self, *, delivered: bool) -> None:
        """What is left to the pane is not answered."""
        was_answered = delivered and self._reply.decision is not Decision.ASK
        await self._held.close(delivered=was_answered)


@dataclass(frozen=True)
class Held:
    """One request that waits for the approver."""

    permissions: Permissions
    asked: _Asked

    @property
    def id(self) -> str:
        """The request's."""
        return str(self.asked.message["id"])

    async def answer(self) -> Reply:
        """Takes as long as it takes."""
        return await self.permissions.answer(self.asked)

    async def close(self, *, delivered: bool) -> None:
        """Call it once, with whether a decision reached the hook."""
        await self.permissions.close(self.asked, delivered=delivered)


@contextlib.asynccontextmanager
async def _talk(path: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_unix_connection(path, limit=wire.MAX_LINE)
    try:
        yield reader, writer
    finally:
        writer.close()
