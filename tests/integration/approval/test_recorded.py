"""Dialogs of the real program, replayed in a real tmux: seen, read and answered by one key."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.approval.keys import Pressed, Presser
from ccpar_hybrid.approval.reply import PATTERN, aim_at, key_for
from ccpar_hybrid.approval.watch import Watch
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.tmux.control import Control
from tests.support.prompt_pane import prompt_pane
from tests.support.tmux_server import TmuxServer

DIALOGS = Path(__file__).parents[2] / "data" / "claude" / "dialogs"
INSTANCE = "0123456789ab"
LONG_S = 30.0


@pytest.mark.parametrize("size", ["80x20", "120x30"])
@pytest.mark.parametrize("name", ["permission-bash", "edit", "permission-fetch", "server-tool"])
async def test_a_recorded_dialog_is_answered_as_decided(
    tmux: TmuxServer, home: Path, name: str, size: str
) -> None:
    recorded = (DIALOGS / f"{name}-{size}.ans").read_text(encoding="utf-8")
    columns, rows = map(int, size.split("x"))
    pane = prompt_pane(tmux, home / "asks", recorded.rstrip("\n"), size=(columns, rows))
    for option, value in {"@ccpar_role": "worker", "@ccpar_worker": "w1"}.items():
        tmux.tmux("set-option", "-p", "-t", pane.pane_id, option, value)
    tmux.tmux("set-option", "-t", pane.pane_id, "@ccpar_instance", INSTANCE)
    async with Control("s", tmux.environment, LONG_S) as control:
        (sight,) = await Watch(control, INSTANCE, PATTERN).look()
        prompt = read_prompt(sight.screen, sight.pane.columns)
        assert prompt == read_prompt(recorded, columns)
        assert prompt is not None
        key = key_for(prompt, Decision.DENY)
        assert key is not None
        aim = aim_at(sight, prompt, read_prompt)
        assert await Presser(control).press(aim, key) is Pressed.ANSWERED
        assert await Presser(control).press(aim, key) is Pressed.CHANGED
    assert pane.met() == [("first", key)]
