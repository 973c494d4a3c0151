"""A private real tmux server of a test's own, and a terminal in which to look at it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import private_environment, require_program
from tests.support.waiting import wait_until


class TmuxServer:
    """What plain `tmux` reaches with `environment`; it starts with the first session."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        require_program("tmux")
        self.environment = dict(environment)

    def tmux(self, *words: str) -> str:
        """What the command prints; AssertionError with its words if it fails."""
        done = self._run(*words)
        assert done.returncode == 0, f"tmux {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def lines(self, *words: str) -> list[str]:
        """What the command prints, line by line."""
        return self.tmux(*words).splitlines()

    def start_session(self, name: str, *argv: str, columns: int = 100, rows: int = 30) -> str:
        """A session of one pane that runs `argv` (default: a program that only waits); its id."""
        size = ("-x", str(columns), "-y", str(rows))
        made = self.tmux(
            "new-session", "-d", "-s", name, *size, "-PF", "#{pane_id}", *(argv or ("cat",))
        )
        return made.strip()

    def close(self) -> None:
        """End the server and all that runs in it; nothing happens where there is none."""
        self._run("kill-server")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["tmux", "-u", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=30,
        )


class Terminal:
    """A terminal of a given size, drawn by a second tmux server: borders can be seen in it."""

    def __init__(self, home: Path, columns: int, rows: int) -> None:
        home.mkdir(mode=0o700)
        self._server = TmuxServer(private_environment(home))
        self._size = (columns, rows)

    def show(self, server: TmuxServer, *argv: str) -> None:
        """Run a client of the other server in here."""
        settings = [f"{name}={value}" for name, value in server.environment.items()]
        columns, rows = self._size
        # -u TMUX: this terminal is a tmux itself, and its client would refuse to nest.
        program = ("env", "-u", "TMUX", "-u", "TMUX_PANE", *settings, "TERM=screen-256color")
        self._server.start_session("t", *program, *argv, columns=columns, rows=rows)
        self._server.tmux("set", "-g", "status", "off")
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as a person does with the mouse."""
        self._server.tmux("resize-window", "-t", "t:", "-x", str(columns), "-y", str(rows))

    def screen(self, *, colours: bool = False) -> str:
        """All that the terminal shows now."""
        return self._server.tmux("capture-pane", "-p", *(("-e",) if colours else ()), "-t", "t:")

    def press(self, *keys: str) -> None:
        """Type into the terminal."""
        self._server.tmux("send-keys", "-t", "t:", *keys)

    def wait_for(self, text: str) -> str:
        """The screen as soon as the text stands in it."""
        wait_until(lambda: text in self.screen(), message=f"{text!r} on the screen")
        return self.screen()

    def close(self) -> None:
        """End the terminal; what its client showed goes on."""
        self._server.close()


@contextmanager
def running_tmux(environment: Mapping[str, str]) -> Iterator[TmuxServer]:
    """A server that ends with the block."""
    server = TmuxServer(environment)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def terminal(home: Path, columns: int = 200, rows: int = 50) -> Iterator[Terminal]:
    """A terminal that ends with the block; `home` is a directory that is not there yet."""
    opened = Terminal(home, columns, rows)
    try:
        yield opened
    finally:
        opened.close()
