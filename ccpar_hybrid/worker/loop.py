"""A worker's life: stand idle, claim, run, tell; until it is drained or stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from datetime import UTC, datetime

from ccpar_hybrid.core.errors import NoRoom
from ccpar_hybrid.core.outcome import Outcome
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import is_no_room
from ccpar_hybrid.system.process import become_subreaper, release_memory
from ccpar_hybrid.system.terminal import ignore_job_control
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.admission import Admission, Refusal
from ccpar_hybrid.worker.attempt import Attempt
from ccpar_hybrid.worker.audience import ASKED
from ccpar_hybrid.worker.beat import Beat
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.door import Door, Pending
from ccpar_hybrid.worker.leftover import sweep
from ccpar_hybrid.worker.post import Claim, Post
from ccpar_hybrid.worker.run import Run, closing
from ccpar_hybrid.worker.station import Station
from ccpar_hybrid.worker.wire import Message

REST_S = 2.0
"""Idle for so long, a worker makes itself small; between two tasks that follow it does not."""
NO_ROOM_S = 2.0
"""So long nothing is tried after a disk had no room."""
STATUS_LINE = "StatusLine"
"""The event by which an agent asks for the line below its prompt."""


class Worker:
    """One worker of one pane."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._console = Console(station.pane, station.name, station.group)
        self._admission = Admission(station.ledger, station.scheduler, station.settings)
        self._door = Door(station.paths.worker_socket(station.id), self._answer, self._hold)
        self._leave = asyncio.Event()
        self._run: Run | None = None
        self._post: Post | None = None
        self._since = datetime.now(UTC)
        self._last = ""

    async def serve(self) -> None:
        """Until `drain` or `stop` is asked over the socket.

        TERM, or HUP with the end of the pane, ends worker and agent, but not the task: its shim
        offers it to the next worker.
        """
        ignore_job_control()
        become_subreaper()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._give_up)
        loop.add_signal_handler(signal.SIGHUP, self._give_up)
        loop.add_signal_handler(signal.SIGWINCH, self._resize)
        self._console.show_idle(self._last)
        beat = Beat(
            self._station.paths.beat(self._station.id), self._station.settings.supervisor.beat_s
        )
        await beat.start()
        await self._door.open()
        reach("worker.opened")
        await sweep(self._station.paths, self._station.settings.agent.grace_s)
        try:
            while not self._leave.is_set():
                await self._do_one_or_rest()
        finally:
            await self._door.close()
            await beat.stop()
            self._console.leave(f"{self._station.name} has ended")

    async def _do_one_or_rest(self) -> None:
        """A disk without room lets nothing be begun: the shim offers its task again."""
        try:
            await self._do_one()
        except (NoRoom, OSError) as error:
            if isinstance(error, OSError) and not is_no_room(error):
                raise
            self._last = f"no room on a disk: {error}"
            self._console.show_idle(self._last)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), NO_ROOM_S)

    async def _do_one(self) -> None:
        claim = await self._next_claim()
        if claim is None:
            return
        try:
            admitted = self._admission.admit(claim.task)
            reach("worker.admitted")
            if isinstance(admitted, Refusal):
                self._turn_away(claim, admitted)
            else:
                await self._execute(admitted, claim)
        finally:
            await claim.close()

    async def _next_claim(self) -> Claim | None:
        """The next task; None when this worker is asked to leave first."""
        self._console.show_idle(self._last)
        loop = asyncio.get_running_loop()
        resting = loop.call_later(REST_S, release_memory)
        with Post(self._station.paths, self._station.group, self._station.id) as post:
            self._post = post
            claiming = asyncio.ensure_future(post.claim())
            leaving = asyncio.ensure_future(self._leave.wait())
            await asyncio.wait({claiming, leaving}, return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            resting.cancel()
            if claiming.done():
                return claiming.result()
            claiming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                return await claiming
        return None

    def _turn_away(self, claim: Claim, refusal: Refusal) -> None:
        claim.answer({"type": wire.OUTPUT, "text": f"ccpar: {refusal.reason}\n"})
        claim.answer({"type": wire.OUTCOME, "exit_code": refusal.exit_code})

    async def _execute(self, task: Task, claim: Claim) -> None:
        self._since = datetime.now(UTC)
        self._run = Run(self._station, self._console, task, claim)
        try:
            outcome = await self._run.execute()
        finally:
            self._run = None
            self._since = datetime.now(UTC)
        if outcome is not None:
            self._last = last_words(task, outcome)

    # --- what others ask

    async def _answer(self, message: Message) -> Message:
        match message["type"]:
            case wire.STATUS:
                return {"type": wire.STATUS, "worker": self.status().model_dump(mode="json")}
            case wire.DRAIN:
                self._leave.set()
                return {"type": wire.OK}
            case wire.STAY:
                self._leave.clear()
                return {"type": wire.OK}
            case wire.STOP:
                self._stop()
                return {"type": wire.OK}
            case wire.CANCEL:
                return self._cancel(message)
            case wire.HOOK:
                return {"type": wire.HOOK_REPLY, "output": self._hook(message)}
        return {"type": wire.ERROR, "reason": f"unknown request {message['type']!r}"}

    def _hook(self, message: Message) -> str:
        attempt = self._attempt_of(message)
        if attempt is None:
            return ""
        attempt.hook(message["event"])
        if message["event"].get("hook_event_name") == STATUS_LINE:
            return f"{self._station.name} · {visible(attempt.name, 60)}"
        return ""

    def _hold(self, message: Message) -> Pending | None:
        """A hook that asks leave waits for its answer."""
        if message["type"] != wire.HOOK:
            return None
        attempt = self._attempt_of(message)
        return attempt.ask(message["event"]) if attempt is not None else None

    def _attempt_of(self, message: Message) -> Attempt | None:
        run = self._run
        if run is None or (run.task.key, run.number) != (message["key"], message["attempt"]):
            return None
        return run.attempt

    def _cancel(self, message: Message) -> Message:
        run = self._run
        if run is None or run.task.key != message["key"]:
            return {"type": wire.ERROR, "reason": f"{message['key']} does not run here"}
        run.cancel(ASKED)
        return {"type": wire.OK}

    def _stop(self) -> None:
        self._leave.set()
        if self._run:
            self._run.cancel(ASKED)

    def _give_up(self) -> None:
        self._leave.set()
        if self._run:
            self._run.abandon()

    def _resize(self) -> None:
        if self._run and self._run.attempt:
            self._run.attempt.resize()
        elif self._run is None:
            self._console.show_idle(self._last)

    def _trouble(self) -> str:
        """Why an idle worker does not take what waits."""
        if self._post is None or not self._post.has_stranger:
            return ""
        restart = f"`ccpar-hybrid workers restart {self._station.name}`"
        return f"a task of another version waits: {restart}"

    def status(self) -> WorkerStatus:
        """What this worker does now."""
        run = self._run
        state, detail, source = WorkerState.IDLE, self._trouble(), "worker"
        if run is not None:
            state, detail, source = run.view
        return WorkerStatus(
            name=self._station.name,
            session=self._station.session,
            group=self._station.group,
            pane=self._station.pane.pane_id,
            pid=os.getpid(),
            version=self._station.version,
            state=state,
            since=run.since if run else self._since,
            draining=self._leave.is_set(),
            key=run.task.key if run else None,
            label=run.task.spec.label if run else None,
            attempt=run.number or None if run else None,
            agent=run.agent if run else None,
            detail=detail,
            source=source,
            last=self._last,
            wire=wire.WIRE,
        )


def last_words(task: Task, outcome: Outcome) -> str:
    """What an idle worker says of the task before."""
    return f"last: {task.name} {closing(outcome)[2:]}"
