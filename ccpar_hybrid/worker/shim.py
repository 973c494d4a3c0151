"""`ccpar-task`: the process that Pueue runs, which lives exactly as long as the task's run.

It offers its task to the idle workers of its group, writes what the agent does to standard
output (`pueue log`, `pueue follow`), and ends with the outcome's exit code. Standard library
only, and as little of it as will do: it starts once for every task.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys

from ccpar_hybrid.system import paths as paths_module
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.offer import Offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ccpar_hybrid.worker.wire import Link, Message
else:
    import _signal as signal  # `signal` without its enums, which take longer than the rest

EXIT_BAD_INPUT = 2
EXIT_TERMINATED = 143
POKE_ALL_AFTER_S = 0.03
SAY_WAITING_AFTER_S = 2.0
LOOK_AGAIN_S = 10.0
REST_S = 2.0
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
CLAIM_TIMEOUT_S = 5.0
DEFAULT_GROUP = "subissues"


def run(instance: Mapping[str, str] | None = None) -> None:
    """Entry point of the `ccpar-task` command; `instance` names it where the environment can't."""
    sys.exit(main(sys.argv[1:], {**os.environ, **(instance or {})}))


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one task; returns the exit code that Pueue records."""
    try:
        task = _task_message(arguments, environment)
        with Signals() as signals:
            reach("shim.started")
            return Shim(environment, task, signals).run()
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


_ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Turns TERM, INT and CONT into something that `select` can wait for.

    HUP is ignored: nobody asks for an end by it, and the kernel sends it, with CONT, to a shim
    that is paused when its daemon dies.
    """

    def __enter__(self) -> Signals:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGCONT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
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

    def __init__(self, environment: Mapping[str, str], task: Message, signals: Signals) -> None:
        self._environment = environment
        self._paths = paths_module.resolve(environment)
        self._task = task
        self._is_ending = False
        self._signals = signals
        self._stdin_open = True
        self._has_daemon = stat.S_ISFIFO(os.fstat(0).st_mode)
        self._trouble = ""
        self._since = None  # type: str | None
        self._reported_gone = False
        self._reported_refused = False

    def run(self) -> int:
        """Until an outcome is known; a lost worker means another offer.

        A full disk or a directory that is not private keeps it from offering, not from trying
        again: the task has not failed.
        """
        while True:
            link = None
            try:
                link = self._attach() or self._offer()
            except (OSError, paths_module.UnsafePath) as error:
                self._rest(error)
            if link is not None:
                with link:
                    code = self._follow(link)
                if code is not None:
                    return code
            if self._is_ending:
                return EXIT_TERMINATED
            self._paths = paths_module.resolve(self._environment)

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
        """Wait for a worker to claim; None when we are to end, or workers meet elsewhere now.

        Without its daemon it has nobody to tell an outcome: a recovery queues the task again.
        """
        with Offer(self._paths, self._task["group"], self._since) as offer:
            self._since = offer.name
            reach("shim.published")
            offer.poke_one()
            timeouts = [POKE_ALL_AFTER_S, SAY_WAITING_AFTER_S]
            while True:
                ready = self._wait(offer.listener, timeouts[0] if timeouts else LOOK_AGAIN_S)
                if self._has_daemon and not self._stdin_open:
                    say("Pueue has ended; it shall start the task again")
                    self._is_ending = True
                    return None
                if self._signals.reader in ready:
                    self._is_ending = self._signals.take_end()
                    if self._is_ending:
                        return None
                    offer.poke_all()  # continued after a pause: workers passed us over meanwhile
                elif offer.listener in ready:
                    link = offer.accept(self._task, CLAIM_TIMEOUT_S)
                    if link is not None:
                        reach("shim.handed")
                        return link
                elif not ready:
                    self._remind(offer, timeouts)
                    if paths_module.resolve(self._environment).runtime != self._paths.runtime:
                        return None

    def _rest(self, error: Exception) -> None:
        trouble = f"cannot offer the task, trying again: {error}"
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            trouble = f"no room for an offer in {self._paths.runtime}; trying again until there is"
        if trouble != self._trouble:
            say(trouble)
        self._trouble = trouble
        is_asked = self._signals.reader in self._wait(self._signals.reader, REST_S)
        orphaned = self._has_daemon and not self._stdin_open
        self._is_ending = orphaned or (is_asked and self._signals.take_end())

    def _remind(self, offer: Offer, timeouts: list[float]) -> None:
        """Nobody came in time: wake everybody, tell the log once, and mend a lost offer."""
        if timeouts and timeouts.pop(0) == SAY_WAITING_AFTER_S:
            group = self._task["group"]
            say(f"waiting for an idle worker of group {group} (see `ccpar-hybrid status`)")
        if offer.refused and not self._reported_refused:
            self._reported_refused = True
            name = offer.refused.rpartition(".")[2]
            say(f"worker {name} runs another version: `ccpar-hybrid workers restart {name}`")
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
            return ready if ready or not self._stdin_open else self._wait(other, timeout_s)
        return ready

    def _read_stdin(self) -> None:
        """The daemon holds our standard input open: its end means that the daemon died."""
        try:
            self._stdin_open = bool(os.read(0, 65536))
        except OSError:
            self._stdin_open = False

    def _follow(self, link: Link) -> int | None:
        """Pass on what the worker tells; the exit code, or None if the worker is lost."""
        self._reported_gone = False
        try:
            self._report(link, [])
            while True:
                for message in link.buffered():
                    if message["type"] == wire.OUTPUT:
                        write(message["text"])
                    elif message["type"] == wire.OUTCOME:
                        reach("shim.told")
                        return int(message["exit_code"])
                    elif message["type"] == wire.ATTACH:
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
            self._is_ending = True
            link.send({"type": wire.CANCEL})
        if not self._stdin_open and not self._reported_gone:
            self._reported_gone = True
            link.send({"type": wire.DAEMON_GONE})

    def _turned_away(self, message: Message) -> None:
        """The key runs elsewhere: attach to that run, or offer again, in a moment."""
        self._task["key"] = message["key"]
        select.select([self._signals.reader], [], [], 0.2)


def _task_message(arguments: Sequence[str], environment: Mapping[str, str]) -> Message:
    task = {
        "type": wire.TASK,
        "wire": wire.WIRE,
        "pid": os.getpid(),
        "group": environment.get("PUEUE_GROUP") or DEFAULT_GROUP,
        "pueue_id": _pueue_id(),
        "directory": _directory(),
    }  # type: Message
    if len(arguments) == 1 and not arguments[0].startswith("-"):
        task["key"] = arguments[0]
    else:
        from ccpar_hybrid.worker.by_hand import parse  # argparse: only for tasks added by hand

        task["by_hand"] = parse(arguments, environment)
    return task


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed meanwhile, and a task with a key does not need it
        return "/"


def _pueue_id() -> int | None:
    """Pueue tells a task no id, but its output goes to `task_logs/<id>.log`.

    A person may have redirected one of our outputs, hardly both and the shell's as well.
    """
    for place in ("self/fd/1", "self/fd/2", f"{os.getppid()}/fd/1", f"{os.getppid()}/fd/2"):
        try:
            path = os.readlink(f"/proc/{place}")
        except OSError:
            continue
        directory, _, name = path.rpartition("/")
        number, _, ending = name.partition(".")
        if directory.endswith("/task_logs") and ending == "log" and number.isdigit():
            return int(number)
    return None
