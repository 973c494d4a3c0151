"""The worker's side of an interactive session: gives the prompt, listens, knows the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from ccpar_hybrid.agents.base import Agent, Launch, Observation, Sign, Source, Transcript
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.outcome import Usage
from ccpar_hybrid.core.settings import AgentSettings
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.conversation import INTERRUPTED, Conversation, Phase, Verdict, View
from ccpar_hybrid.worker.story import Story

_LOOK_S = 0.5
_ENTER_AFTER_PASTE_S = 0.15
_ENTER_AGAIN_S = 1.0
_PASTE_AGAIN_S = 5.0
_LEAVE_S = 5.0
_QUIET_S = 2.0
"""After so long without a hook the screen is looked at."""

Finish = Observation | str
"""`""`: done; a text or the error seen: what made it fail."""


class Interaction:
    """One interactive session, from the launch of its program to the end of its turns."""

    def __init__(
        self,
        agent: Agent,
        launch: Launch,
        console: Console,
        story: Story,
        settings: AgentSettings,
        witness: Callable[[Observation], None] = lambda seen: None,
        asks_at_limit: bool = False,
    ) -> None:
        """`witness` hears every observation; `asks_at_limit`: a limit leaves it to a person."""
        self._agent = agent
        self._prompt = launch.prompt
        self._is_given = launch.stdin is not None
        self._console = console
        self._story = story
        self._settings = settings
        self._witness = witness
        self._conversation = Conversation(
            launch.prompt, settings.settle_s, agent.is_same_prompt, asks_at_limit=asks_at_limit
        )
        self._transcript: Transcript | None = None
        self._transcript_path: object = None
        self._session: str | None = None
        self._cost_usd: float | None = None
        self._tokens = Usage()
        self._earlier = Usage()
        self._looked_at = self._heard_at = 0.0
        self._ready_at: float | None = None
        self._pasted_at: float | None = None
        self._pressed_at = 0.0
        self._interrupted = False
        self._nudged = ""
        self._failed: Observation | None = None
        self._captured = ""
        self._leaving_since: float | None = None
        self.last_message: str | None = None
        self.last_step = ""
        """The last tool or step that was told."""
        self.signs = 0
        """How often there was a sign of life: a hook, or a change of the session's record."""

    @property
    def view(self) -> View:
        """What the session does now."""
        return self._conversation.view

    @property
    def is_seen_at_work(self) -> bool:
        """Whether the last look at the screen showed no dialog, and that the agent works."""
        view = self._conversation.view
        return (view.state, view.source) == (WorkerState.WORKING, Source.SCREEN)

    @property
    def is_over(self) -> bool:
        """Whether our prompt's turn has ended and no other has begun."""
        return self._conversation.is_settling and self._conversation.phase is Phase.TAKEN

    @property
    def is_taken(self) -> bool:
        """Whether our prompt was taken."""
        return self._conversation.phase is Phase.TAKEN

    @property
    def failure(self) -> Observation | None:
        """The error that ended the last turn."""
        return self._conversation.failure

    @property
    def usage(self) -> Usage:
        """Tokens of all sessions that this run had, and the cost that the agent told."""
        return _sum(self._earlier, self._tokens).model_copy(update={"cost_usd": self._cost_usd})

    @property
    def expects_nothing(self) -> bool:
        """Whether no sign of life is due: it waits for a person, or its turn is over.

        An idle screen alone is no proof that a person is to speak.
        """
        view = self._conversation.view
        if view.state is WorkerState.WAITING:
            return view.source is not Source.SCREEN or view.detail != INTERRUPTED
        return view.state is WorkerState.SETTLING

    def take_session(self) -> str | None:
        """The session id that was told since the last call."""
        session, self._session = self._session, None
        return session

    def hear(self, event: Mapping[str, object], now: float) -> None:
        """Take in one hook event."""
        seen = self._agent.observe(event)
        if seen is None:
            return
        self._heard_at = now
        self._witness(seen)
        self._session = seen.session_id or self._session
        if seen.cost_usd is not None:
            self._cost_usd = seen.cost_usd
        if seen.transcript is not None and seen.transcript != self._transcript_path:
            self._earlier, self._tokens = _sum(self._earlier, self._tokens), Usage()
            self._transcript_path = seen.transcript
            self._transcript = self._agent.transcript(seen.transcript)
        self.read_transcript()
        if self._failed is not None and seen.error == self._failed.error:
            seen = replace(seen, status=self._failed.status)
        self._story.line(seen.line or "")
        if seen.sign in (Sign.TURN_ENDED, Sign.TURN_FAILED) and seen.text:
            self.last_message = seen.text
        if seen.sign is Sign.WORKING and seen.text:
            self.last_step = seen.text
        if seen.sign is not Sign.FIGURES and not self._is_nudge(seen):
            self.signs += 1
        if seen.sign is not Sign.FIGURES:
            self._conversation.see(seen, now)

    def read_transcript(self) -> None:
        """Take in what the session's record has gained."""
        if self._transcript is None:
            return
        progress = self._transcript.read()
        self.signs += bool(progress.lines) or self._tokens != progress.usage
        self._tokens = progress.usage
        self.last_message = progress.last_message or self.last_message
        for line in progress.lines:
            self._story.line(line)
        was_interrupted, self._interrupted = self._interrupted, progress.interrupted
        if progress.interrupted and not was_interrupted:
            seen = Observation(Sign.WAITING, Source.TRANSCRIPT, INTERRUPTED)
            self._conversation.see(seen, 0.0)
        self._mind_failure(progress.failure)

    def _mind_failure(self, failure: Observation | None) -> None:
        """The record tells of an error even where its hook was lost."""
        is_new = failure is not None and failure != self._failed
        self._failed = failure
        if failure is not None and is_new and self._conversation.phase is Phase.TAKEN:
            self._witness(failure)
            self._conversation.see(failure, time.monotonic())

    async def tick(self, now: float) -> Finish | None:
        """Do what is due; a Finish when the session is over."""
        self.read_transcript()
        if self._conversation.phase is not Phase.TAKEN:
            await self._deliver(now)
            return self._undelivered(now)
        if self._conversation.is_settling:
            return await self._settle(now)
        if now - max(self._heard_at, self._looked_at) > _QUIET_S:
            await self._look(now)
        return None

    async def _settle(self, now: float) -> Finish | None:
        """Once all has been quiet long enough, look whether a person has begun to type."""
        if self._conversation.verdict(now) is None and now - self._looked_at < _LOOK_S:
            return None
        before = self._captured
        await self._look(now)
        verdict = self._conversation.verdict(now)
        if verdict is Verdict.FAILED:
            is_left = await self._leave_dialog(before, now)
            return self._conversation.failure if is_left else None
        return "" if verdict is Verdict.DONE else None

    async def _leave_dialog(self, before: str, now: float) -> bool:
        """Leave the dialog that the program opened by itself, once it stands still.

        The program is ended anyhow: a dialog that stays is no reason to wait for long.
        """
        if not self._screen.leave:
            return True
        self._leaving_since = self._leaving_since or now
        if now - self._leaving_since > _LEAVE_S:
            return True
        if before == self._captured and now - self._pressed_at > _ENTER_AGAIN_S:
            self._pressed_at = now
            for key in self._screen.leave:
                await self._console.press(key)
        return False

    async def _look(self, now: float) -> None:
        self._looked_at = now
        self._captured = await self._console.capture()
        self._screen = self._agent.read_screen(self._captured)
        self._conversation.see_screen(self._screen, now)

    async def screen(self) -> str:
        """What the pane shows now."""
        return await self._console.capture()

    async def nudge(self, text: str) -> bool:
        """Say something to an agent that seems to wait for words; False if it can't be asked."""
        await self._look(self._looked_at)
        if not self.is_taken or not self._screen.ready or self._screen.busy:
            return False
        if self._screen.waiting or self._screen.draft is not None:
            return False
        self._nudged = text
        return await self._say(text)

    def _is_nudge(self, seen: Observation) -> bool:
        is_prompt = seen.sign is Sign.PROMPT and bool(self._nudged)
        return is_prompt and self._agent.is_same_prompt(seen.text, self._nudged)

    # --- delivery

    async def _deliver(self, now: float) -> None:
        if now - self._looked_at < _LOOK_S and self._conversation.phase is not Phase.READY:
            return
        await self._look(now)
        if self._conversation.phase is Phase.STARTING and self._screen.ready:
            self._conversation.see(Observation(Sign.SESSION, Source.SCREEN), now)
        if self._conversation.phase is Phase.READY and self._screen.ready:
            self._ready_at = self._ready_at or now
            if self._is_given and self._pasted_at is None:
                self._pasted_at = now
                self._conversation.sent()
            else:
                await self._paste(now)
        elif self._conversation.phase is Phase.SENT:
            await self._urge(now)

    async def _paste(self, now: float) -> None:
        assert self._prompt is not None
        if await self._say(self._prompt):
            self._pasted_at = self._pressed_at = now
            self._conversation.sent()

    async def _say(self, text: str) -> bool:
        try:
            await self._console.paste(text)
            await asyncio.sleep(_ENTER_AFTER_PASTE_S)
            await self._console.press("Enter")
        except CcparError as error:
            self._story.line(f"ccpar: it could not be pasted: {error.message}")
            return False
        return True

    async def _urge(self, now: float) -> None:
        """Enter right after a paste is sometimes swallowed, and a paste during start-up lost."""
        if self._screen.busy or self._screen.waiting:
            return
        if self._screen.draft is not None and now - self._pressed_at > _ENTER_AGAIN_S:
            self._pressed_at = now
            await self._console.press("Enter")
        elif (
            self._screen.ready
            and self._screen.draft is None
            and now - (self._pasted_at or now) > _PASTE_AGAIN_S
        ):
            await self._paste(now)

    def _undelivered(self, now: float) -> str | None:
        """A person may take hours for a dialog; an agent that is ready may not."""
        waited_s = now - self._ready_at if self._ready_at is not None else 0.0
        if waited_s > self._settings.deliver_s:
            return f"the agent did not take its prompt within {self._settings.deliver_s:g} s"
        return None


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
    )
