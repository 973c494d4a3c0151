"""A claimed task's whole way on this worker: lease, attempts, outcome.

The run goes from attempt to attempt within one lease, and so within one Pueue task: whatever
waits for the task waits for all of them. What follows an attempt is decided in `step`, by what
the ledger holds; so a run that is cut off at any point goes on elsewhere with the same steps.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.core.errors import CcparError, Refused
from ccpar_hybrid.core.outcome import Attempt as AttemptRecord
from ccpar_hybrid.core.outcome import Cause, Outcome, Start
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.core.text import display_width, first_line
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.attempt import Attempt, Order
from ccpar_hybrid.worker.audience import KILLED, Audience
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.ending import Ended, cancelled, not_started
from ccpar_hybrid.worker.hold import Question
from ccpar_hybrid.worker.lease import lease
from ccpar_hybrid.worker.leftover import end_leftovers
from ccpar_hybrid.worker.opening import opening
from ccpar_hybrid.worker.post import Claim
from ccpar_hybrid.worker.record import HELD, Record
from ccpar_hybrid.worker.standby import Left, Standby
from ccpar_hybrid.worker.station import Station
from ccpar_hybrid.worker.step import Begin, Settle
from ccpar_hybrid.worker.story import Story, end_of

LOG = "output.log"


class Run:
    """One task in this pane. `attempt` is there while the agent runs."""

    def __init__(self, station: Station, console: Console, task: Task, claim: Claim) -> None:
        self._station = station
        self._console = console
        self.task = task
        self.agent = task.spec.agent
        self._claim = claim
        self._audience = Audience(claim, self.cancel, self._scheduler_answers)
        self._record = Record(station, task, keeps_sessions=self._keeps_sessions())
        self._standby = Standby(console, task.name, station.holds, self._audience, self._held)
        self._cancelled = ""
        self._is_abandoned = False
        self._story: Story | None = None
        self._since = datetime.now(UTC)
        self.attempt: Attempt | None = None

    # --- told from outside, at any time

    def cancel(self, reason: str) -> None:
        """End the run, if need be before its agent has begun."""
        self._cancelled = self._cancelled or reason
        self._standby.stir()
        if self.attempt:
            self.attempt.cancel(reason)

    def abandon(self) -> None:
        """End the agent, but not the task, for this worker has to go."""
        self._is_abandoned = True
        self._standby.leave()
        if self.attempt:
            self.attempt.abandon()

    @property
    def number(self) -> int:
        """The attempt's number; 0 before the first."""
        return self._record.number

    @property
    def view(self) -> tuple[WorkerState, str, str]:
        """State, detail and where that is known from."""
        if self.attempt is not None:
            return self.attempt.view
        return self._standby.view or (WorkerState.STARTING, "", "worker")

    @property
    def since(self) -> datetime:
        """When that state began."""
        if self.attempt is not None:
            return self.attempt.since
        return self._standby.since if self._standby.view else self._since

    # --- the run

    async def execute(self) -> Outcome | None:
        """Run the task to its outcome and tell all shims.

        None if it runs elsewhere already, or was abandoned: then the shims offer it again.
        """
        with lease(self._station.paths, self.task.key) as is_ours:
            if not is_ours:
                self._claim.answer({"type": wire.ATTACH, "key": self.task.key})
                return None
            reach("run.leased")
            with contextlib.suppress(Left):
                await self._end_leftovers()
                return await self._meet()
        return None

    async def _meet(self) -> Outcome | None:
        """Let shims listen while the task goes on."""
        await self._audience.open(Path(self._station.paths.run_socket(self.task.key)))
        reach("run.met")
        try:
            self._claim.answer({"type": wire.ACCEPTED, "key": self.task.key})
            return await self._go()
        finally:
            await self._audience.close()
            if self._story is not None:
                self._story.close()

    async def _end_leftovers(self) -> None:
        """Nothing lives any more of an attempt whose worker died under it."""
        if await self._standby.insist(lambda: self._record.cut_off) is not None:
            grace_s = self._station.settings.agent.grace_s
            await end_leftovers(self._station.paths, self.task.key, grace_s)

    async def _go(self) -> Outcome | None:
        """From step to step, until the task is settled or is none of ours any more."""
        ended: Ended | None = None
        while True:
            step = await self._standby.insist(partial(self._record.next_step, ended))
            if isinstance(step, Settle):
                return await self._settle(step.outcome, step.cause)
            if ended is not None and step.before is not None and step.before.outcome is not None:
                self._audience.line(closing(step.before.outcome))
            await self._standby.insist(partial(self._record.note, step.before))
            if step.before is not None:
                reach("run.noted")
            if not await self._standby.wait(self._question(step), _pause_s(step), _why(step)):
                return await self._leave()
            pueue_id = self._claim.task.get("pueue_id")
            try:
                attempt = await self._standby.insist(partial(self._record.begin, step, pueue_id))
            except Refused:  # settled since it was admitted: somebody cancelled it
                self._turn_away()
                return None
            reach("run.begun")
            ended = await self._attempt(step, attempt)
            if ended is None:
                return None
            reach("run.judged")

    async def _leave(self) -> Outcome | None:
        """Before its next attempt the task was cancelled, or this worker has to go."""
        if not self._cancelled:
            return None
        return await self._settle(cancelled(self._cancelled).outcome, Cause.ASKED)

    async def _settle(self, outcome: Outcome, cause: Cause) -> Outcome | None:
        """No shim hears an outcome that is not in the ledger."""
        await self._standby.insist(partial(self._record.settle, outcome, cause))
        outcome = self._record.outcome() or outcome  # the first one stays
        reach("run.settled")
        if outcome.reason != KILLED and not self._audience.reaches_scheduler:
            await self._standby.insist(self._record.undelivered)
        reach("run.delivered")
        self._audience.line(closing(outcome))
        self._audience.dismiss(outcome.exit_code)
        reach("run.told")
        return outcome

    def _turn_away(self) -> None:
        settled = self._record.outcome()
        if settled is not None:
            self._audience.dismiss(settled.exit_code)

    # --- an attempt

    async def _attempt(self, step: Begin, record: AttemptRecord) -> Ended | None:
        before = self._log_end()
        try:
            story = self._open_story(record)
        except OSError as error:
            return not_started(error)
        agent = self._station.agents.get(self.agent)
        trouble = self._trouble(agent)
        if agent is None or trouble:
            return not_started(trouble)
        order = Order(self.task, record, opening(step, before))
        self.attempt = Attempt(
            self._station, order, agent, story, self._console, self._audience, self._record
        )
        if self._is_abandoned:
            self.attempt.abandon()
        if self._cancelled:
            self.attempt.cancel(self._cancelled)
        try:
            return await self.attempt.run()
        finally:
            self._since = datetime.now(UTC)
            self.attempt = None

    def _trouble(self, agent: Agent | None) -> str:
        if agent is None:
            known = ", ".join(sorted(self._station.agents))
            return f"there is no agent {self.agent!r}; known are {known}"
        if not Path(self.task.spec.directory).is_dir():
            return f"{self.task.spec.directory} is not a directory"
        return agent.missing(self._environment()) or ""

    def _environment(self) -> dict[str, str]:
        return {**self._station.environment(), **self.task.spec.environment}

    def _keeps_sessions(self) -> bool:
        agent = self._station.agents.get(self.agent)
        return agent is not None and agent.interactive

    def _question(self, step: Begin) -> Question | None:
        agent = self._station.agents.get(self.agent)
        if agent is None:
            return None
        goes_on = step.start is not Start.FRESH
        return Question(self.task, agent, self._environment(), goes_on)

    def _scheduler_answers(self) -> bool:
        try:
            self._station.scheduler().snapshot()
        except CcparError:
            return False
        return True

    # --- its story

    def _open_story(self, record: AttemptRecord) -> Story:
        scratch = Path(make_private_tree(self._station.paths.attempt(record.key, record.number)))
        limit = self._station.settings.agent.log_limit_mib << 20
        story = Story(scratch / LOG, limit)
        self._audience.follow(story)
        if self._story is not None:
            self._story.close()
        self._story = story
        story.line(self._headline(record))
        return story

    def _headline(self, record: AttemptRecord) -> str:
        words = [self._station.name, f"attempt {record.number}"]
        if record.start is not Start.FRESH:
            words.append(record.start)
        words.append(self.agent)
        if record.session_id:
            words.append(f"session {record.session_id}")
        return f"▶ {' · '.join(words)} · {self.task.spec.directory}"

    def _log_end(self) -> str:
        """The end of the log of the attempt before, wherever that ran."""
        last = self._record.number - 1
        if last < 1:
            return ""
        return end_of(Path(self._station.paths.attempt(self.task.key, last)) / LOG)

    def _held(self, reason: str) -> None:
        self._audience.line(f"· held: {reason}")
        self._record.tell(HELD, reason=reason)


def _pause_s(step: Begin) -> float:
    """What is left of the pause; it began with the end of the attempt before."""
    if step.before is None or step.before.outcome is None:
        return 0.0
    gone_s = (datetime.now(UTC) - step.before.outcome.ended_at).total_seconds()
    return max(0.0, step.pause_s - max(0.0, gone_s))


def _why(step: Begin) -> str:
    if step.start is Start.FRESH:
        return f"next try (round {step.round})"
    cause = step.before.cause if step.before else None
    return f"goes on after {cause}" if cause else "goes on"


def make_private_tree(path: str) -> str:
    """The directory of an attempt, each level private."""
    directory = Path(path)
    for level in (directory.parent.parent, directory.parent, directory):
        make_private(str(level))
    return path


def closing(outcome: Outcome) -> str:
    """The last line of a run's story."""
    words = [f"{'✔' if outcome.exit_code == 0 else '✘'} {outcome.result}"]
    if outcome.reason not in ("", "done"):
        words.append(first_line(outcome.reason, max(80, display_width(outcome.reason))))
    words.append(f"{outcome.duration_s:.1f} s")
    if outcome.usage.total_tokens:
        words.append(f"{outcome.usage.total_tokens:,} tokens")
    if outcome.usage.cost_usd is not None:
        words.append(f"${outcome.usage.cost_usd:.2f}")
    return " · ".join(words)
