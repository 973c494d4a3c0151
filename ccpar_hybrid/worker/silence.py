"""What a worker does about an agent of which nothing is heard: ask it once, then end it."""

from __future__ import annotations

from ccpar_hybrid.core.text import first_line
from ccpar_hybrid.worker.ending import Ended, last_line, silent
from ccpar_hybrid.worker.interaction import Interaction
from ccpar_hybrid.worker.program import Program
from ccpar_hybrid.worker.record import Record
from ccpar_hybrid.worker.story import Story
from ccpar_hybrid.worker.vigil import NUDGE, Due, Vigil

SILENT = "silent"
"""Event: nothing was heard of the agent for its idle limit; whether it was asked."""
_WIDTH = 120


class Silence:
    """Over one program; `talk` is None for one that has no session."""

    def __init__(
        self,
        idle_s: float | None,
        program: Program,
        talk: Interaction | None,
        story: Story,
        record: Record,
        now: float,
    ) -> None:
        self._idle_s = idle_s or 0.0
        self._vigil = Vigil(idle_s, now)
        self._program = program
        self._talk = talk
        self._story = story
        self._record = record
        self._signs = 0

    async def look(self, now: float, *, paused: bool) -> Ended | None:
        """Nudge or judge it if that is due; its end if it was silent for too long."""
        signs = self._program.signs + (self._talk.signs if self._talk else 0)
        if signs != self._signs:
            self._signs = signs
            self._vigil.heard(now)
        if paused or (self._talk is not None and self._talk.expects_nothing):
            self._vigil.rest(now)
        match self._vigil.due(now):
            case Due.NUDGE:
                await self._nudge()
            case Due.STOP:
                return silent(2 * self._idle_s, await self._evidence())
        return None

    async def _nudge(self) -> None:
        asked = self._talk is not None and await self._talk.nudge(NUDGE)
        how = "asked whether it is still at work" if asked else "it cannot be asked now"
        self._story.line(f"· nothing heard for {self._idle_s:g} s; {how}")
        self._record.tell(SILENT, idle_s=self._idle_s, asked=asked)

    async def _evidence(self) -> str:
        """What was seen last, for the reason."""
        if self._talk is None:
            output = last_line(self._program.last_output.decode("utf-8", "replace"))
            return f"last output: {output or 'none'}"
        words = {
            "last step": self._talk.last_step,
            "last words": first_line(self._talk.last_message or "", _WIDTH),
            "screen": last_line(await self._talk.screen()),
        }
        return "; ".join(f"{name}: {text}" for name, text in words.items() if text)
