"""Looking at all workers' panes of a real tmux."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccpar_hybrid.approval.watch import PaneState, Sight, Watch, keep_looking
from ccpar_hybrid.core.errors import CcparError, NotFound
from ccpar_hybrid.tmux.control import Control
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

INSTANCE = "0123456789ab"
PATTERN = "❯ [1-9][.] |Press Enter, please"
PROMPT = "Do you want to proceed?\n❯ 1. Yes, 日本\n  2. No\n"
LONG_S = 30.0


@dataclass(frozen=True)
class Desk:
    """A session of ours, whose panes show files."""

    tmux: TmuxServer
    home: Path

    def pane(self, worker: str, text: str, *, role: str = "worker") -> str:
        """A pane that shows the text."""
        shown = self.home / f"shown-{len(list(self.home.iterdir()))}"
        shown.write_text(text, encoding="utf-8")
        argv = ("sh", "-c", f"cat {shown}; exec cat")
        pane = self.tmux.tmux("new-window", "-d", "-PF", "#{pane_id}", "-t", "s:", *argv).strip()
        options = {"@ccpar_role": role, "@ccpar_worker": worker, "@ccpar_group": "g"}
        for name, value in {**options, "remain-on-exit": "on"}.items():
            self.tmux.tmux("set-option", "-p", "-t", pane, name, value)
        last = text.splitlines()[-1]
        look = ("capture-pane", "-p", "-t", pane)
        wait_until(lambda: last in self.tmux.tmux(*look), timeout_s=LONG_S)
        return pane


@pytest.fixture
def desk(tmux: TmuxServer, home: Path) -> Desk:
    tmux.tmux("set-option", "-t", "s", "@ccpar_instance", INSTANCE)
    return Desk(tmux, home)


@pytest.fixture
def watch(control: Control) -> Watch:
    return Watch(control, INSTANCE, PATTERN)


async def test_only_panes_that_may_show_a_prompt_are_seen(desk: Desk, watch: Watch) -> None:
    desk.pane("w1", "working\n❯ write a poem\n")
    asks = desk.pane("w2", PROMPT)
    enter = desk.pane("w3", "Press Enter, please\n")
    assert {sight.worker: sight.pane.pane_id for sight in await watch.look()} == {
        "w2": asks,
        "w3": enter,
    }


async def test_a_sight_tells_the_pane_and_its_screen(desk: Desk, watch: Watch) -> None:
    pane = desk.pane("w2", PROMPT.replace("Yes", "\x1b[31mYes\x1b[0m"))
    form = "#{pane_pid} #{pane_width} #{pane_height}"
    pid, columns, rows = map(int, desk.tmux.tmux("display-message", "-p", "-t", pane, form).split())
    (sight,) = await watch.look()
    assert sight.pane == PaneState(pane, pid, columns, rows)
    assert (sight.session, sight.worker, sight.group) == ("s", "w2", "g")
    assert "\n".join(sight.plain).rstrip("\n") == PROMPT.rstrip("\n")
    assert "❯ 1. \x1b[31mYes\x1b[39m, 日本" in sight.screen
    assert not sight.in_mode


async def test_a_pane_in_which_somebody_scrolls_is_told(desk: Desk, watch: Watch) -> None:
    pane = desk.pane("w2", PROMPT)
    desk.tmux.tmux("copy-mode", "-t", pane)
    (sight,) = await watch.look()
    assert sight.in_mode


async def test_panes_of_others_are_not_looked_at(desk: Desk, control: Control) -> None:
    desk.pane("w1", PROMPT)
    assert await Watch(control, "ba9876543210", PATTERN).look() == []


async def test_the_monitor_and_panes_that_people_made_are_not_looked_at(
    desk: Desk, watch: Watch
) -> None:
    desk.pane("", PROMPT, role="monitor")
    desk.pane("w9", PROMPT, role="")
    assert await watch.look() == []


async def test_a_dead_pane_shows_no_prompt(desk: Desk, watch: Watch) -> None:
    pane = desk.pane("w1", PROMPT)
    desk.tmux.tmux("send-keys", "-t", pane, "C-d")
    dead = ("display-message", "-p", "-t", pane, "#{pane_dead}")
    wait_until(lambda: desk.tmux.tmux(*dead) == "1\n", timeout_s=LONG_S)
    assert await watch.look() == []


async def test_a_pane_that_is_respawned_or_gone_does_not_blind_it(desk: Desk, watch: Watch) -> None:
    first, second = desk.pane("w1", PROMPT), desk.pane("w2", PROMPT)
    before = {sight.worker: sight.pane for sight in await watch.look()}
    desk.tmux.tmux("kill-pane", "-t", first)
    desk.tmux.tmux("respawn-pane", "-k", "-t", second)
    look = ("capture-pane", "-p", "-t", second)
    wait_until(lambda: "2. No" in desk.tmux.tmux(*look), timeout_s=LONG_S)
    (sight,) = await watch.look()
    assert sight.worker == "w2"
    assert sight.pane.pane_id == before["w2"].pane_id
    assert sight.pane != before["w2"]


async def test_a_name_that_looks_like_fields_of_ours_moves_nothing(
    desk: Desk, watch: Watch
) -> None:
    desk.pane("w1", PROMPT)
    desk.pane("w2|0|1|\n%9|x", PROMPT.replace("Yes", "Sure"))
    assert [sight.worker for sight in await watch.look()] == ["w1"]


async def test_it_keeps_looking_while_the_server_dies_and_comes_back(
    desk: Desk, tmux: TmuxServer, control: Control
) -> None:
    desk.pane("w1", PROMPT)
    looks: asyncio.Queue[list[Sight]] = asyncio.Queue()
    blind: asyncio.Queue[CcparError] = asyncio.Queue()
    watching = asyncio.create_task(
        keep_looking(Watch(control, INSTANCE, PATTERN), 0.05, looks.put, blind.put_nowait)
    )
    async with asyncio.timeout(2 * LONG_S):
        while not await looks.get():
            pass
        tmux.tmux("kill-server")
        assert isinstance(await blind.get(), NotFound)
        tmux.start_session("s")
        tmux.tmux("set-option", "-t", "s", "@ccpar_instance", INSTANCE)
        desk.pane("w1", PROMPT)
        while not await looks.get():
            pass
    watching.cancel()
