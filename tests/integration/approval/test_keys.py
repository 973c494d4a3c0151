"""Keys into panes whose prompt stays, goes, changes and flickers: never into another one."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from ccpar_hybrid.approval.keys import CARE, WARY, Aim, Pressed, Presser, guard_for, send
from ccpar_hybrid.approval.watch import captures
from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.tmux.control import Control, Unsure
from tests.support.prompt_pane import PromptPane, prompt_pane
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

LONG_S = 30.0
QUICK = replace(CARE, gone_s=0.0)
QUICK_WARY = replace(WARY, gone_s=0.0)
ASKED = """\
⏺ Bash(make check)
────────────────────────────────────────
 Bash command

   make check, {x} #{pane_id} #(date) 'a' "b" | sort [a-z]* (^.+$) \\d ?
   Runs 100% of the checks

 Do you want to proceed?
 ❯ 1. Yes
   2. Yes, and don't ask again for: make *
   3. No

 Esc to cancel · Tab to amend
"""
LINES = tuple(ASKED.splitlines()[1:])
OTHERS = {
    "renumbered": ASKED.replace("1. Yes\n", "1. No\n").replace("3. No\n", "3. Yes\n"),
    "another subject": ASKED.replace("make check,", "make chock,"),
    "one place lower": "\n" + ASKED,
    "another option chosen": ASKED.replace(" ❯ 1", "   1").replace("   2", " ❯ 2"),
    "a dialog in a file": "$ cat saved\n" + ASKED + "$ \n",
    "gone": "⏺ Bash(make check)\n\n❯ 1. Yes\n",
}


def read(screen: str) -> tuple[str, ...] | None:
    """The prompt is all from its rule on."""
    lines = screen.rstrip("\n").splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("───")]
    return tuple(lines[rules[0] :]) if rules else None


def aim_at(pane: PromptPane, text: str = ASKED) -> Aim[tuple[str, ...]]:
    prompt = read(text)
    assert prompt is not None
    return Aim(pane.state, read, prompt, prompt)


async def send_for(control: Control, pane: PromptPane, aim: Aim[tuple[str, ...]]) -> bool:
    """The last step alone, as if all looks had seen what the aim is."""
    guard = guard_for(aim.pane, ASKED.splitlines(), aim.lines)
    assert guard is not None
    return await send(control, pane.pane_id, guard, "1")


@pytest.fixture
def pane(tmux: TmuxServer, home: Path) -> PromptPane:
    return prompt_pane(tmux, home / "asks", ASKED)


def heard(pane: PromptPane) -> list[tuple[str, str]]:
    """What it was given, after it has surely read all of it."""
    pane.stays()
    pane.tmux.tmux("copy-mode", "-q", "-t", pane.pane_id)
    pane.tmux.tmux("send-keys", "-t", pane.pane_id, "-l", "~")
    wait_until(lambda: any("~" in keys for _, keys in pane.met()), timeout_s=LONG_S)
    met = [(shown, keys.replace("~", "")) for shown, keys in pane.met()]
    return [(shown, keys) for shown, keys in met if keys]


@pytest.mark.parametrize("key", ["1", "3"])
async def test_a_prompt_that_stands_is_answered_once(
    control: Control, pane: PromptPane, key: str
) -> None:
    assert await Presser(control).press(aim_at(pane), key) is Pressed.ANSWERED
    assert heard(pane) == [("first", key)]


async def test_of_two_who_answer_at_once_one_does(control: Control, pane: PromptPane) -> None:
    presser, aim = Presser(control), aim_at(pane)
    pressed = await asyncio.gather(presser.press(aim, "1"), presser.press(aim, "1"))
    assert sorted(pressed) == [Pressed.ANSWERED, Pressed.CHANGED]
    assert heard(pane) == [("first", "1")]


@pytest.mark.parametrize("key", ["", "12", "0", "y", "C-c", "1 ; kill-server", "%1"])
async def test_no_other_key_is_pressed(control: Control, pane: PromptPane, key: str) -> None:
    with pytest.raises(BadInput):
        await Presser(control).press(aim_at(pane), key)
    assert heard(pane) == []


async def test_a_prompt_that_stays_is_told_and_not_answered_again(
    control: Control, pane: PromptPane
) -> None:
    pane.stays()
    assert await Presser(control, QUICK).press(aim_at(pane), "1") is Pressed.STAYS
    assert heard(pane) == [("first", "1")]


@pytest.mark.parametrize("other", OTHERS)
async def test_another_prompt_than_the_decided_one_is_not_answered(
    control: Control, tmux: TmuxServer, home: Path, other: str
) -> None:
    pane = prompt_pane(tmux, home / "other", OTHERS[other])
    pressed = await Presser(control).press(aim_at(pane), "1")
    # Where it has only moved, it is the same and was read again at its place.
    assert pressed is (Pressed.ANSWERED if other == "one place lower" else Pressed.CHANGED)


@pytest.mark.parametrize("other", OTHERS)
async def test_the_server_refuses_a_key_for_a_screen_that_has_changed(
    control: Control, tmux: TmuxServer, home: Path, other: str
) -> None:
    pane = prompt_pane(tmux, home / "other", OTHERS[other])
    assert not await send_for(control, pane, aim_at(pane))
    assert heard(pane) == []


async def test_the_server_takes_a_key_for_the_screen_as_it_was(
    control: Control, pane: PromptPane
) -> None:
    assert await send_for(control, pane, aim_at(pane))
    assert heard(pane) == [("first", "1")]


async def test_what_stands_on_the_screen_twice_is_left_to_a_person(
    control: Control, tmux: TmuxServer, home: Path
) -> None:
    question = " Do you want to proceed?\n"
    pane = prompt_pane(tmux, home / "twice", question + ASKED)
    assert await Presser(control).press(aim_at(pane), "1") is Pressed.REFUSED
    assert heard(pane) == []


async def test_nothing_is_pressed_while_somebody_scrolls(
    control: Control, pane: PromptPane, tmux: TmuxServer
) -> None:
    tmux.tmux("copy-mode", "-t", pane.pane_id)
    assert await Presser(control).press(aim_at(pane), "1") is Pressed.REFUSED
    assert heard(pane) == []


async def test_nothing_is_pressed_where_keys_go_to_several_panes(
    control: Control, pane: PromptPane, tmux: TmuxServer
) -> None:
    tmux.tmux("split-window", "-v", "-t", pane.pane_id, "-l", "2", "cat")
    aim = aim_at(pane)
    tmux.tmux("set-option", "-w", "-t", pane.pane_id, "synchronize-panes", "on")
    assert await Presser(control).press(aim, "1") is Pressed.REFUSED
    assert heard(pane) == []


async def test_a_pane_of_another_size_is_another_pane(
    control: Control, pane: PromptPane, tmux: TmuxServer
) -> None:
    aim = aim_at(pane)
    tmux.tmux("resize-window", "-t", pane.pane_id, "-x", "99", "-y", "30")
    assert await Presser(control).press(aim, "1") is Pressed.REFUSED
    assert heard(pane) == []


async def test_a_program_that_was_started_again_is_another_one(
    control: Control, pane: PromptPane, tmux: TmuxServer
) -> None:
    aim = aim_at(pane)
    tmux.tmux("respawn-pane", "-k", "-t", pane.pane_id)
    wait_until(lambda: "3. No" in pane.screen, timeout_s=LONG_S)
    assert await Presser(control).press(aim, "1") is Pressed.REFUSED
    assert heard(pane) == []


async def test_a_dead_pane_and_one_that_is_gone_get_no_key(
    control: Control, pane: PromptPane, tmux: TmuxServer
) -> None:
    aim = aim_at(pane)
    os.kill(aim.pane.pid, signal.SIGKILL)
    dead = ("display-message", "-p", "-t", pane.pane_id, "#{pane_dead}")
    wait_until(lambda: tmux.tmux(*dead) == "1\n", timeout_s=LONG_S)
    assert await Presser(control).press(aim, "1") in (Pressed.REFUSED, Pressed.CHANGED)
    assert not await send_for(control, pane, aim)
    tmux.tmux("kill-pane", "-t", pane.pane_id)
    assert await Presser(control).press(aim, "1") is Pressed.GONE
    assert pane.met() == []


async def test_a_server_that_is_gone_gets_no_key(
    control: Control, pane: PromptPane, tmux: TmuxServer
) -> None:
    aim = aim_at(pane)
    await captures(control, [pane.pane_id])
    tmux.tmux("kill-server")
    assert await Presser(control).press(aim, "1") is Pressed.GONE


async def test_a_server_that_hangs_over_a_key_leaves_it_unsure(
    pane: PromptPane, tmux: TmuxServer
) -> None:
    aim = aim_at(pane)
    server = int(tmux.tmux("display-message", "-p", "#{pid}"))
    async with Control("s", tmux.environment, timeout_s=1.0) as control:
        await captures(control, [pane.pane_id])
        os.kill(server, signal.SIGSTOP)
        try:
            with pytest.raises(Unsure):
                await send_for(control, pane, aim)
        finally:
            os.kill(server, signal.SIGCONT)
    # It may come late, and then once, and to the prompt that it was for.
    assert heard(pane) in ([], [("first", "1")])


@pytest.mark.parametrize("other", ["renumbered", "another subject", "gone"])
@pytest.mark.parametrize("toggling_s", [(0.01, 0.06), (0.1, 0.4)])
async def test_a_screen_that_toggles_never_gets_a_key_for_its_other_prompt(
    tmux: TmuxServer, home: Path, other: str, toggling_s: tuple[float, float]
) -> None:
    pane = prompt_pane(tmux, home / "toggles", ASKED, OTHERS[other], toggling_s=toggling_s)
    pane.stays()
    aim = aim_at(pane)
    async with Control("s", tmux.environment, LONG_S) as control:
        presser = Presser(control, QUICK_WARY)
        results = [await presser.press(aim, "1") for _ in range(40)]
    assert {shown for shown, keys in pane.met() if "1" in keys} <= {"first"}
    assert set(results) == {Pressed.CHANGED}


async def test_a_pane_that_did_not_stand_still_has_to_for_longer(
    tmux: TmuxServer, pane: PromptPane, home: Path
) -> None:
    changed = replace(aim_at(pane), prompt=("something else",))
    never = replace(CARE, looks=2, span_s=60.0, most=2)
    async with Control("s", tmux.environment, LONG_S) as control:
        presser = Presser(control, CARE, never)
        assert await presser.press(changed, "1") is Pressed.CHANGED
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(presser.press(aim_at(pane), "1"), 1.0)
    assert heard(pane) == []
