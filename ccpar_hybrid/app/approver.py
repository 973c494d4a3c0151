"""The approver: hears what agents ask leave for and what people decide, and tells workers.

Each request is noted with what the policy says before anybody is answered, and its end after. A
worker that asks again, because an approver has died, gets the same answer; so whoever dies at any
point, each request is answered once or by a person.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ccpar_hybrid.app.approval_desk import Decide, Desk, asked_instead, now
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.app.screen_witness import Seen
from ccpar_hybrid.core.decision import (
    Answer,
    Approval,
    By,
    Decision,
    End,
    Request,
    Ruling,
    Way,
    keepable,
)
from ccpar_hybrid.core.errors import BadInput, CcparError, NotFound, Refused
from ccpar_hybrid.core.settings import ApproverSettings, Via
from ccpar_hybrid.core.task import TaskKey, is_key
from ccpar_hybrid.ledger.approval import ApprovalBook
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.door import Listener, serve
from ccpar_hybrid.worker.wire import Message

SWEEP_S = 10.0
PANE_ONLY = ("AskUserQuestion", "ExitPlanMode")
"""Tools whose dialog is a question: a hook can allow it, but not say what is chosen."""

_OTHER = "the pane shows the dialog of another call"

Writers = dict[str, asyncio.StreamWriter]


class ByScreen(Protocol):
    """Who answers the dialogs of which no hook tells; `ScreenWay` is one."""

    async def run(self) -> None:
        """Look at the panes until cancelled."""

    async def witness(self, request: Request, given: Mapping[str, Any]) -> Seen:
        """What the pane shows while this request comes by hook."""

    def check(self, approval: Approval, decision: Decision) -> None:
        """Raise Refused where the dialog is not there any more, or has no key that says this."""

    async def close(self, request_id: str) -> None:
        """Note what became of a request whose attempt has ended, or whose dialog has gone."""

    async def answer(self, approval: Approval) -> None:
        """Press the key that says what was decided; raises Refused where it did not help."""


class Approver:
    """One instance's; `say` is told each decision in one line, `ring` calls a person."""

    def __init__(
        self,
        path: str,
        book: ApprovalBook,
        judge: Judge,
        settings: ApproverSettings,
        say: Callable[[str], None],
        screens: Callable[[Desk, Decide], ByScreen] | None = None,
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        """`screens` makes the one who answers by screen; None: nobody does."""
        self._path = Path(path)
        self._book = book
        self._via = settings.via
        self._say = say
        self._desk = Desk(book, judge, settings, say, ring)
        self._screen = screens(self._desk, self._settle) if screens else None
        self._waiting: Writers = {}

    async def serve(self, leave: asyncio.Event) -> None:
        """Answer until `leave` is set."""
        listener: Listener = await serve(self._path, self._meet)
        looking = asyncio.ensure_future(self._screen.run()) if self._screen else None
        try:
            while not leave.is_set():
                if looking is not None and looking.done():
                    looking.result()
                await self._sweep()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(leave.wait(), SWEEP_S)
        finally:
            listener.close()
            if looking is not None:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)

    async def _sweep(self) -> None:
        """Requests whose attempt has ended while nobody was here to note it."""
        try:
            for request_id in await asyncio.to_thread(self._book.left_behind):
                self._waiting.pop(request_id, None)
                if self._screen is not None:
                    await self._screen.close(request_id)
                else:
                    await self._desk.end(request_id, End.GONE)
        except CcparError as error:
            self._say(error.message)

    # --- talking

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a request holds it until its answer; others say one thing."""
        try:
            while line := await reader.readline():
                await self._send(writer, await self._reply(wire.decode(line), writer))
        except (OSError, ValueError, wire.WireError):
            pass
        finally:
            for request_id in [i for i, other in self._waiting.items() if other is writer]:
                del self._waiting[request_id]
            writer.close()

    async def _reply(self, message: Message, writer: asyncio.StreamWriter) -> Message:
        try:
            match message["type"]:
                case wire.REQUEST:
                    return await self._request(message, writer)
                case wire.WITHDRAWN:
                    await self._withdrawn(message)
                    return {"type": wire.OK}
                case wire.DELIVERED:
                    await self._desk.end(_id(message), End.ANSWERED)
                    return {"type": wire.OK}
                case wire.DECIDE:
                    return await self._decide(message)
                case wire.STATUS:
                    return {"type": wire.STATUS, "waiting": len(self._waiting)}
        except CcparError as error:
            return {"type": wire.ERROR, "reason": error.message, "hint": error.hint}
        return {"type": wire.ERROR, "reason": f"unknown request {message['type']!r}"}

    async def _send(self, writer: asyncio.StreamWriter, message: Message) -> None:
        writer.write(wire.encode(message))
        await writer.drain()

    # --- what agents ask

    async def _request(self, message: Message, writer: asyncio.StreamWriter) -> Message:
        if self._via is Via.SCREEN:  # its worker does not know yet, and leaves it to the pane
            raise Refused("requests are answered by screen (approver.via)")
        request, given = read_request(message)
        approval = await self._taken(request, given)
        reach("approver.noted")
        if approval.end is not None:
            raise Refused(f"{request.id} has ended")
        if approval.answer is not None:
            return _answer(request.id, approval.answer)
        self._waiting[request.id] = writer
        self._desk.await_deadline(approval, self._settle)
        return {"type": wire.ANSWER, "id": request.id, "decision": Decision.ASK.value}

    async def _taken(self, request: Request, given: Mapping[str, Any]) -> Approval:
        """The request as it was noted when it first came."""
        found = await asyncio.to_thread(self._book.find, request.id)
        if found is not None or self._screen is None:
            return found or await self._desk.take(request, given)
        seen = await self._screen.witness(request, given)
        request = request.model_copy(update={"screen": seen.screen})

        def tempered(ruling: Ruling) -> Ruling:
            is_allowed = ruling.decision is Decision.ALLOW
            return asked_instead(ruling, _OTHER) if is_allowed and seen.is_other else ruling

        return await self._desk.take(request, given, tempered)

    async def _withdrawn(self, message: Message) -> None:
        """The dialog is gone, or was answered in the pane."""
        request_id = _id(message)
        self._waiting.pop(request_id, None)
        if not message.get("by_hand"):
            await self._desk.end(request_id, End.GONE)
            return
        self._desk.forget_deadline(request_id)
        decision = Decision(message["decision"]) if message.get("decision") else None
        if not await asyncio.to_thread(self._book.is_answered_by_screen, request_id):
            await asyncio.to_thread(self._book.end_by_hand, request_id, decision, now())

    # --- what people decide

    async def _decide(self, message: Message) -> Message:
        """A person's decision; the agent is told it now, or when its worker asks again."""
        decision, said = Decision(message["decision"]), str(message.get("message", ""))
        approval = await asyncio.to_thread(self._book.find, _id(message))
        if approval is None:
            raise NotFound(f"there is no request {message['id']}", "see `approvals list`")
        if decision is Decision.ASK:
            raise BadInput("a person allows or denies", "accepted are allow and deny")
        if decision is Decision.ALLOW and approval.request.tool in PANE_ONLY:
            hint = f"answer it in the pane of {approval.request.worker}, or deny it"
            raise Refused("a question or a plan is not allowed but answered", hint)
        if approval.request.way is Way.SCREEN and approval.is_open:
            self._screen_check(approval, decision)
        if decision is Decision.DENY and not said:
            said = "A person has denied this."
        answer = Answer(decision=decision, by=By.PERSON, at=now(), message=said)
        if not await self._settle(approval.id, answer):
            raise Refused(f"request {approval.id[:8]} is answered already, or its dialog is gone")
        return {"type": wire.OK, "id": approval.id}

    def _screen_check(self, approval: Approval, decision: Decision) -> None:
        if self._screen is None:
            hint = f"answer it in the pane of {approval.request.worker}"
            raise Refused("dialogs are not answered by screen (approver.via)", hint)
        self._screen.check(approval, decision)

    async def _settle(self, request_id: str, answer: Answer) -> bool:
        """Note the decision, then tell it; False if there is one already.

        Raises Refused where it was to be told by key, and could not.
        """
        found = await self._desk.settle(request_id, answer)
        if found is None:
            return False
        if found.request.way is Way.SCREEN and self._screen is not None:
            await self._screen.answer(found)
        writer = self._waiting.pop(request_id, None)
        if writer is not None:
            with contextlib.suppress(OSError):  # its worker will ask again
                await self._send(writer, _answer(request_id, answer))
        return True


def read_request(message: Message) -> tuple[Request, dict[str, Any]]:
    """A worker's request, and its input as it came; raises BadInput."""
    given, key = message.get("input"), message.get("key")
    if not isinstance(given, dict) or not isinstance(key, str) or not is_key(key):
        raise BadInput("a request has a key and an input")
    try:
        plain = keepable(message)
        request = Request(
            id=plain["id"],
            asked_at=now(),
            key=TaskKey(key),
            attempt=plain["attempt"],
            session_id=plain.get("session"),
            agent=plain["agent"],
            group=plain["group"],
            worker=plain["worker"],
            pane=plain["pane"],
            way=Way.HOOK,
            tool=plain["tool"],
            input=keepable(given),
            directory=plain["directory"],
            folder=plain["cwd"],
        )
        return request, given
    except (KeyError, ValueError) as error:
        raise BadInput(f"the request cannot be read: {error}") from error


def _answer(request_id: str, answer: Answer) -> Message:
    decision = answer.decision or Decision.ASK
    return {
        "type": wire.ANSWER,
        "id": request_id,
        "decision": decision.value,
        "message": answer.message,
    }


def _id(message: Message) -> str:
    given = message.get("id")
    if not isinstance(given, str):
        raise BadInput("it names no request")
    return given
