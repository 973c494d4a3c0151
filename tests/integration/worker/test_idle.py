"""An agent of which nothing is heard is asked once, then ended, with what was seen last."""

from __future__ import annotations

import json
import re

from ccpar_hybrid.core.outcome import Cause
from tests.support.instance import Instance
from tests.support.waiting import wait_until


def test_a_silent_command_is_ended_with_its_last_output(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("echo so far; sleep 320", idle=1, label="silent")
    outcome = instance.settled(task)
    assert outcome.result == "failed"
    words = r"nothing was heard of it for \d+ s; last output: so far"
    assert re.fullmatch(words, outcome.reason), outcome.reason
    (attempt,) = instance.app.ledger.attempts(task)
    assert attempt.cause is Cause.IDLE
    assert "nothing heard for 1 s; it cannot be asked now" in instance.log(task)
    wait_until(lambda: not instance.pids("sleep 320"))


def test_one_that_says_something_now_and_then_is_left_alone(instance: Instance) -> None:
    instance.setup(1)
    task = instance.add("for i in 1 2 3 4 5 6 7 8 9; do echo $i; sleep 0.5; done", idle=2)
    assert instance.settled(task).result == "succeeded"


def test_a_silent_session_is_ended_with_its_last_step_and_may_be_tried_again(
    instance: Instance,
) -> None:
    instance.setup(1)
    steps = [{"tool": "Bash", "input": {"command": "echo hello"}}, {"pause": 60}]
    prompt = f"Look.\nscript: {json.dumps(steps)}"
    task = instance.add(
        prompt, agent="demo", idle=3, retries=1, backoff=0, allowed_tools=["Bash(echo:*)"]
    )
    outcome = instance.outcome(task, timeout_s=60)
    assert outcome.result == "failed"
    words = r"nothing was heard of it for \d+ s; last step: Bash\(echo hello\)"
    assert re.search(words, outcome.reason), outcome.reason
    assert [a.cause for a in instance.app.ledger.attempts(task)] == [Cause.IDLE] * 2
    assert instance.log(task).count("cannot be asked now") == 2
