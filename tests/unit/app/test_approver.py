"""The approver, asked over its socket as workers and people do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.app.approver import Approver
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.core.decision import Approval, By, Decision, End
from ccpar_hybrid.core.settings import ApproverSettings, OnTimeout
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.wire import Message

ID = "0123456789abcdef" * 2


class Place:
    """One ledger, and approvers that come and go."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.path = str(home / "a")
        self.project = home / "project"
        self.project.mkdir()
        self.environment = {"HOME": str(home)}
        self.settings = ApproverSettings.model_validate({"run": True, **settings})
        self.ledger = Ledger.open(str(home / "ledger" / "l.db"))
        self.said: list[str] = []
        self.rung: list[None] = []

    @asynccontextmanager
    async def approver(self) -> AsyncIterator[None]:
        leave = asyncio.Event()
        judge = Judge(self.environment)
        book = self.ledger.approvals
        approver = Approver(
            self.path,
            book,
            judge,
            self.settings,
            self.said.append,
            ring=lambda: self.rung.append(None),
        )
        serving = asyncio.ensure_future(approver.serve(leave))
        while not Path(self.path).exists():  # noqa: ASYNC110 - until it listens
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            leave.set()
            await serving

    def request(self, command: str, **fields: Any) -> Message:
        given = {
            "type": "request",
            "id": ID,
            "key": "taaaaaaaa",
            "attempt": 1,
            "session": None,
            "agent": "claude",
            "group": "subissues",
            "worker": "w1",
            "pane": "%1",
            "directory": str(self.project),
            "cwd": str(self.project),
            "tool": "Bash",
            "input": {"command": command},
        }
        return {**given, **fields}

    def found(self, request_id: str = ID) -> Approval:
        found = self.ledger.approvals.find(request_id)
        assert found
        return found


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, message: Message) -> Message:
        self._writer.write(wire.encode(message))
        return await self.hear()

    async def hear(self) -> Message:
        return wire.decode(await self._reader.readline())


@asynccontextmanager
async def line(place: Place) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_unix_connection(place.path, limit=wire.MAX_LINE)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


async def tell(place: Place, **message: Any) -> Message:
    async with line(place) as other:
        return await other.ask(message)


Story = Callable[[Place], Awaitable[None]]


def run(home: Path, story: Story, **settings: Any) -> None:
    async def bounded() -> None:
        place = Place(home, **settings)
        try:
            async with asyncio.timeout(60):
                await story(place)
        finally:
            place.ledger.close()

    asyncio.run(bounded())


def test_what_a_rule_decides_is_answered_at_once_and_noted_before(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            answer = await worker.ask(place.request("ls"))
            assert (answer["type"], answer["decision"]) == ("answer", "allow")
            assert place.found().answer is not None
            assert place.found().end is None
            await tell(place, type="delivered", id=ID)
            assert place.found().end is End.ANSWERED
            denied = await worker.ask(place.request("git push --force", id="1" * 32))
            assert denied["decision"] == "deny"
            assert "force" in denied["message"]
        assert [words.split()[0] for words in place.said] == ["allow", "deny"]
        assert not place.rung

    run(home, story)


def test_the_window_shows_no_secret(home: Path) -> None:
    secret = "ghp_" + "a1B2" * 9

    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            command = f"curl -H 'Authorization: Bearer {secret}' http://example.com"
            assert (await worker.ask(place.request(command)))["decision"] == "ask"
        assert place.said
        assert len(place.rung) == 1
        assert secret not in "".join(place.said)
        assert place.found().request.input["command"] == command

    run(home, story)


def test_a_request_that_comes_again_gets_the_answer_that_it_got(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            assert (await worker.ask(place.request("ls")))["decision"] == "allow"
        config = Path(place.environment["HOME"], ".config", "ccpar-hybrid")
        config.mkdir(parents=True)
        (config / "policy.toml").write_text('[[rule]]\ndecision = "deny"\n')
        async with place.approver(), line(place) as worker:
            assert (await worker.ask(place.request("ls")))["decision"] == "allow"
            other = place.request("ls", id="1" * 32)
            assert (await worker.ask(other))["decision"] == "deny"

    run(home, story)


def test_a_person_decides_once_and_the_waiting_worker_hears_of_it(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            assert (await worker.ask(place.request("touch x")))["decision"] == "ask"
            assert (await tell(place, type="decide", id=ID, decision="deny"))["type"] == "ok"
            answer = await worker.hear()
            assert (answer["decision"], answer["message"]) == ("deny", "A person has denied this.")
            again = await tell(place, type="decide", id=ID, decision="allow")
            assert "already" in again["reason"]
        assert place.found().answer is not None
        assert place.found().answer.by is By.PERSON  # type: ignore[union-attr]

    run(home, story)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "decide", "id": "2" * 32, "decision": "allow"}, "no request"),
        ({"type": "decide", "id": ID, "decision": "ask"}, "allows or denies"),
        ({"type": "decide", "id": ID, "decision": "allow"}, "not allowed but answered"),
        ({"type": "withdrawn", "id": "2" * 32}, "no request"),
        ({"type": "delivered"}, "names no request"),
        ({"type": "request", "id": "x"}, "key"),
        ({"type": "sing"}, "unknown request"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_answered(
    home: Path, message: Message, reason: str
) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            asked = place.request("", tool="AskUserQuestion", input={"questions": []})
            assert (await worker.ask(asked))["decision"] == "ask"
            refused = await tell(place, **message)
            assert (refused["type"], reason in refused["reason"]) == ("error", True), refused
            assert place.found().is_open

    run(home, story)


@pytest.mark.parametrize(
    "field", [{"id": "short"}, {"attempt": "one"}, {"key": "../x"}, {"input": []}, {"tool": None}]
)
def test_a_request_that_cannot_be_read_is_refused(home: Path, field: Message) -> None:
    async def story(place: Place) -> None:
        async with place.approver():
            assert (await tell(place, **place.request("ls", **field)))["type"] == "error"
        assert place.ledger.approvals.history() == []

    run(home, story)


def test_a_hook_without_an_answer_in_time_is_denied_where_that_is_set(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            assert (await worker.ask(place.request("touch x")))["decision"] == "ask"
            answer = await worker.hear()
            assert (answer["decision"], "0.2 s" in answer["message"]) == ("deny", True)
        assert place.found().answer is not None
        assert place.found().answer.by is By.TIMEOUT  # type: ignore[union-attr]

    run(home, story, wait_s=0.2, on_timeout=OnTimeout.DENY)


def test_a_limit_of_time_alone_denies_nothing(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            assert (await worker.ask(place.request("touch x")))["decision"] == "ask"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(worker.hear(), 0.5)
        assert place.found().is_open

    run(home, story, wait_s=0.1)


def test_a_dialog_that_is_gone_is_denied_no_more_when_its_time_is_up(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            assert (await worker.ask(place.request("touch x")))["decision"] == "ask"
            await tell(place, type="withdrawn", id=ID, by_hand=True, decision="allow")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(worker.hear(), 0.5)
            late = await tell(place, type="decide", id=ID, decision="allow")
            assert late["type"] == "error"
        found = place.found()
        assert found.end is End.BY_HAND
        assert found.answer
        assert (found.answer.by, found.answer.decision) == (By.HAND, Decision.ALLOW)

    run(home, story, wait_s=0.2, on_timeout=OnTimeout.DENY)


def test_too_many_of_the_same_are_for_a_person_who_sets_the_count_back(home: Path) -> None:
    async def story(place: Place) -> None:
        async with place.approver(), line(place) as worker:
            ids = [f"{number:032x}" for number in range(5)]
            said = [
                (await worker.ask(place.request("ls", id=each)))["decision"] for each in ids[:3]
            ]
            assert said == ["allow", "allow", "ask"]
            assert "in a row" in place.found(ids[2]).ruling.why
            await tell(place, type="decide", id=ids[2], decision="allow")
            assert (await worker.hear())["id"] == ids[2]
            assert (await worker.ask(place.request("ls", id=ids[3])))["decision"] == "allow"
            assert (await worker.ask(place.request("pwd", id=ids[4])))["decision"] == "allow"

    run(home, story, most_alike=2)
