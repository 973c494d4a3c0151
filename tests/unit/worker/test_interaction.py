"""The worker's side of a session, over screens recorded from the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.agents.base import Launch, Terminal
from ccpar_hybrid.agents.claude import ClaudeAgent
from ccpar_hybrid.core.settings import AgentSettings, ClaudeSettings
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.interaction import Interaction
from ccpar_hybrid.worker.story import Story

SCREENS = Path(__file__).parents[2] / "data" / "claude" / "screens"
SESSION = {"hook_event_name": "SessionStart", "session_id": "s-1", "source": "startup"}
PROMPT = {"hook_event_name": "UserPromptSubmit", "session_id": "s-1", "prompt": "Fix it"}
TOOL = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "make"}}


class Pane(Console):
    """A pane that shows a recorded screen and keeps what is given to it."""

    def __init__(self, screen: str) -> None:
        self._screen = (SCREENS / f"{screen}-100x24.ans").read_text(encoding="utf-8")
        self.given: list[str] = []

    async def capture(self) -> str:
        return self._screen

    async def paste(self, text: str) -> None:
        self.given.append(text)

    async def press(self, key: str) -> None:
        self.given.append(key)


def at_work(home: Path, screen: str) -> tuple[Interaction, Pane]:
    """A session whose prompt was taken, in front of a screen."""
    pane = Pane(screen)
    launch = Launch(("claude",), {}, Terminal.FOREGROUND, prompt="Fix it", stdin=home / "prompt")
    story = Story(home / "log", 1 << 20)
    talk = Interaction(ClaudeAgent(ClaudeSettings()), launch, pane, story, AgentSettings())
    for event in (SESSION, PROMPT, TOOL):
        talk.hear(event, 1.0)
    story.close()
    return talk, pane


async def test_an_agent_at_an_idle_prompt_is_nudged(home: Path) -> None:
    talk, pane = at_work(home, "idle")
    assert await talk.nudge("Go on.")
    assert pane.given == ["Go on.", "Enter"]


@pytest.mark.parametrize("screen", ["working", "working-tool", "draft", "permission-bash"])
async def test_one_that_is_busy_or_has_a_persons_words_before_it_is_not(
    home: Path, screen: str
) -> None:
    talk, pane = at_work(home, screen)
    assert not await talk.nudge("Go on.")
    assert pane.given == []


async def test_the_nudge_itself_is_no_sign_of_life_and_other_words_are(home: Path) -> None:
    talk, _ = at_work(home, "idle")
    signs = talk.signs
    assert await talk.nudge("Go on.")
    talk.hear({**PROMPT, "prompt": "Go on."}, 2.0)
    assert talk.signs == signs
    talk.hear({**PROMPT, "prompt": "I am here"}, 3.0)
    talk.hear({"hook_event_name": "StatusLine", "cost": {"total_cost_usd": 1.0}}, 4.0)
    assert talk.signs == signs + 1


async def test_an_idle_screen_alone_does_not_mean_that_a_person_is_to_speak(home: Path) -> None:
    talk, _ = at_work(home, "idle")
    for now in (10.0, 20.0, 30.0):
        await talk.tick(now)
    assert (talk.view.state, talk.expects_nothing) == (WorkerState.WAITING, False)
    talk.hear({"hook_event_name": "PermissionRequest", "tool_name": "Bash"}, 31.0)
    assert (talk.view.state, talk.expects_nothing) == (WorkerState.WAITING, True)
    assert talk.last_step == "Bash(make)"
