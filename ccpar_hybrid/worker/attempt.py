"""One run of a task in the pane, from the agent's start to its outcome."""

from __future__ import annotations

import asyncio
import os
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ccpar_hybrid.agents.base import Agent, LaunchContext, Observation
from ccpar_hybrid.agents.claude_text import told
from ccpar_hybrid.agents.claude_tool import summary
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.mask import masked
from ccpar_hybrid.core.outcome import Attempt as AttemptRecord
from ccpar_hybrid.core.outcome import Outcome, Start
from ccpar_hybrid.core.settings import Via
from ccpar_hybrid.core.task import OnLimit, Task
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.terminal import TerminalGone, is_gone
from ccpar_hybrid.worker.allowance import GRACE_S
from ccpar_hybrid.worker.audience import Audience
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.door import Pending
from ccpar_hybrid.worker.ending import (
    Ended,
    cancelled,
    ended_by_itself,
    finished,
    not_started,
    over_allowance,
    timed_out,
    with_screen,
)
from ccpar_hybrid.worker.interaction import Interaction
from ccpar_hybrid.worker.leftover import MARK, mark_of
from ccpar_hybrid.worker.permission import Asking, Permissions, Reply
from ccpar_hybrid.worker.program import STANDARD_INPUT, Program
from ccpar_hybrid.worker.record import Record
from ccpar_hybrid.worker.silence import Silence
from ccpar_hybrid.worker.station import Station
from ccpar_hybrid.worker.story import Story
from ccpar_hybrid.worker.watch import Watch

TICK_S = 0.25
_DECIDED = {Decision.ALLOW: "allowed", Decision.DENY: "denied"}


@dataclass(frozen=True)
class Order:
    """What is to be run: the task, its row in the ledger, and the words before its prompt."""

    task: Task
    record: AttemptRecord
    opening: str = ""


class Attempt:
    """Runs one order; told about hooks, pauses and cancels from outside."""

    def __init__(
        self,
        station: Station,
        order: Order,
        agent: Agent,
        story: Story,
        console: Console,
        audience: Audience,
        record: Record,
    ) -> None:
        self._station = station
        self._order = order
        self._agent = agent
        self._story = story
        self._console = console
        self._audience = audience
        self._record = record
        self._inbox: asyncio.Queue[Mapping[str, object] | None] = asyncio.Queue()
        self._watch = Watch(station, order.task)
        self._grace_s = station.settings.agent.grace_s
        self._cancel: str | None = None
        self._is_abandoned = False
        self._paused_since: float | None = None
        self._paused_s = 0.0
        self._started = time.monotonic()
        self._shown: tuple[WorkerState, str] | None = None
        self._program: Program | None = None
        self._talk: Interaction | None = None
        self._session: str | None = None
        self._permissions = Permissions(station.paths.approver)
        self.since = datetime.now(UTC)
        """When the state that is shown began."""

    # --- told from outside, at any time

    def hook(self, event: Mapping[str, object]) -> None:
        """One of the agent's hooks has fired."""
        if self._permissions.is_watching:
            self._mind_permissions(event)
        self._inbox.put_nowait(event)

    def _mind_permissions(self, event: Mapping[str, object]) -> None:
        """Some events tell that a person has answered in the pane."""
        if (call := self._agent.carried_out(event)) is not None:
            self._permissions.see_done(call)
        elif (seen := self._agent.observe(event)) is not None:
            self._permissions.see_turn(seen.sign)

    @property
    def name(self) -> str:
        """The task's."""
        return self._order.task.name

    def ask(self, event: Mapping[str, object]) -> Pending | None:
        """Take in a hook that asks leave, and wait for the approver; None for any other one."""
        call = self._agent.asked(event)
        approver = self._station.settings.approver
        if call is None or not approver.run or approver.via is Via.SCREEN:
            return None
        what = summary(call.tool, call.input)

        def wait() -> None:
            self._story.line(f"· asks leave: {what} (ccpar-hybrid approvals show {held.id[:8]})")
            self.hook(event)

        def tell(reply: Reply) -> None:
            because = f": {told(masked(reply.message))}" if reply.message else ""
            self._story.line(f"· {_DECIDED[reply.decision]}: {what}{because}")

        held = self._permissions.begin(call, self._facts(event), wait)
        return Asking(held, self._agent, tell)

    def _facts(self, event: Mapping[str, object]) -> dict[str, object]:
        task, record, station = self._order.task, self._order.record, self._station
        session_id = event.get("session_id")
        return {
            "key": task.key,
            "attempt": record.number,
            "session": session_id if isinstance(session_id, str) else record.session_id,
            "agent": task.spec.agent,
            "group": task.spec.group,
            "worker": station.name,
            "pane": station.pane.pane_id,
            "directory": task.spec.directory,
        }

    def cancel(self, reason: str) -> None:
        """End the run; its outcome will be cancelled, for this reason."""
        self._cancel = self._cancel or reason
        self._inbox.put_nowait(None)

    def abandon(self) -> None:
        """End the agent, but not the task: this worker has to go, and another will go on."""
        self._is_abandoned = True
        self._inbox.put_nowait(None)

    def set_paused(self, paused: bool) -> None:
        """Stop the agent's processes, or let them go on; nothing happens if it is so already."""
        if self._program is None or paused == (self._paused_since is not None):
            return
        if paused:
            self._program.pause()
            self._paused_since = time.monotonic()
        else:
            self._program.go_on()
            self._paused_s += time.monotonic() - (self._paused_since or 0)
            self._paused_since = None
        self._record.tell("paused" if paused else "continued")
        self._show()

    def resize(self) -> None:
        """The pane has another size."""
        if self._program is not None:
            self._program.resize()

    @property
    def view(self) -> tuple[WorkerState, str, str]:
        """State, detail and where that is known from."""
        if self._paused_since is not None:
            return WorkerState.PAUSED, "", "process"
        if self._talk is not None:
            view = self._talk.view
            return view.state, view.detail, view.source
        return WorkerState.WORKING, "", "process"

    # --- the run

    async def run(self) -> Ended | None:
        """Start the agent, follow it to its end, and leave nothing of it; never raises OSError.

        None if it was abandoned: its outcome is open. Raises TerminalGone where it could not
        start because the pane has ended.
        """
        if self._cancel is not None:
            return cancelled(self._cancel)
        if self._is_abandoned:
            return None
        try:
            program = self._start()
        except (OSError, ValueError, termios.error) as error:
            if is_gone(STANDARD_INPUT):
                raise TerminalGone from error
            return not_started(error)
        try:
            ended = await self._follow(program)
            reach("attempt.over")
        finally:
            self._console.label(WorkerState.STOPPING, self._order.task.name)
            self._permissions.drop()
            ending = await program.close(self._grace_s)
            self._watch.close()
        reach("attempt.closed")
        self._record.tell("agent-ended", how=str(ending))
        return Ended(self._with_figures(ended.outcome), ended.cause) if ended else None

    def _start(self) -> Program:
        launch = self._watch.bounded(self._agent.launch(self._context()))
        reach("attempt.prepared")
        self._console.clear_for_task()
        program = Program(launch, self._order.task.spec.directory, self._story)
        program.start()
        for line in self._watch.begin(program.pid):
            self._story.line(line)
        reach("attempt.held")
        program.ending.add_done_callback(lambda _: self._inbox.put_nowait(None))
        self._program = program
        if self._agent.interactive:
            settings = self._station.settings.agent
            self._talk = Interaction(
                self._agent,
                launch,
                self._console,
                self._story,
                settings,
                witness=self._witness(),
                asks_at_limit=self._on_limit() is OnLimit.ASK,
            )
        self._started = time.monotonic()
        self._silence = Silence(
            self._idle_s(), program, self._talk, self._story, self._record, self._started
        )
        program.release()
        reach("attempt.released")
        self._record.tell("agent-started", pid=program.pid)
        self._show()
        return program

    def _witness(self) -> Callable[[Observation], None]:
        """Who hears what this session tells of its account."""
        station, spec = self._station, self._order.task.spec
        account = self._agent.account({**station.environment(), **spec.environment})
        if account is None:
            return lambda seen: None
        return partial(station.accounts.saw, account, spec.group)

    def _on_limit(self) -> OnLimit:
        return self._order.task.spec.on_limit or self._station.settings.limit.on_limit

    def _context(self) -> LaunchContext:
        station, task, record = self._station, self._order.task, self._order.record
        scratch = Path(station.paths.attempt(task.key, record.number))
        environment = {
            **station.environment(),
            **task.spec.environment,
            "CCPAR_TASK": task.key,
            "CCPAR_LABEL": task.spec.label or "",
            "CCPAR_ATTEMPT": str(record.number),
            "CCPAR_WORKER": station.name,
            MARK: mark_of(station.paths, task.key, record.number),
            "TERM": os.environ.get("TERM", "screen-256color"),
            "PWD": task.spec.directory,
        }
        return LaunchContext(
            key=task.key,
            attempt=record.number,
            spec=task.spec,
            scratch=scratch,
            session_id=record.session_id or "",
            resume=record.start is Start.RESUMED,
            opening=self._order.opening,
            hook_argv=(
                *station.hook_argv,
                station.paths.worker_socket(station.id),
                task.key,
                str(record.number),
            ),
            environment=environment,
        )

    async def _follow(self, program: Program) -> Ended | None:
        while True:
            await self._hear()
            self.set_paused(self._audience.is_paused)
            if self._cancel is not None:
                return cancelled(self._cancel)
            if self._is_abandoned:
                return None
            if program.ending.done():
                return await self._judge_exit(program)
            if excess := self._watch.excess(program.tree, time.monotonic()):
                self._grace_s = min(self._grace_s, GRACE_S)
                return over_allowance(excess)
            if self._is_over_time():
                return timed_out(self._order.task.spec.timeout_s or 0)
            if self._talk is not None and self._paused_since is None:
                result = await self._talk.tick(time.monotonic())
                if self._permissions.is_asking and self._talk.is_seen_at_work:
                    self._permissions.see_work()
                if result is not None:
                    return finished(result)
            is_paused = self._paused_since is not None
            if ended := await self._silence.look(time.monotonic(), paused=is_paused):
                return ended
            self._show()

    def _idle_s(self) -> float | None:
        return self._order.task.spec.idle_s or self._station.settings.retry.idle_s or None

    async def _hear(self) -> None:
        """Take in what has happened; at most a tick passes."""
        try:
            event = await asyncio.wait_for(self._inbox.get(), TICK_S)
        except TimeoutError:
            return
        if event is not None and self._talk is not None:
            self._talk.hear(event, time.monotonic())
            self._follow_session(self._talk)

    def _follow_session(self, talk: Interaction) -> None:
        """A `/clear` and a `/resume` in the pane change it; the next attempt needs the last one."""
        session_id = self._session = talk.take_session() or self._session
        record = self._order.record
        if session_id not in (None, record.session_id) and self._record.follow(session_id):
            changed = record.model_copy(update={"session_id": session_id})
            self._order = replace(self._order, record=changed)

    async def _judge_exit(self, program: Program) -> Ended:
        ending = program.ending.result()
        if blame := self._watch.blame(ending):
            return over_allowance(blame)
        if self._talk is None:
            return ended_by_itself(ending, interactive=False, over=False, taken=True)
        self._talk.read_transcript()
        if self._talk.is_over and self._talk.failure is not None:
            return finished(self._talk.failure)
        ended = ended_by_itself(
            ending, interactive=True, over=self._talk.is_over, taken=self._talk.is_taken
        )
        return ended if self._talk.is_over else with_screen(ended, await self._console.capture())

    def _is_over_time(self) -> bool:
        limit_s = self._order.task.spec.timeout_s
        if limit_s is None or self._paused_since is not None:
            return False
        return time.monotonic() - self._started - self._paused_s > limit_s

    def _with_figures(self, outcome: Outcome) -> Outcome:
        figures: dict[str, object] = {"duration_s": round(time.monotonic() - self._started, 3)}
        if self._talk is not None:
            self._talk.read_transcript()
            figures |= {
                "session_id": self._order.record.session_id,
                "usage": self._talk.usage,
                "last_message": self._talk.last_message,
            }
        return outcome.model_copy(update={**figures, "ended_at": datetime.now(UTC)})

    def _show(self) -> None:
        state, detail, _ = self.view
        if self._shown == (state, detail):
            return
        if WorkerState.WAITING in (state, self._shown[0] if self._shown else None):
            self._record.tell(
                "waiting" if state is WorkerState.WAITING else "working", detail=detail
            )
        if self._shown is None or self._shown[0] is not state:
            self.since = datetime.now(UTC)
        self._shown = (state, detail)
        self._console.label(state, self._order.task.name, detail)
