"""A hook that asks leave waits for the approver, or until its dialog was answered in the pane."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.agents.base import Sign, ToolCall
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.worker import permission, wire
from ccpar_hybrid.worker.door import Listener, serve
from ccpar_hybrid.worker.permission import LEFT, Held, Permissions, Reply
from ccpar_hybrid.worker.wire import Message

LS = ToolCall("Bash", {"command": "ls"}, "/srv")
RM = ToolCall("Bash", {"command": "rm x"}, "/srv")
Answers = Callable[[Message], Message | None]


class Approver:
    """One that answers as it is told; None: it hangs up."""

    def __init__(self, path: Path, answers: Answers) -> None:
        self.path = path
        self.answers = answers
        self.heard: list[Message] = []

    async def open(self) -> Listener:
        return await serve(self.path, self._meet)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                message = wire.decode(line)
                self.heard.append(message)
                reply = self.answers(message)
                if reply is None:
                    break
                writer.write(wire.encode({"id": message.get("id"), **reply}))
        finally:
            writer.close()

    async def told(self, type: str, count: int = 1) -> Message:
        """The last message of this type, once there are so many."""
        while True:
            found = [each for each in self.heard if each["type"] == type]
            if len(found) >= count:
                return found[-1]
            await asyncio.sleep(0.01)


def ask(message: Message) -> Message:
    return {"type": "answer", "decision": "ask"} if message["type"] == "request" else {"type": "ok"}


def allow(message: Message) -> Message:
    return {**ask(message), "decision": "allow"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permission, "AGAIN_S", 0.02)
    monkeypatch.setattr(permission, "_SETTLED_S", 0.0)


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await story

    asyncio.run(bounded())


def begin(permissions: Permissions, call: ToolCall = LS) -> Held:
    return permissions.begin(call, {"key": "taaaaaaaa"}, lambda: None)


def test_an_answer_comes_back_and_its_delivery_is_told(home: Path) -> None:
    async def story() -> None:
        approver = Approver(home / "a", allow)
        listener = await approver.open()
        permissions = Permissions(str(home / "a"))
        held = begin(permissions)
        assert permissions.is_asking
        assert await held.answer() == Reply(Decision.ALLOW)
        await held.close(delivered=True)
        request = approver.heard[0]
        assert (request["tool"], request["input"], request["cwd"]) == ("Bash", LS.input, "/srv")
        assert (await approver.told("delivered"))["id"] == request["id"]
        assert not permissions.is_watching
        listener.close()

    run(story())


@pytest.mark.parametrize(("answers", "waits"), [(allow, []), (ask, [1]), (None, [1])])
def test_only_an_answer_that_is_not_there_at_once_is_waited_for(
    home: Path, answers: Answers | None, waits: list[int]
) -> None:
    async def story() -> None:
        listener = await Approver(home / "a", answers).open() if answers else None
        permissions = Permissions(str(home / "a"))
        waited: list[int] = []
        over = asyncio.Event()

        def wait() -> None:
            waited.append(1)
            over.set()

        held = permissions.begin(LS, {}, wait)
        answering = asyncio.ensure_future(held.answer())
        await asyncio.wait(
            {answering, asyncio.ensure_future(over.wait())}, return_when=asyncio.FIRST_COMPLETED
        )
        assert waited == waits
        permissions.drop()
        await answering
        assert waited == waits
        if listener:
            listener.close()

    run(story())


def test_the_same_request_is_made_again_until_somebody_answers(home: Path) -> None:
    async def story() -> None:
        permissions = Permissions(str(home / "a"))
        held = begin(permissions)
        answering = asyncio.ensure_future(held.answer())
        await asyncio.sleep(0.1)  # nobody listens
        dying = Approver(home / "a", lambda message: None)
        listener = await dying.open()
        await dying.told("request")
        listener.close()
        living = Approver(home / "a", allow)
        listener = await living.open()
        assert await answering == Reply(Decision.ALLOW)
        assert living.heard[0]["id"] == dying.heard[0]["id"]
        listener.close()

    run(story())


def test_a_refused_request_is_left_to_the_pane(home: Path) -> None:
    async def story() -> None:
        approver = Approver(home / "a", lambda message: {"type": "error", "reason": "no"})
        listener = await approver.open()
        assert await begin(Permissions(str(home / "a"))).answer() == LEFT
        listener.close()

    run(story())


def test_a_call_that_is_carried_out_was_allowed_by_hand(home: Path) -> None:
    async def story() -> None:
        approver = Approver(home / "a", ask)
        listener = await approver.open()
        permissions = Permissions(str(home / "a"))
        one, other = begin(permissions, LS), begin(permissions, RM)
        answering = [asyncio.ensure_future(each.answer()) for each in (one, other)]
        await approver.told("request")
        permissions.see_done(RM)
        assert await answering[1] == LEFT
        told = await approver.told("withdrawn")
        assert (told["by_hand"], told["decision"]) == (True, "allow")
        assert not answering[0].done()
        await other.close(delivered=False)
        permissions.drop()
        assert await answering[0] == LEFT
        await one.close(delivered=False)
        assert (await approver.told("withdrawn", 2))["by_hand"] is False
        listener.close()

    run(story())


@pytest.mark.parametrize(
    ("later", "decision"),
    [(lambda p: p.see_done(LS), "allow"), (lambda p: p.see_turn(Sign.PROMPT), "deny")],
)
def test_how_a_person_answered_may_become_known_after_the_hook_was_ended(
    home: Path, later: Callable[[Permissions], None], decision: str
) -> None:
    async def story() -> None:
        approver = Approver(home / "a", ask)
        listener = await approver.open()
        permissions = Permissions(str(home / "a"))
        held = begin(permissions)
        await held.close(delivered=False)  # Esc
        assert (await approver.told("withdrawn"))["by_hand"] is False
        later(permissions)
        told = await approver.told("withdrawn", 2)
        assert (told["by_hand"], told["decision"]) == (True, decision)
        assert not permissions.is_watching
        listener.close()

    run(story())


@pytest.mark.parametrize(
    ("seen", "is_left"),
    [
        (lambda p: p.see_turn(Sign.TURN_ENDED), True),
        (lambda p: p.see_work(), True),
        (lambda p: p.see_turn(Sign.BACKGROUND), False),
        (lambda p: p.see_turn(Sign.WORKING), False),
        (lambda p: p.see_done(RM), False),
    ],
)
def test_only_what_tells_that_the_dialog_is_gone_lets_the_hook_go(
    home: Path, seen: Callable[[Permissions], None], is_left: bool
) -> None:
    async def story() -> None:
        permissions = Permissions(str(home / "a"))
        held = begin(permissions)
        answering = asyncio.ensure_future(held.answer())
        await asyncio.sleep(0)
        seen(permissions)
        if is_left:
            assert await answering == LEFT
        else:
            await asyncio.sleep(0.05)
            assert not answering.done()
            answering.cancel()

    run(story())
