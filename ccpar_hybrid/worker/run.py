"""A claimed task's whole way on this worker: lease, attempt, outcome, and the shims that listen."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.core.errors import Refused
from ccpar_hybrid.core.outcome import Attempt as AttemptRecord
from ccpar_hybrid.core.outcome import Event, Outcome
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.core.text import display_width, first_line
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.system.process import is_stopped, process
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.admission import UNDELIVERED
from ccpar_hybrid.worker.attempt import TICK_S, Attempt, Order
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.door import serve
from ccpar_hybrid.worker.ending import not_started
from ccpar_hybrid.worker.lease import lease
from ccpar_hybrid.worker.leftover import end_leftovers
from ccpar_hybrid.worker.post import Claim
from ccpar_hybrid.worker.station import Station
from ccpar_hybrid.worker.story import Story

KILLED = "killed (its Pueue task was ended)"
ASKED = "cancelled on request"


class Run:
    """One task in this pane. `attempt` is there while the agent runs."""

    def __init__(self, station: Station, console: Console, task: Task, claim: Claim) -> None:
        self._station = station
        self._console = console
        self.task = task
        self._shims = [claim]
        self._listeners: dict[int, asyncio.Task[None]] = {}
        self._daemons = {id(claim): _parent(claim)}
        self.attempt: Attempt | None = None
        self._cancelled = ""
        self._is_abandoned = False
        self.number = 0
        self.agent = task.spec.agent

    def cancel(self, reason: str) -> None:
        """End the run, if need be before its agent has begun."""
        self._cancelled = self._cancelled or reason
        if self.attempt:
            self.attempt.cancel(reason)

    def abandon(self) -> None:
        """End the agent, but not the task, for this worker has to go."""
        self._is_abandoned = True
        if self.attempt:
            self.attempt.abandon()

    async def execute(self) -> Outcome | None:
        """Run the task to its outcome and tell all shims.

        None if it runs elsewhere already, or was abandoned: then the shims offer it again.
        """
        first = self._shims[0]
        with lease(self._station.paths, self.task.key) as is_ours:
            if not is_ours:
                first.answer({"type": wire.ATTACH, "key": self.task.key})
                return None
            reach("run.leased")
            cut_off = await self._cut_off()
            path = Path(self._station.paths.run_socket(self.task.key))
            make_private(str(path.parent))
            listener = await serve(path, self._meet)
            reach("run.met")
            try:
                first.answer({"type": wire.ACCEPTED, "key": self.task.key})
                return await self._execute(first, cut_off)
            finally:
                listener.close()
                await self._dismiss()

    async def _cut_off(self) -> AttemptRecord | None:
        """The attempt before, if its worker died under it; nothing of it lives any more."""
        last = self._station.ledger.last_attempts([self.task.key]).get(self.task.key)
        if last is None or last.outcome is not None:
            return None
        grace_s = self._station.settings.agent.grace_s
        await end_leftovers(self._station.paths, self.task.key, grace_s)
        return last

    async def _execute(self, first: Claim, cut_off: AttemptRecord | None) -> Outcome | None:
        try:
            order = self._begin(first, cut_off)
        except Refused:  # settled since it was admitted: somebody cancelled it
            self._turn_away(first)
            return None
        reach("run.begun")
        scratch = Path(make_private_tree(self._station.paths.attempt(self.task.key, self.number)))
        with Story(scratch / "output.log", self._limit()) as story:
            self._story = story
            story.attach(first.writer)
            story.line(self._opening(order))
            self._listen(first)
            watcher = asyncio.ensure_future(self._watch_shims())
            try:
                outcome = await self._attempt(order, story)
            finally:
                watcher.cancel()
            if outcome is None:
                return None
            reach("run.judged")
            self._station.ledger.end_attempt(self.task.key, self.number, outcome, settle=True)
            reach("run.settled")
            if self._shims:
                self._note_delivery()
            reach("run.delivered")
            story.line(closing(outcome))
        for shim in self._shims:
            shim.answer({"type": wire.OUTCOME, "exit_code": outcome.exit_code})
        reach("run.told")
        return outcome

    def _turn_away(self, first: Claim) -> None:
        settled = self._station.ledger.outcome(self.task.key)
        if settled is not None:
            first.answer({"type": wire.OUTCOME, "exit_code": settled.exit_code})

    def _limit(self) -> int:
        return self._station.settings.agent.log_limit_mib << 20

    def _begin(self, first: Claim, cut_off: AttemptRecord | None) -> Order:
        """The next attempt; it goes on in the session of the one that was cut off."""
        resume = cut_off is not None and cut_off.session_id is not None
        session_id = cut_off.session_id if cut_off and resume else str(uuid.uuid4())
        record = self._station.ledger.begin_attempt(
            self.task.key,
            worker=self._station.id,
            agent=self.agent,
            session_id=session_id if self._keeps_sessions() else None,
            pueue_id=first.task.get("pueue_id"),
            at=datetime.now(UTC),
        )
        self.number = record.number
        return Order(self.task, record, resume and self._keeps_sessions())

    def _keeps_sessions(self) -> bool:
        agent = self._station.agents.get(self.agent)
        return agent is not None and agent.interactive

    async def _attempt(self, order: Order, story: Story) -> Outcome | None:
        agent = self._station.agents.get(self.agent)
        trouble = self._trouble(agent)
        if agent is None or trouble:
            return not_started(trouble)
        self.attempt = Attempt(self._station, order, agent, story, self._console)
        if self._is_abandoned:
            self.attempt.abandon()
        if self._cancelled:
            self.attempt.cancel(self._cancelled)
        try:
            return await self.attempt.run()
        finally:
            self.attempt = None

    def _trouble(self, agent: Agent | None) -> str:
        if agent is None:
            known = ", ".join(sorted(self._station.agents))
            return f"there is no agent {self.agent!r}; known are {known}"
        if not Path(self.task.spec.directory).is_dir():
            return f"{self.task.spec.directory} is not a directory"
        return agent.missing({**self._station.environment(), **self.task.spec.environment}) or ""

    def _opening(self, order: Order) -> str:
        words = [self._station.name, f"attempt {order.record.number}", self.agent]
        if order.record.session_id:
            words.append(f"session {order.record.session_id}")
        return f"▶ {' · '.join(words)} · {self.task.spec.directory}"

    # --- shims

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Another shim for this key: it hears what the first one heard, and gets the same end."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            line = await reader.readline()
            if line:
                shim = Claim(wire.decode(line), reader, writer)
                self._shims.append(shim)
                self._daemons[id(shim)] = _parent(shim)
                self._story.attach(writer)
                self._listen(shim)
                return
        writer.close()

    def _listen(self, shim: Claim) -> None:
        self._listeners[id(shim)] = asyncio.ensure_future(self._hear(shim))

    async def _hear(self, shim: Claim) -> None:
        """Until the shim is gone: when the last one is, its run was killed through Pueue."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            while line := await shim.reader.readline():
                self._obey(shim, wire.decode(line))
        self._story.detach(shim.writer)
        self._shims.remove(shim)
        shim.writer.close()
        if not self._shims:
            self.cancel(KILLED)

    def _obey(self, shim: Claim, message: wire.Message) -> None:
        if message["type"] == wire.CANCEL:
            self.cancel(ASKED)
        elif message["type"] == wire.DAEMON_GONE:
            self._daemons[id(shim)] = 0

    def _note_delivery(self) -> None:
        """Shims without their daemon tell nobody: the next one shall deliver, not run again."""
        if not any(self._daemons[id(shim)] == _parent(shim) for shim in self._shims):
            note = Event(
                key=self.task.key,
                at=datetime.now(UTC),
                kind=UNDELIVERED,
                attempt=self.number,
            )
            self._station.ledger.record(note)

    async def _watch_shims(self) -> None:
        """`pueue pause` stops the newest shim; nothing tells us but its state."""
        while True:
            await asyncio.sleep(TICK_S)
            if self._shims and self.attempt:
                self.attempt.set_paused(is_stopped(self._shims[-1].pid))

    async def _dismiss(self) -> None:
        for listener in self._listeners.values():
            listener.cancel()
        for shim in self._shims:
            await shim.close()


def _parent(shim: Claim) -> int | None:
    """The process that will hear of the shim's end: the daemon, or a shell in between."""
    info = process(shim.pid)
    return info.ppid if info else None


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
