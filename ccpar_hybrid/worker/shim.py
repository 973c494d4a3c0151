"""`ccpar-task`: the process that Pueue runs, which lives exactly as long as the task's run.

It offers its task to the idle workers of its group, writes what the agent does to standard
output (`pueue log`, `pueue follow`), and ends with the outcome's exit code. Standard library
only, and as little of it as will do: it starts once for every task.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not __package__:
    # Run as a file by a launcher, with -I -S: the package's root is on no search path.
    sys.path.insert(0, __file__.rsplit("/", 3)[0])

import os
import select
import signal

from ccpar_hybrid.system import paths as paths_module
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.offer import Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ccpar_hybrid.system.paths import Paths
    from ccpar_hybrid.worker.wire import Link, Message

EXIT_BAD_INPUT = 2
EXIT_TERMINATED = 143
POKE_ALL_AFTER_S = 0.03
SAY_WAITING_AFTER_S = 2.0
LOOK_AGAIN_S = 10.0
CLAIM_TIMEOUT_S = 5.0
DEFAULT_GROUP = "subissues"


def run() -> None:
    """Entry point of the `ccpar-task` command."""
    sys.exit(main(sys.argv[1:], os.environ))


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one task; returns the exit code that Pueue records."""
    try:
        task = _task_message(arguments, environment)
        paths = paths_module.resolve(environment)
        with Signals() as signals:
            return Shim(paths, task, signals).run()
    except paths_module.UnsafePath as error:
        say(f"refused: {error}")
        return EXIT_BAD_INPUT
    except (ValueError, OSError) as error:
        say(str(error))
        return EXIT_BAD_INPUT


def say(text: str) -> None:
    """A line of our own in the task's log; a full disk must not end the run."""
    write(f"ccpar: {text}\n")


def write(text: str) -> None:
    """Pass text on to Pueue's log, undecodable bytes as they were."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError:
        pass


_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Signals:
    """Turns TERM, INT, HUP and CONT into something that `select` can wait for."""

    def __enter__(self) -> Signals:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGCONT):
            signal.signal(number, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self.reader)
        os.close(self._writer)

    def take_end(self) -> bool:
        """Forget the signals that were seen; whether one of them asks us to end."""
        return any(number in _ENDING for number in os.read(self.reader, 64))


class Shim:
    """One task's way through offers, a claim and the run."""

    def __init__(self, paths: Paths, task: Message, signals: Signals) -> None:
        self._paths = paths
        self._task = task
        self._signals = signals
        self._stdin_open = True
        self._since = None  # type: str | None
        self._reported_gone = False

    def run(self) -> int:
        """Until an outcome is known; a lost worker means another offer."""
        while True:
            link = self._attach() or self._offer()
            if link is None:
                return EXIT_TERMINATED
            with link:
                code = self._follow(link)
            if code is not None:
                return code

    def _attach(self) -> Link | None:
        key = self._task.get("key")
        if not key:
            return None
        try:
            link = wire.Link.connect(self._paths.run_socket(key))
            link.send(self._task)
        except OSError:
            return None
        return link

    def _offer(self) -> Link | None:
        """Wait for a worker to claim; None when we are asked to end first."""
        with Offer(self._paths, self._task["group"], self._since) as offer:
            self._since = offer.name
            offer.poke_one()
            timeouts = [POKE_ALL_AFTER_S, SAY_WAITING_AFTER_S]
            while True:
                ready = self._wait(offer.listener, timeouts[0] if timeouts else LOOK_AGAIN_S)
                if self._signals.reader in ready:
                    if self._signals.take_end():
                        return None
                    offer.poke_all()  # continued after a pause: workers passed us over meanwhile
                elif offer.listener in ready:
                    link = offer.accept(self._task, CLAIM_TIMEOUT_S)
                    if link is not None:
                        return link
                elif not ready:
                    self._remind(offer, timeouts)

    def _remind(self, offer: Offer, timeouts: list[float]) -> None:
        """Nobody came in time: wake everybody, tell the log once, and mend a lost offer."""
        if timeouts and timeouts.pop(0) == SAY_WAITING_AFTER_S:
            group = self._task["group"]
            say(f"waiting for an idle worker of group {group} (see `ccpar-hybrid status`)")
        if not offer.is_published():
            offer.publish()
        offer.poke_all()

    def _wait(self, other: Any, timeout_s: float | None) -> list[Any]:
        watched = [other, self._signals.reader]
        if self._stdin_open:
            watched.append(0)
        ready, _, _ = select.select(watched, [], [], timeout_s)
        if 0 in ready:
            ready.remove(0)
            self._read_stdin()
            return ready or self._wait(other, timeout_s)
        return ready

    def _read_stdin(self) -> None:
        """The daemon holds our standard input open: its end means that the daemon died."""
        try:
            self._stdin_open = bool(os.read(0, 65536))
        except OSError:
            self._stdin_open = False

    def _follow(self, link: Link) -> int | None:
        """Pass on what the worker tells; the exit code, or None if the worker is lost."""
        try:
            while True:
                for message in link.buffered():
                    if message["type"] == wire.OUTPUT:
                        write(message["text"])
                    elif message["type"] == wire.OUTCOME:
                        return int(message["exit_code"])
                    elif message["type"] in (wire.ATTACH, wire.DECLINED):
                        self._turned_away(message)
                        return None
                ready = self._wait(link.socket, None if self._stdin_open else LOOK_AGAIN_S)
                self._report(link, ready)
                if link.socket in ready and not link.fill():
                    break
        except (OSError, wire.WireError):
            pass
        say("the worker is gone; offering the task again")
        return None

    def _report(self, link: Link, ready: list[Any]) -> None:
        if self._signals.reader in ready and self._signals.take_end():
            link.send({"type": wire.CANCEL})
        if not self._stdin_open and not self._reported_gone:
            self._reported_gone = True
            link.send({"type": wire.DAEMON_GONE})

    def _turned_away(self, message: Message) -> None:
        """The key runs elsewhere, or the worker can't take it: look again in a moment."""
        if message.get("key"):
            self._task["key"] = message["key"]
        if message.get("reason"):
            say(message["reason"])
        select.select([self._signals.reader], [], [], 0.2)


def _task_message(arguments: Sequence[str], environment: Mapping[str, str]) -> Message:
    task = {
        "type": wire.TASK,
        "wire": wire.WIRE,
        "pid": os.getpid(),
        "group": environment.get("PUEUE_GROUP") or DEFAULT_GROUP,
        "pueue_id": _pueue_id(),
        "directory": os.getcwd(),
    }  # type: Message
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        task["key"] = arguments[0]
    else:
        from ccpar_hybrid.worker.by_hand import parse  # argparse: only for tasks added by hand

        task["by_hand"] = parse(arguments, environment)
    return task


def _pueue_id() -> int | None:
    """Pueue tells a task no id, but it writes our output to `task_logs/<id>.log`."""
    try:
        name = os.path.basename(os.readlink("/proc/self/fd/1"))
    except OSError:
        return None
    number, _, ending = name.partition(".")
    return int(number) if ending == "log" and number.isdigit() else None


if __name__ == "__main__":
    run()
