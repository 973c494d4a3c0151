"""A claimed task's whole way on this worker: lease, attempt, outcome, and the shims that listen."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.core.outcome import Outcome
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.core.text import display_width, first_line
from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.system.process import is_stopped
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.account import Account
from ccpar_hybrid.worker.attempt import TICK_S, Attempt, Order
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.door import serve, unserve
from ccpar_hybrid.worker.ending import not_started
from ccpar_hybrid.worker.lease import lease
from ccpar_hybrid.worker.post import Claim
from ccpar_hybrid.worker.station import Station

KILLED = "killed (its Pueue task was ended)"
ASKED = "cancelled on request"


class Run:
    """One task in this pane. `attempt` is there while the agent runs."""

    def __init__(self, station: Station, console: Console, task: Task, claim: Claim) -> None:
        self._station = station
        self._console = console
        self.task = task
        self._shims = [claim]
        self._listeners: dict[Claim, asyncio.Task[None]] = {}
        self.attempt: Attempt | None = None
        self.number = 0
        self.agent = task.spec.agent

    async def execute(self) -> Outcome | None:
        """Run the task to its outcome and tell all shims; None if it runs elsewhere already."""
        first = self._shims[0]
        with lease(self._station.paths, self.task.key) as is_ours:
            if not is_ours:
                first.answer({"type": wire.ATTACH, "key": self.task.key})
                return None
            path = Path(self._station.paths.run_socket(self.task.key))
            make_private(str(path.parent))
            server = await serve(path, self._meet)
            try:
                first.answer({"type": wire.ACCEPTED, "key": self.task.key})
                return await self._execute(first)
            finally:
                await unserve(server, path)
                await self._dismiss()

    async def _execute(self, first: Claim) -> Outcome:
        order = self._begin(first)
        scratch = Path(make_private_tree(self._station.paths.attempt(self.task.key, self.number)))
        with Account(scratch / "output.log", self._limit()) as account:
            self._account = account
            account.attach(first.writer)
            account.line(self._opening(order))
            self._listen(first)
            watcher = asyncio.ensure_future(self._watch_shims())
            try:
                outcome = await self._attempt(order, account)
            finally:
                watcher.cancel()
            self._station.ledger.end_attempt(self.task.key, self.number, outcome, settle=True)
            account.line(closing(outcome))
        for shim in self._shims:
            shim.answer({"type": wire.OUTCOME, "exit_code": outcome.exit_code})
        return outcome

    def _limit(self) -> int:
        return self._station.settings.agent.log_limit_mib << 20

    def _begin(self, first: Claim) -> Order:
        last = self._station.ledger.last_attempts([self.task.key]).get(self.task.key)
        resume = last is not None and last.outcome is None and last.session_id is not None
        session_id = last.session_id if last and resume else str(uuid.uuid4())
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

    async def _attempt(self, order: Order, account: Account) -> Outcome:
        agent = self._station.agents.get(self.agent)
        trouble = self._trouble(agent)
        if agent is None or trouble:
            return not_started(trouble)
        self.attempt = Attempt(self._station, order, agent, account, self._console)
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
        return agent.missing({**self._station.environment, **self.task.spec.environment}) or ""

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
                self._account.attach(writer)
                self._listen(shim)
                return
        writer.close()

    def _listen(self, shim: Claim) -> None:
        self._listeners[id(shim)] = asyncio.ensure_future(self._hear(shim))  # type: ignore[index]

    async def _hear(self, shim: Claim) -> None:
        """Until the shim is gone: when the last one is, its run was killed through Pueue."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            while line := await shim.reader.readline():
                if wire.decode(line)["type"] == wire.CANCEL and self.attempt:
                    self.attempt.cancel(ASKED)
        self._account.detach(shim.writer)
        self._shims.remove(shim)
        shim.writer.close()
        if not self._shims and self.attempt:
            self.attempt.cancel(KILLED)

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
