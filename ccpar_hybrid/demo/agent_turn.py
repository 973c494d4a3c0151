"""A turn: one prompt's script, played with hooks, dialogs, retries and the record. Stdlib only."""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterable

from ccpar_hybrid.demo.agent_ask import Gate, Interrupted
from ccpar_hybrid.demo.agent_call import Calls
from ccpar_hybrid.demo.agent_dialog import limit_dialog
from ccpar_hybrid.demo.agent_key import Pasted
from ccpar_hybrid.demo.agent_loop import Job, Loop, Wait, sleep
from ccpar_hybrid.demo.agent_print import (
    BAD,
    INTERRUPTED,
    answer_block,
    done_block,
    note_block,
    prompt_block,
)
from ccpar_hybrid.demo.agent_refusal import Refused, retries
from ccpar_hybrid.demo.agent_screen import VERBS, Activity, Screen
from ccpar_hybrid.demo.agent_session import Session
from ccpar_hybrid.demo.agent_transcript import Usage
from ccpar_hybrid.demo.script import (
    Fail,
    Headers,
    Limit,
    Pause,
    Rules,
    Say,
    ScriptError,
    Step,
    Tool,
    Turn,
    Windows,
    script_of,
    steps_for,
    turns,
)
from ccpar_hybrid.demo.script import Usage as UsageStep

FIRST_RETRY_S, LONGEST_RETRY_S = 0.2, 1.0


def steps_of(prompt: str, rules: Rules) -> tuple[Step, ...]:
    """What to play. Without a script: a short turn that repeats the prompt's first line.

    Raises ScriptError for a prompt with a broken script.
    """
    scripted = script_of(prompt) if not any(rule.match.search(prompt) for rule in rules) else ()
    if scripted is not None:
        return steps_for(prompt, rules)
    first = next(iter(prompt.strip().splitlines()), "")
    told = "I would look at the code, make the change and run the tests. As a stand-in, I only say:"
    return (Say(f"{told}\n{first}"),)


class Player:
    """Plays the turns of a session, one at a time."""

    def __init__(self, session: Session, screen: Screen, loop: Loop) -> None:
        self._session, self._screen = session, screen
        self._calls = Calls(session, screen, Gate(session, screen, loop))
        self._verbs = 0
        self._last = ""

    def play(self, prompt: str, source: str = "typed") -> Job[None]:
        """Play a prompt to its end, whatever that is; ``source`` as in the record."""
        activity = self._begin()
        if source != "system":
            self._screen.print(prompt_block(prompt))
        try:
            yield from self._prompted(prompt, source)
        except Interrupted as stop:
            self._interrupted(stop, prompt)
        except Refused as refused:
            yield from self._failed(refused)
        finally:
            self._screen.activity = None
        self._session.transcript.turn_ended(round(1000 * (time.monotonic() - activity.begin_s)))

    def _interrupted(self, stop: Interrupted, prompt: str) -> None:
        free = not self._screen.box.draft and not self._screen.queue
        if free and not stop.in_tool and not self._activity.has_shown:
            # Seen at 2.1.197: before any output, Esc only takes the prompt back into the box.
            self._screen.box.take(Pasted(prompt))
            return
        self._session.transcript.interrupted(stop.in_tool)
        if not stop.in_tool:
            self._screen.print(note_block(INTERRUPTED))

    def _begin(self) -> Activity:
        self._verbs += 1
        self._screen.activity = Activity(VERBS[self._verbs % len(VERBS)])
        return self._screen.activity

    @property
    def _activity(self) -> Activity:
        assert self._screen.activity is not None
        return self._screen.activity

    def _prompted(self, prompt: str, source: str) -> Job[None]:
        transcript = self._session.transcript
        transcript.prompt(prompt, str(self._session.policy.mode), source)
        self._session.meter.read(prompt)
        reply = yield from self._session.fire("UserPromptSubmit", prompt=prompt)
        if reply.blocked:
            text = f"UserPromptSubmit operation blocked by hook:\n{reply.blocked}"
            self._screen.print(note_block(text))
            return
        yield from self._answers((Say("Done."),) if source == "system" else self._steps(prompt))
        yield from self._stopped()
        self._ended()

    def _steps(self, prompt: str) -> tuple[Step, ...]:
        try:
            steps = steps_of(prompt, self._session.options.rules)
        except ScriptError as error:
            raise Refused(Fail(400, "invalid_request_error", str(error), {})) from error
        return steps if steps and not isinstance(steps[-1], Tool) else (*steps, Say("Done."))

    def _stopped(self) -> Job[None]:
        """Run the Stop hooks; one that blocks gives the turn more to do."""
        is_active = False
        while True:
            reply = yield from self._session.fire(
                "Stop",
                stop_hook_active=is_active,
                last_assistant_message=self._last,
                background_tasks=[each.facts for each in self._session.tools.background],
                session_crons=[],
            )
            if not reply.blocked:
                return
            is_active = True
            yield from self._answers((Say(f"I go on, for a hook said: {reply.blocked}"),))

    def _ended(self) -> None:
        seconds = int(time.monotonic() - self._activity.begin_s)
        shells = len(self._session.tools.background)
        more = f" · {shells} shell{'s' * (shells != 1)} still running" if shells else ""
        self._screen.print(done_block(f"Brewed for {seconds}s{more}"))

    def _failed(self, refused: Refused) -> Job[None]:
        step, transcript = refused.step, self._session.transcript
        transcript.failed(str(refused), refused.error, refused.status, step)
        if step is not None:
            self._session.met.add(step)
        self._screen.print(answer_block(str(refused), BAD))
        self._ended()
        yield from self._session.fire(
            "StopFailure", error=refused.error, last_assistant_message=str(refused)
        )
        if refused.is_limit:
            yield from self._limited()

    def _limited(self) -> Job[None]:
        """As seen at 2.1.197: the program asks by itself what to do; waiting does nothing."""
        self._screen.activity = None
        self._screen.print(prompt_block("/rate-limit-options"))
        dialog = self._screen.dialog = limit_dialog()
        try:
            while dialog.answer is None:
                yield Wait(lambda: dialog.answer is not None)
        finally:
            self._screen.dialog = None

    def _answers(self, steps: tuple[Step, ...]) -> Job[None]:
        script = f"{zlib.crc32(repr(steps).encode(errors='replace')):08x}"
        for number, turn in enumerate(turns(steps)):
            self._spend(turn, f"{script}:{number}")
            yield from self._refusals(turn, f"{script}:{number}")
            yield from self._answer(turn)
            if any(isinstance(step, Windows) for step in turn):
                self._screen.status = yield from self._session.status_line()

    def _spend(self, turn: Turn, place: str) -> None:
        """Use what the turn uses of the account. Raises Refused if there is nothing left."""
        allowance, met = self._session.meter.allowance, None
        for index, step in enumerate(turn):
            if isinstance(step, Windows):
                allowance.use(step, time.time())
            elif isinstance(step, Limit) and f"{place}:{index}" not in self._session.met:
                met = f"{place}:{index}"
                allowance.exhaust(step, time.time())
        if refusal := allowance.refusal(time.time()):
            raise Refused(refusal, met)

    def _refusals(self, turn: Turn, place: str) -> Job[None]:
        """Go through the turn's refusals first: an answer that is refused has no text.

        Those of a number of times that ended a turn are not met again in this conversation.
        """
        attempt = 0
        for index, step in enumerate(turn):
            if not isinstance(step, Fail) or f"{place}:{index}" in self._session.met:
                continue
            for _ in range(step.times or retries(step) + 1):
                attempt += 1
                if attempt > retries(step):
                    raise Refused(step, f"{place}:{index}" if step.times else None)
                yield from self._retry(attempt, retries(step))

    def _retry(self, attempt: int, retries: int) -> Job[None]:
        delay_s = min(FIRST_RETRY_S * 2 ** (attempt - 1), LONGEST_RETRY_S)
        told = f"Retrying in {delay_s:.0f}s · attempt {attempt}/{retries}"
        self._activity.retry = f"API error · {told}"
        yield from sleep(delay_s)
        self._activity.retry = None

    def _answer(self, turn: Turn) -> Job[None]:
        message_id = f"msg_{os.urandom(12).hex()}"
        tools = [step for step in turn if isinstance(step, Tool)]
        usage = self._usage(turn)
        reason = "tool_use" if tools else "end_turn"
        begin_s = time.monotonic()
        calls: list[tuple[str, Tool]] = []
        for step in turn:
            if isinstance(step, Pause):
                yield from sleep(step.seconds)
            elif isinstance(step, Headers):
                self._session.meter.headers(step.values)
            elif isinstance(step, Say):
                self._say(step.text)
                self._record(message_id, {"type": "text", "text": step.text}, usage, reason)
            elif isinstance(step, Tool):
                calls.append((f"toolu_{os.urandom(12).hex()}", step))
                block = {"type": "tool_use", "id": calls[-1][0], "name": step.name}
                self._record(message_id, block | {"input": step.input}, usage, reason)
        self._session.meter.headers(self._session.meter.allowance.headers(time.time()))
        self._session.meter.count(usage, time.monotonic() - begin_s)
        yield from self._calls.run(calls)

    def _say(self, text: str) -> None:
        self._last = text
        self._screen.print(answer_block(text))
        self._activity.tokens += max(len(text) // 4, 1)
        self._activity.has_shown = True

    def _record(self, message_id: str, block: dict[str, object], usage: Usage, why: str) -> None:
        self._session.meter.read(str(block))
        model = self._session.options.model
        self._session.transcript.block(message_id, block, model, usage, why)

    def _usage(self, turn: Turn) -> Usage:
        given = [step for step in turn if isinstance(step, UsageStep)]
        if given:
            return Usage(given[-1].input_tokens, given[-1].output_tokens)
        return self._session.meter.estimate("".join(_texts(turn)))


def _texts(turn: Turn) -> Iterable[str]:
    for step in turn:
        if isinstance(step, Say):
            yield step.text
        elif isinstance(step, Tool):
            yield str(step.input)
