"""The real Claude Code's dialogs, watched, read and answered by one key. Seen with 2.1.197."""

from __future__ import annotations

import asyncio
import json

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.approval.keys import Pressed, Presser
from ccpar_hybrid.approval.redraw import redraw
from ccpar_hybrid.approval.refuse import deny
from ccpar_hybrid.approval.reply import PATTERN, aim_at, key_for
from ccpar_hybrid.approval.watch import Sight, Watch
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.tmux.control import Control
from tests.support.claude import ClaudeBench, bash, running_bench, script

pytestmark = pytest.mark.claude

LONG_S = 40.0
SESSION = "claude-workers"


async def prompt_for(watch: Watch, subject: str) -> tuple[Sight, Prompt]:
    """The dialog about the subject, as soon as it is seen."""
    async with asyncio.timeout(LONG_S):
        while True:
            for sight in await watch.look():
                prompt = read_prompt(sight.screen, sight.pane.columns)
                print(prompt, "\n".join(sight.plain))
                if prompt is not None and prompt.whole and subject in prompt.subject:
                    return sight, prompt
            await asyncio.sleep(0.1)


async def answer(bench: ClaudeBench, decisions: dict[str, Decision]) -> list[Pressed]:
    """Answer the dialogs about these commands, in this order."""
    pressed = []
    app = bench.instance.app
    async with Control(SESSION, bench.instance.environment, LONG_S) as control:
        watch, presser = Watch(control, app.paths.instance, PATTERN), Presser(control)
        for subject, decision in decisions.items():
            sight, prompt = await prompt_for(watch, subject)
            assert prompt.tool == "Bash"
            assert prompt.input is not None
            assert prompt.input["command"] == subject
            key = key_for(prompt, decision)
            assert key is not None
            pressed.append(await presser.press(aim_at(sight, prompt, read_prompt), key))
    return pressed


@pytest.mark.parametrize("decision", [Decision.ALLOW, Decision.DENY])
def test_a_dialog_is_answered_as_decided(decision: Decision) -> None:
    with running_bench(CCPAR_APPROVER_RUN="false") as bench:
        instance = bench.instance
        instance.setup(1)
        task = instance.add(script(bash("touch one"), {"say": "Over."}), agent="claude")
        assert asyncio.run(answer(bench, {"touch one": decision})) == [Pressed.ANSWERED]
        if decision is Decision.ALLOW:
            assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        else:
            # It waits for what a person has to say to it.
            instance.wait_for(task, TaskState.WAITING, timeout_s=LONG_S)
            instance.cli("cancel", instance.id(task))
            instance.outcome(task, timeout_s=LONG_S)
        assert instance.file("one").exists() is (decision is Decision.ALLOW)


async def refused(bench: ClaudeBench, subject: str, message: str) -> Pressed:
    """Deny the dialog about this command with words, once all of it was drawn anew."""
    app = bench.instance.app
    async with Control(SESSION, bench.instance.environment, LONG_S) as control:
        sight, prompt = await prompt_for(Watch(control, app.paths.instance, PATTERN), subject)
        assert await redraw(control, sight.pane, read_prompt, LONG_S) == prompt
        return await deny(control, sight, prompt, read_prompt, message)


def test_the_words_of_a_denial_reach_the_model_and_it_goes_on() -> None:
    message = "Use the staging database; don't touch 'one'. " + "And ask again later. " * 8
    with running_bench(CCPAR_APPROVER_RUN="false") as bench:
        instance = bench.instance
        instance.setup(1)
        task = instance.add(script(bash("touch one"), {"say": "Over."}), agent="claude")
        assert asyncio.run(refused(bench, "touch one", message)) is Pressed.ANSWERED
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        assert not instance.file("one").exists()
        said = json.dumps(bench.conversations()[-1])
        assert message.strip() in said
