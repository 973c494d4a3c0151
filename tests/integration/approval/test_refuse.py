"""A permission of the demo agent, in a real pane, is denied with words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_amend import read_amendment
from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Amendment, Prompt
from ccpar_hybrid.approval.keys import Aim, Care, Pressed
from ccpar_hybrid.approval.refuse import can_refuse, refuse
from ccpar_hybrid.approval.watch import PaneState
from ccpar_hybrid.tmux.control import Control
from tests.support.prompt_pane import PromptPane, prompt_pane
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

LONG_S = 30.0
PATIENT = Care(most=200, gone_s=LONG_S)
BRIEF = Care(most=200, gone_s=0.5)
"""For programs of which no answer comes."""
MESSAGE = "Use the staging database; don't touch 'one' $(id) #{pane_id}, " + "and again " * 20
RECORDED = Path(__file__).parents[2] / "data/claude/dialogs"
COLUMNS = 100


class Asking:
    """The demo agent with a dialog about one call."""

    def __init__(self, tmux: TmuxServer, tool: str, given: dict[str, object]) -> None:
        tmux.tmux("set-environment", "-g", "CLAUDE_CODE_SANDBOXED", "1")
        steps = [{"tool": tool, "input": given}, {"say": "all done"}]
        prompt = f"go\nscript: {json.dumps(steps)}"
        agent = (sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent", "--", prompt)
        self._tmux = tmux
        self.pane_id = tmux.start_session("asks", *agent, columns=COLUMNS, rows=30)
        found = wait_until(self.read, timeout_s=LONG_S, message="the dialog")
        assert found is not None
        self.prompt = found

    def read(self) -> Prompt | None:
        """What is asked now."""
        return read_prompt(self.screen("-e"), COLUMNS)

    def screen(self, *options: str) -> str:
        """What the pane shows."""
        return self._tmux.tmux("capture-pane", "-p", *options, "-t", self.pane_id)

    @property
    def aim(self) -> Aim[Prompt]:
        """At the dialog."""
        form = "#{pane_id} #{pane_pid} #{pane_width} #{pane_height}"
        said = self._tmux.tmux("display-message", "-p", "-t", self.pane_id, form).split()
        state = PaneState(said[0], *map(int, said[1:]))
        return Aim(
            state, lambda screen: read_prompt(screen, COLUMNS), self.prompt, self.prompt.shown
        )


@pytest.fixture
def asking(tmux: TmuxServer) -> Asking:
    return Asking(tmux, "Bash", {"command": "touch one", "description": "do it"})


async def test_a_denial_takes_its_words_along_and_the_turn_goes_on(
    asking: Asking, tmux: TmuxServer, control: Control
) -> None:
    said = await refuse(control, asking.aim, MESSAGE, read_amendment, PATIENT)
    assert said is Pressed.ANSWERED
    wait_until(lambda: "● all done" in asking.screen(), timeout_s=LONG_S)
    shown = "".join(asking.screen("-S", "-").split())
    assert "and said: ".replace(" ", "") + "".join(MESSAGE.split())[:60] in shown
    assert tmux.lines("list-buffers") == []


async def test_an_edit_is_denied_with_words_too(tmux: TmuxServer, control: Control) -> None:
    asking = Asking(tmux, "Write", {"file_path": "one", "content": "a\n"})
    said = await refuse(control, asking.aim, "Not here.", read_amendment, PATIENT)
    assert said is Pressed.ANSWERED
    wait_until(lambda: "and said: Not here." in asking.screen(), timeout_s=LONG_S)


async def test_a_prompt_without_a_field_is_not_touched(tmux: TmuxServer, control: Control) -> None:
    asking = Asking(tmux, "WebFetch", {"url": "http://127.0.0.1:1/", "prompt": "read"})
    assert not can_refuse(asking.prompt)
    said = await refuse(control, asking.aim, "No.", read_amendment, BRIEF)
    assert said is Pressed.REFUSED
    assert asking.read() == asking.prompt


async def test_where_the_field_is_not_seen_nothing_is_typed_or_confirmed(
    asking: Asking, control: Control
) -> None:
    def blind(screen: str, columns: int) -> Amendment | None:
        return None

    said = await refuse(control, asking.aim, "No.", blind, BRIEF)
    assert said is Pressed.STAYS
    assert "No, and tell Claude what to do differently" in asking.screen()
    assert "all done" not in asking.screen()


async def test_words_that_did_not_arrive_as_they_were_are_not_confirmed(
    asking: Asking, control: Control
) -> None:
    def misread(screen: str, columns: int) -> Amendment | None:
        found = read_amendment(screen, columns)
        return found and Amendment(found.prompt, found.words and "else", found.shown)

    said = await refuse(control, asking.aim, "Not here.", misread, BRIEF)
    assert said is Pressed.STAYS
    assert "No, Not here." in asking.screen()
    assert "all done" not in asking.screen()


def still(tmux: TmuxServer, home: Path, name: str) -> tuple[PromptPane, Aim[Prompt]]:
    """A recorded dialog that changes at no key."""
    recorded = (RECORDED / f"{name}-120x30.ans").read_text(encoding="utf-8").rstrip("\n")
    pane = prompt_pane(tmux, home / "still", recorded, size=(120, 30))
    pane.stays()
    prompt = read_prompt(recorded, 120)
    assert prompt is not None
    return pane, Aim(pane.state, lambda screen: read_prompt(screen, 120), prompt, prompt.shown)


async def test_one_key_without_effect_is_the_last(
    tmux: TmuxServer, home: Path, control: Control
) -> None:
    pane, aim = still(tmux, home, "permission-bash")
    assert await refuse(control, aim, "No.", read_amendment, BRIEF) is Pressed.STAYS
    assert pane.met() == [("first", "\x1b[A")]


async def test_a_prompt_that_is_another_by_now_gets_no_key(
    tmux: TmuxServer, home: Path, control: Control
) -> None:
    pane, _ = still(tmux, home, "permission-bash")
    other = read_prompt((RECORDED / "bash-wrapped-120x30.ans").read_text(), 120)
    assert other is not None
    aim = Aim(pane.state, lambda screen: read_prompt(screen, 120), other, other.shown)
    assert await refuse(control, aim, "No.", read_amendment, BRIEF) is Pressed.CHANGED
    assert pane.met() == []
