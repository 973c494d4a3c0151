"""The control-mode client on a real tmux: the same answers as a process, through every death."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import CcparError, CommandFailed, MissingPart, NotFound
from ccpar_hybrid.tmux.control import Control, Unsure
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.tmux.session import PaneView
from tests.support.tmux_server import TmuxServer
from tests.support.tmux_session import SESSION, session_spec
from tests.support.waiting import wait_until

LONG_S = 30.0
AWAY = "there is no such session"


@pytest.fixture
async def control(tmux: TmuxServer) -> AsyncIterator[Control]:
    tmux.start_session("s")
    async with Control("s", tmux.environment, LONG_S) as control:
        yield control


@pytest.fixture(params=["client", "process"])
async def either(request: pytest.FixtureRequest, tmux: TmuxServer) -> AsyncIterator[Control]:
    """One that has its client, and one that can't have it."""
    tmux.start_session("s")
    session = "s" if request.param == "client" else AWAY
    async with Control(session, tmux.environment, LONG_S) as control:
        yield control
        assert control.has_client is (request.param == "client")


def last_block(tmux: TmuxServer) -> tuple[int, int]:
    """Time and number of the latest block that a client of the server's got."""
    argv = ("tmux", "-u", "-C", "attach-session", "-f", "no-output,ignore-size", "-t", "=s")
    said = subprocess.run(
        argv,
        env=tmux.environment,
        input="list-keys\n\n",
        capture_output=True,
        text=True,
        timeout=LONG_S,
    ).stdout
    *_, (time, number) = re.findall(r"^%end (\d+) (\d+) ", said, re.MULTILINE)
    return int(time), int(number)


def draw(tmux: TmuxServer, home: Path, text: str, rows: int = 30) -> str:
    """A pane that shows the text and nothing else."""
    shown = home / "shown"
    shown.write_text(text, encoding="utf-8")
    pane = tmux.tmux("new-window", "-d", "-PF", "#{pane_id}", "-t", "s:", "cat", str(shown), "-")
    tmux.tmux("resize-window", "-t", pane.strip(), "-x", "100", "-y", str(rows))
    first, last = text.split("\n")[0], text.split("\n")[-2]
    look = ("capture-pane", "-p", "-t", pane.strip())
    wait_until(lambda: {first, last} <= set(tmux.lines(*look)), timeout_s=LONG_S)
    return pane.strip()


def client_pids(tmux: TmuxServer) -> list[int]:
    return [int(line) for line in tmux.lines("list-clients", "-F", "#{client_pid}")]


@contextmanager
def stopped_server(tmux: TmuxServer) -> Iterator[None]:
    """The server does nothing within the block."""
    pid = int(tmux.tmux("display-message", "-p", "#{pid}"))
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_many_commands_are_answered_in_order(either: Control, tmux: TmuxServer) -> None:
    replies = await either.ask(
        *(("display-message", "-p", f"number {number} ; '#{{pane_id}}'") for number in range(50))
    )
    assert [reply.lines for reply in replies] == [(f"number {n} ; '%0'",) for n in range(50)]
    assert all(reply.done for reply in replies)


async def test_a_command_that_fails_does_not_end_the_others(either: Control) -> None:
    good = ("display-message", "-p", "here")
    replies = await either.ask(good, ("capture-pane", "-p", "-t", "%99"), good)
    assert [reply.done for reply in replies] == [True, False, True]
    assert replies[2].lines == ("here",)


async def test_no_commands_have_no_answers(control: Control) -> None:
    assert await control.ask() == []


async def test_a_capture_is_what_the_screen_shows(
    either: Control, tmux: TmuxServer, home: Path
) -> None:
    pane = draw(tmux, home, "línea 日本 ❯\n\n   %end 1 2 1\n%exit\n#{pane_id} $(x)\n")
    (reply,) = await either.ask(("capture-pane", "-p", "-t", pane))
    assert reply.done
    assert "\n".join(reply.lines) == tmux.tmux("capture-pane", "-p", "-t", pane)[:-1]


async def test_a_screen_that_ends_its_own_block_is_captured_all_the_same(
    control: Control, tmux: TmuxServer, home: Path
) -> None:
    now, number = last_block(tmux)
    ends = [f"%end {now + s} {n} 1" for s in range(3) for n in range(number, number + 90)]
    pane = draw(tmux, home, "top\n" + "\n".join(ends) + "\n", rows=300)
    for _ in range(20):
        (reply,) = await control.ask(("capture-pane", "-p", "-t", pane))
        assert "\n".join(reply.lines) == tmux.tmux("capture-pane", "-p", "-t", pane)[:-1]


async def test_questions_of_several_tasks_do_not_mix(control: Control) -> None:
    async def ask(number: int) -> tuple[str, ...]:
        (reply,) = await control.ask(("display-message", "-p", f"number {number}"))
        return reply.lines

    answers = await asyncio.gather(*map(ask, range(30)))
    assert answers == [(f"number {number}",) for number in range(30)]


async def test_a_question_that_is_cancelled_does_not_answer_the_next(control: Control) -> None:
    await control.ask(("display-message", "-p", "first"))
    task = asyncio.create_task(control.ask(("display-message", "-p", "cancelled")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (reply,) = await control.ask(("display-message", "-p", "next"))
    assert reply.lines == ("next",)


async def test_a_client_that_is_killed_is_replaced(control: Control, tmux: TmuxServer) -> None:
    await control.ask(("display-message", "-p", "first"))
    (first,) = client_pids(tmux)
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(LONG_S):
        while True:
            (reply,) = await control.ask(("display-message", "-p", "still"))
            assert reply.lines == ("still",)
            if set(client_pids(tmux)) - {first}:
                break
            await asyncio.sleep(0.05)


async def test_a_server_that_hangs_is_told_and_found_again(tmux: TmuxServer) -> None:
    tmux.start_session("s")
    async with Control("s", tmux.environment, timeout_s=1.0) as control:
        await control.ask(("display-message", "-p", "first"))
        with stopped_server(tmux), pytest.raises(CommandFailed):
            await control.ask(("display-message", "-p", "second"))
        wait_until(lambda: not client_pids(tmux), timeout_s=LONG_S)
    async with Control("s", tmux.environment, LONG_S) as control:
        (reply,) = await control.ask(("display-message", "-p", "third"))
    assert reply.lines == ("third",)


async def test_what_may_be_given_once_only_is_never_given_twice(tmux: TmuxServer) -> None:
    tmux.start_session("s")
    async with Control("s", tmux.environment, timeout_s=1.0) as control:
        await control.ask(("display-message", "-p", "first"))
        with stopped_server(tmux), pytest.raises(Unsure):
            await control.ask(("set-option", "-ga", "@told", "x"), once=True)
        wait_until(lambda: not client_pids(tmux), timeout_s=LONG_S)
    # What it had read it may do late; nobody has said it a second time.
    assert tmux.tmux("show-options", "-gqv", "@told").strip() in ("", "x")


async def test_the_death_of_the_server_is_told_and_the_next_one_is_found(
    control: Control, tmux: TmuxServer
) -> None:
    await control.ask(("display-message", "-p", "first"))
    tmux.tmux("kill-server")
    with pytest.raises(NotFound):
        await control.ask(("display-message", "-p", "nobody"))
    tmux.start_session("s")
    (reply,) = await control.ask(("display-message", "-p", "again"))
    assert reply.lines == ("again",)


async def test_another_session_is_no_hindrance(control: Control, tmux: TmuxServer) -> None:
    await control.ask(("display-message", "-p", "first"))
    tmux.start_session("other")
    tmux.tmux("kill-session", "-t", "=s")
    (reply,) = await control.ask(("list-panes", "-a", "-F", "#{session_name}"))
    assert reply.lines == ("other",)


async def test_without_tmux_it_says_so(tmux: TmuxServer, home: Path) -> None:
    async with Control("s", {**tmux.environment, "PATH": str(home / "nothing")}) as control:
        with pytest.raises(MissingPart):
            await control.ask(("display-message", "-p", "x"))


async def test_the_client_leaves_with_its_owner_and_no_process_stays(tmux: TmuxServer) -> None:
    tmux.start_session("s")
    async with Control("s", tmux.environment, LONG_S) as control:
        await control.ask(("display-message", "-p", "x"))
        assert client_pids(tmux)
    wait_until(lambda: not tmux.lines("list-clients"), timeout_s=LONG_S)


async def test_a_watched_session_keeps_its_sizes_and_its_keys(tmux: TmuxServer) -> None:
    def panes() -> list[PaneView]:
        view = server.find_session(SESSION)
        assert view is not None
        return [replace(pane, command="") for pane in view.panes]

    server = Server(tmux.environment)
    server.build(session_spec(5))
    before = panes()
    async with Control(SESSION, tmux.environment, LONG_S) as control:
        await control.ask(("list-panes", "-a"))
        assert control.has_client
        assert panes() == before
        modes = tmux.lines("list-panes", "-a", "-F", "#{pane_in_mode}")
    assert set(modes) == {"0"}
    assert panes() == before


async def test_a_word_of_two_lines_is_refused_before_anything_is_said(control: Control) -> None:
    with pytest.raises(CcparError):
        await control.ask(("display-message", "-p", "a\nkill-server"))
    assert not control.has_client
