"""A real pueued of a test's own: private configuration, socket and state."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import private_environment, require_program
from tests.support.waiting import wait_until

_CONFIG = """\
client: {{}}
daemon: {{}}
shared:
  pueue_directory: {directory}
  runtime_directory: {directory}
  alias_file: {directory}/aliases.yml
  unix_socket_path: {directory}/s
  unix_socket_permissions: 448
  use_unix_socket: true
"""


def write_config(home: Path) -> Path:
    """Configure Pueue so that everything of it lies in `home`/pueue."""
    directory = home / "pueue"
    directory.mkdir(mode=0o700, exist_ok=True)
    config = home / "pueue.yml"
    config.write_text(_CONFIG.format(directory=directory), encoding="utf-8")
    return config


class PueueDaemon:
    """Starts and ends one pueued, in the foreground, so that its pid is known.

    `environment` finds it: pass it to every program under test.
    """

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        require_program("pueue")
        self._program = require_program("pueued")
        self.environment = environment
        self.home = home
        self.directory = home / "pueue"
        self.socket = self.directory / "s"
        self._process: subprocess.Popen[bytes] | None = None
        write_config(home)

    @property
    def pid(self) -> int:
        """The running daemon's; AssertionError when it does not run."""
        assert self._process is not None, "the daemon does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "the daemon runs already"
        with (self.directory / "daemon.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
            )
        wait_until(self._answers, timeout_s=20, message="pueued answers")

    def stop(self) -> None:
        """Shut it down (its tasks are killed by it) and wait for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Crash it; its tasks live on, and the caller ends them."""
        self._end(signal.SIGKILL)

    def wait_end(self) -> None:
        """Wait until it has ended by itself; it can be started again."""
        assert self._process is not None, "the daemon does not run"
        self._process.wait(timeout=30)
        self._process = None

    def pueue(self, *arguments: str) -> str:
        """What the `pueue` command says; AssertionError with its words if it fails."""
        done = subprocess.run(
            ["pueue", *arguments], env=self.environment, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, f"pueue {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def _answers(self) -> bool:
        assert self._process is not None
        code = self._process.poll()
        assert code is None, f"pueued ended with {code}"
        asked = subprocess.run(
            ["pueue", "status", "--json"], env=self.environment, capture_output=True, timeout=30
        )
        return asked.returncode == 0

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        os.kill(self._process.pid, number)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)
        self._process = None


@contextmanager
def running_daemon(home: Path, environment: dict[str, str] | None = None) -> Iterator[PueueDaemon]:
    """A daemon that answers, for the length of the block."""
    daemon = PueueDaemon(home, environment or private_environment(home))
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()
