"""A pane's terminal: starting a program on it, and making it clean again afterwards."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import os
import pty
import signal
import struct
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_JOB_CONTROL = (signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP, signal.SIGINT, signal.SIGQUIT)
_RESET_SIGNALS = [
    number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)
]

_WAIT_THEN_RUN = (
    'IFS= read -r _ <&3 || exit 125; exec 3<&-; cd -- "$1" || exit 126; shift; exec "$@"'
)
"""The child waits for a line on descriptor 3, so that the terminal is its own, and its start is
on record, before the program's first instruction."""

_OWN_TERMINAL = 'exec 0<>"$1" 1>&0 2>&0; shift; '
"""A session leader's first open of a terminal makes it the controlling one (POSIX leaves it to
the system; Linux and macOS do)."""

LEAVE_MODES = (
    "\x1b[?1049l"  # alternate screen
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l"  # mouse
    "\x1b[?1004l\x1b[?2004l\x1b[?2026l"  # focus events, bracketed paste, synchronized output
    "\x1b[<u\x1b[>4m"  # keyboard protocols
    "\x1b[?1l\x1b>"  # cursor keys, keypad
    "\x1b[4l\x1b[?7h\x1b[?25h"  # insert, wrap, cursor visible
    "\x1b(B\x0f\x1b[0m\x1b[r"  # character set, colours, scroll region
)
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


@dataclass(frozen=True)
class Gate:
    """Holds a started program back until `open` is called."""

    descriptor: int

    def open(self) -> None:
        """Let the program begin; nothing happens if it is gone already."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.descriptor, b"\n")
        os.close(self.descriptor)


def ignore_job_control() -> None:
    """A parent that gives its terminal away must not be stopped or ended by that terminal."""
    for number in _JOB_CONTROL:
        signal.signal(number, signal.SIG_IGN)


def spawn_foreground(
    argv: Sequence[str],
    environment: Mapping[str, str],
    directory: str,
    terminal: int,
    stdin: str | None = None,
) -> tuple[int, Gate]:
    """Start a program as the foreground job of our terminal, in a process group of its own.

    `stdin` is a file for its standard input, else that is the terminal. Returns its pid and the
    gate behind which it waits. Raises OSError.
    """
    arguments = (directory, *argv)
    pid, gate = _spawn(_WAIT_THEN_RUN, arguments, environment, session=False, stdin=stdin)
    os.tcsetpgrp(terminal, pid)
    return pid, gate


def spawn_in_terminal(
    argv: Sequence[str], environment: Mapping[str, str], directory: str, like: int
) -> tuple[int, Gate, int]:
    """Start a program in a new terminal, of the size of `like`, as the leader of a session.

    Returns its pid, its gate, and our end of its terminal (to be closed by the caller).
    """
    ours, theirs = pty.openpty()
    try:
        copy_size(like, ours)
        arguments = (os.ttyname(theirs), directory, *argv)
        pid, gate = _spawn(_OWN_TERMINAL + _WAIT_THEN_RUN, arguments, environment, session=True)
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    os.set_inheritable(ours, False)
    return pid, gate, ours


def _spawn(
    script: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    session: bool,
    stdin: str | None = None,
) -> tuple[int, Gate]:
    reader, writer = os.pipe()
    actions: list[tuple[int, int, int] | tuple[int, int, str, int, int]]
    actions = [(os.POSIX_SPAWN_DUP2, reader, 3)]
    if stdin is not None:
        actions.append((os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0))
    spawn = functools.partial(
        os.posix_spawn,
        "/bin/sh",
        ["sh", "-c", script, "sh", *arguments],
        dict(environment),
        file_actions=actions,
        setsigmask=[],
        setsigdef=_RESET_SIGNALS,
    )
    try:
        pid = spawn(setsid=True) if session else spawn(setpgroup=0)
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    return pid, Gate(writer)


class TerminalGone(Exception):
    """The worker's terminal was taken away: its pane or the whole tmux server has ended."""


def is_gone(terminal: int) -> bool:
    """Whether the terminal was taken away from under this process."""
    try:
        termios.tcgetattr(terminal)
    except termios.error:
        return True
    return False


def take_back(terminal: int, saved: list[object]) -> None:
    """Make the terminal ours again after a program: foreground, modes, unread input, screen."""
    with contextlib.suppress(OSError):
        os.tcsetpgrp(terminal, os.getpgrp())
    with contextlib.suppress(termios.error):
        termios.tcflush(terminal, termios.TCIFLUSH)
        termios.tcsetattr(terminal, termios.TCSANOW, saved)  # type: ignore[arg-type]
    write_all(terminal, (LEAVE_MODES + CLEAR).encode())


def make_silent(terminal: int) -> None:
    """No echo, no line editing, no signals from keys: for a pane that only shows."""
    modes = termios.tcgetattr(terminal)
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def make_raw(terminal: int) -> None:
    """Pass every key on as it is: for a pane behind which another terminal stands."""
    modes = termios.tcgetattr(terminal)
    modes[0] &= ~(termios.IXON | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP)
    modes[1] &= ~termios.OPOST
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(terminal, termios.TCSANOW, modes)


def copy_size(source: int, target: int) -> None:
    """Give one terminal the rows and columns of another; nothing where one has no size."""
    with contextlib.suppress(OSError):
        size = fcntl.ioctl(source, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        fcntl.ioctl(target, termios.TIOCSWINSZ, size)


def write_all(descriptor: int, data: bytes) -> None:
    """Write everything; a terminal that is gone is no error here."""
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        if error.errno not in (errno.EIO, errno.EBADF, errno.EPIPE):
            raise
