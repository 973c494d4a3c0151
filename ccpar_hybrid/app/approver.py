"""The approver: judges what agents ask leave for, tells workers, and keeps the record.

Each request is noted with what the policy says before anybody is answered, and its end after. A
worker that asks again, because an approver has died, gets the same answer; so whoever dies at any
point, each request is answered once or by a person.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from ccpar_hybrid.agents.claude_tool import summary
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.approval.limit import excess
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
from ccpar_hybrid.core.mask import masked, masked_value
from ccpar_hybrid.core.settings import ApproverSettings, OnTimeout
from ccpar_hybrid.core.task import TaskKey, is_key
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.ledger.approval import ApprovalBook
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.door import Listener, serve
from ccpar_hybrid.worker.wire import Message

SWEEP_S = 10.0
_WIDTH = 100
PANE_ONLY = ("AskUserQuestion", "ExitPlanMode")
"""Tools whose dialog is a question: a hook can allow it, but not say what is chosen."""

Writers = dict[str, asyncio.StreamWriter]


class Approver:
    """One instance's; `say` is told each decision in one line."""

    def __init__(
        self,
        path: str,
        book: ApprovalBook,
        judge: Judge,
        settings: ApproverSettings,
        say: Callable[[str], None],
    ) -> None:
        self._path = Path(path)
        self._book = book
        self._judge = judge
        self._settings = settings
        self._say = say
        self._waiting: Writers = {}
        self._deadlines: dict[str, asyncio.Task[None]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def serve(self, leave: asyncio.Event) -> None:
        """Answer until `leave` is set."""
        listener: Listener = await serve(self._path, self._meet)
        try:
            while not leave.is_set():
                await self._sweep()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(leave.wait(), SWEEP_S)
        finally:
            listener.close()

    async def _sweep(self) -> None:
        """Requests whose attempt has ended while nobody was here to note it."""
        try:
            for request_id in await asyncio.to_thread(self._book.left_behind):
                self._forget(request_id)
                await asyncio.to_thread(self._book.end, request_id, End.GONE, _now())
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
                    await asyncio.to_thread(self._book.end, _id(message), End.ANSWERED, _now())
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
        request, given = read_request(message)
        lock = self._locks.setdefault(request.key, asyncio.Lock())
        async with lock:  # what a task was allowed is counted one by one
            approval = await asyncio.to_thread(self._approval, request, given)
        reach("approver.noted")
        if approval.end is not None:
            raise Refused(f"{request.id} has ended")
        if approval.answer is not None:
            return _answer(request.id, approval.answer)
        self._waiting[request.id] = writer
        self._await_deadline(approval)
        return {"type": wire.ANSWER, "id": request.id, "decision": Decision.ASK.value}

    def _approval(self, request: Request, given: dict[str, Any]) -> Approval:
        """The request as it is in the ledger, judged if it is new."""
        found = self._book.find(request.id)
        if found is not None:
            return found
        ruling = self._limited(request, self._judge.rule(request, given))
        answer = None
        if ruling.decision is not Decision.ASK:
            denied = ruling.decision is Decision.DENY
            message = self._judge.message(request, ruling) if denied else ""
            answer = Answer(decision=ruling.decision, by=By.POLICY, at=_now(), message=message)
        reach("approver.judged")
        approval = self._book.note(request, ruling, answer)
        self._say(told(approval))
        return approval

    def _limited(self, request: Request, ruling: Ruling) -> Ruling:
        if ruling.decision is not Decision.ALLOW:
            return ruling
        most, most_alike = self._settings.most, self._settings.most_alike
        earlier = self._book.since_a_person(request.key, max(most, most_alike))
        why = excess(request, earlier, most, most_alike)
        changed = {"decision": Decision.ASK, "rule": "", "where": "", "why": why}
        return ruling.model_copy(update=changed) if why else ruling

    async def _withdrawn(self, message: Message) -> None:
        """The dialog is gone, or was answered in the pane."""
        request_id = _id(message)
        self._forget(request_id)
        if message.get("by_hand"):
            decision = Decision(message["decision"]) if message.get("decision") else None
            await asyncio.to_thread(self._book.end_by_hand, request_id, decision, _now())
        else:
            await asyncio.to_thread(self._book.end, request_id, End.GONE, _now())

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
        if decision is Decision.DENY and not said:
            said = "A person has denied this."
        answer = Answer(decision=decision, by=By.PERSON, at=_now(), message=said)
        if not await self._settle(approval.id, answer):
            raise Refused(f"request {approval.id[:8]} is answered already, or its dialog is gone")
        return {"type": wire.OK, "id": approval.id}

    async def _settle(self, request_id: str, answer: Answer) -> bool:
        """Note the decision, then tell it; False if there is one already."""
        if not await asyncio.to_thread(self._book.decide, request_id, answer):
            return False
        reach("approver.decided")
        self._forget_deadline(request_id)
        found = await asyncio.to_thread(self._book.find, request_id)
        if found is not None:
            self._say(told(found))
        writer = self._waiting.pop(request_id, None)
        if writer is not None:
            with contextlib.suppress(OSError):  # its worker will ask again
                await self._send(writer, _answer(request_id, answer))
        return True

    # --- time

    def _await_deadline(self, approval: Approval) -> None:
        if self._settings.on_timeout is OnTimeout.WAIT or not self._settings.wait_s:
            return
        waited_s = (_now() - approval.request.asked_at).total_seconds()
        left_s = min(max(self._settings.wait_s - waited_s, 0.0), self._settings.wait_s)
        self._forget_deadline(approval.id)
        deadline = self._deny_after(approval.id, left_s)
        self._deadlines[approval.id] = asyncio.get_running_loop().create_task(deadline)

    async def _deny_after(self, request_id: str, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        said = f"Nobody has answered within {self._settings.wait_s:g} s, so this is denied."
        answer = Answer(decision=Decision.DENY, by=By.TIMEOUT, at=_now(), message=said)
        self._deadlines.pop(request_id, None)
        with contextlib.suppress(CcparError):
            await self._settle(request_id, answer)

    def _forget_deadline(self, request_id: str) -> None:
        deadline = self._deadlines.pop(request_id, None)
        if deadline is not None:
            deadline.cancel()

    def _forget(self, request_id: str) -> None:
        self._waiting.pop(request_id, None)
        self._forget_deadline(request_id)


def read_request(message: Message) -> tuple[Request, dict[str, Any]]:
    """A worker's request, and its input as it came; raises BadInput."""
    given, key = message.get("input"), message.get("key")
    if not isinstance(given, dict) or not isinstance(key, str) or not is_key(key):
        raise BadInput("a request has a key and an input")
    try:
        plain = keepable(message)
        request = Request(
            id=plain["id"],
            asked_at=_now(),
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


def told(approval: Approval) -> str:
    """One line on a request and what is decided, for people; secrets are put out of sight."""
    request, ruling, answer = approval.request, approval.ruling, approval.answer
    what = visible(masked(summary(request.tool, masked_value(request.input))), _WIDTH)
    if answer is None:
        return f"ask    {request.worker}  {what}  ({masked(ruling.why)})"
    decided = answer.decision.value if answer.decision else "answered"
    by = masked(ruling.rule or ruling.why) if answer.by is By.POLICY else f"by {answer.by}"
    return f"{decided:<6} {request.worker}  {what}  ({by})"


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


def _now() -> datetime:
    return datetime.now(UTC)
