"""Follows one interactive session from what is seen of it, and says when it is over.

Pure: it is told what was observed and what time it is (monotonic seconds).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ccpar_hybrid.agents.base import Observation, Screen, Sign, Source
from ccpar_hybrid.agents.failure import RATE_LIMIT
from ccpar_hybrid.core.worker import WorkerState

IDLE_LOOKS = 2
"""So many looks in a row must show an idle agent before it counts as waiting for a person."""
INTERRUPTED = "interrupted: say how to go on"
LIMITED = "usage limit reached: say how to go on"


class Phase(StrEnum):
    """Where the delivery of our prompt stands."""

    STARTING = "starting"
    READY = "ready"
    SENT = "sent"
    TAKEN = "taken"


class Verdict(StrEnum):
    """How a session that is over ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class View:
    """What to show of the session."""

    state: WorkerState
    detail: str
    source: Source


class Conversation:
    """The state of one session. `settle_s`: how long a finished turn must stay finished.

    `asks_at_limit`: a turn that a usage limit ended waits for a person.
    """

    def __init__(
        self,
        prompt: str | None,
        settle_s: float,
        is_same: Callable[[str, str], bool],
        *,
        asks_at_limit: bool = False,
    ) -> None:
        self._prompt = prompt
        self._is_same = is_same
        self._settle_s = settle_s
        self._asks_at_limit = asks_at_limit
        self.phase = Phase.STARTING if prompt is not None else Phase.TAKEN
        self._view = View(WorkerState.STARTING, "", Source.PROCESS)
        self._finished_at: float | None = None
        self._failure: Observation | None = None
        self._draft = False
        self._idle_looks = 0
        self._in_background = False
        self.last_message: str | None = None

    @property
    def view(self) -> View:
        """What it does now, and where that is known from."""
        return self._view

    @property
    def is_settling(self) -> bool:
        """Whether a turn has ended and nothing has begun since."""
        return self._finished_at is not None

    @property
    def failure(self) -> Observation | None:
        """The error that ended the last turn."""
        return self._failure

    def see(self, seen: Observation, now: float) -> None:
        """Take in one observation."""
        match seen.sign:
            case Sign.SESSION:
                if self.phase is Phase.STARTING:
                    self.phase = Phase.READY
            case Sign.PROMPT:
                self._take(seen)
            case Sign.WORKING:
                self._work(seen)
            case Sign.WAITING:
                self._finished_at = None
                self._show(WorkerState.WAITING, seen)
            case Sign.BACKGROUND:
                self._finished_at = None
                self._in_background = True
                self._show(WorkerState.WORKING, seen)
            case Sign.TURN_FAILED if self._asks_at_limit and seen.error == RATE_LIMIT:
                self._finished_at = None
                self._view = View(WorkerState.WAITING, LIMITED, seen.source)
            case Sign.TURN_ENDED | Sign.TURN_FAILED:
                self._end_turn(seen, now)
            case Sign.ENDED:
                pass

    def see_screen(self, screen: Screen, now: float) -> None:
        """Take in the visible screen: the only witness before the first hook, and of a draft."""
        if self.phase is Phase.STARTING:
            if screen.waiting:
                self._view = View(WorkerState.WAITING, screen.waiting, Source.SCREEN)
            elif self._view.state is WorkerState.WAITING:
                self._view = View(WorkerState.STARTING, "", Source.SCREEN)
        elif self.phase is Phase.TAKEN and (self.is_settling or self._draft):
            self._mind_draft(screen, now)
        elif self.phase is Phase.TAKEN and screen.waiting:
            self._mind_dialog(screen.waiting)
        elif self.phase is Phase.TAKEN and screen.ready:
            self._mind_idle(screen)

    def sent(self) -> None:
        """Our prompt was pasted; the hook will say when it is taken."""
        self.phase = Phase.SENT

    def verdict(self, now: float) -> Verdict | None:
        """How it ended, once its turn has been over for the settle time with nothing pending."""
        if self._finished_at is None or self._draft or self.phase is not Phase.TAKEN:
            return None
        if now - self._finished_at < self._settle_s:
            return None
        return Verdict.FAILED if self._failure else Verdict.DONE

    def _take(self, seen: Observation) -> None:
        if self._is_ours(seen.text):
            self.phase = Phase.TAKEN
        self._work(seen)

    def _work(self, seen: Observation) -> None:
        self._finished_at = None
        self._failure = None
        self._draft = self._in_background = False
        self._idle_looks = 0
        detail = "" if seen.sign is Sign.PROMPT else seen.text
        self._view = View(WorkerState.WORKING, detail, seen.source)

    def _is_ours(self, taken: str) -> bool:
        return self._prompt is not None and self._is_same(taken, self._prompt)

    def _end_turn(self, seen: Observation, now: float) -> None:
        self._failure = seen if seen.sign is Sign.TURN_FAILED else None
        self._finished_at = now
        if seen.text:
            self.last_message = seen.text
        self._show(WorkerState.SETTLING, Observation(seen.sign, seen.source))

    def _mind_draft(self, screen: Screen, now: float) -> None:
        # A dialog about the error that ended the turn (a limit's) is no reason to stay.
        dialog = None if self._failure else screen.waiting
        had_draft, self._draft = self._draft, screen.draft is not None or dialog is not None
        if self._draft:
            why = dialog or "your text in the input box is not sent"
            self._view = View(WorkerState.WAITING, why, Source.SCREEN)
        elif had_draft:
            self._finished_at = now
            self._view = View(WorkerState.SETTLING, "", Source.SCREEN)

    def _mind_dialog(self, why: str) -> None:
        """One of which no hook told."""
        if self._view.state is WorkerState.WORKING:
            self._view = View(WorkerState.WAITING, why, Source.SCREEN)

    def _mind_idle(self, screen: Screen) -> None:
        """No hook tells that a dialog was answered by key, or that Esc ended a turn."""
        state = self._view.state
        if screen.busy:
            self._idle_looks = 0
            if state is WorkerState.WAITING:
                self._view = View(WorkerState.WORKING, "", Source.SCREEN)
        elif state is WorkerState.WORKING and not self._in_background:
            self._idle_looks += 1
            if self._idle_looks >= IDLE_LOOKS:
                self._view = View(WorkerState.WAITING, INTERRUPTED, Source.SCREEN)

    def _show(self, state: WorkerState, seen: Observation) -> None:
        self._view = View(state, seen.text, seen.source)
