"""A private home with a pueued and a tmux of its own, and the processes that live in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.system.process import Completed, run

GROUP = "subissues"
PLAIN = "plain"
"""The Pueue group of the tasks that are added without us."""
SESSION = "claude-workers"
_LOOK_S = 0.01
_RUN_LIMIT_S = 300.0
CONFIG = "[pueue]\nkeep_done = 100000\n"
"""Nothing is cleaned out while Pueue's own record is what is measured by."""


class Place:
    """One isolated instance; `environment` leads every program to it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        for name in ("run", "tmux", "work"):
            (home / name).mkdir(mode=0o700)
        self.work = home / "work"
        self.environment = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "TMUX_TMPDIR": str(home / "tmux"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "SHELL": "/bin/sh",
        }
        if "PYTHONPATH" in os.environ:  # what we measure is what we import ourselves
            self.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self.daemon: subprocess.Popen[bytes] | None = None

    def configure(self, text: str = CONFIG) -> None:
        """Write the configuration; by default the one that most benchmarks need."""
        directory = self.home / ".config" / "ccpar-hybrid"
        directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        (directory / "config.toml").write_text(text, encoding="utf-8")

    def start_daemon(self) -> None:
        """Start pueued in the foreground, so that its pid is known, and wait for its answer."""
        directory = self.home / ".local" / "share" / "pueue"
        directory.mkdir(parents=True, mode=0o700)
        with (self.home / "pueued.log").open("wb") as log:
            self.daemon = subprocess.Popen(
                ["pueued"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
            )
        wait_until(lambda: self.run("pueue", "group", check=False).code == 0)

    def close(self) -> None:
        """End all that runs here, and remove the place."""
        self.run("tmux", "kill-server", check=False)
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(timeout=20)
        elif self.run("pueue", "shutdown", check=False).code == 0:  # `setup` started one
            wait_until(lambda: self.run("pueue", "group", check=False).code != 0)
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *argv: str, check: bool = True, text: str | None = None) -> Completed:
        """Run a program here to its end; raises CommandFailed with what it said."""
        return run(
            argv,
            environment=self.environment,
            cwd=self.work,
            input=text,
            timeout_s=_RUN_LIMIT_S,
            check=check,
        )

    def ccpar(self, *arguments: str, text: str | None = None) -> str:
        """What our own command prints."""
        return self.run(*program(), *arguments, text=text).stdout

    def setup(self, workers: int) -> None:
        """Make the session this large."""
        self.ccpar("setup", str(workers), "--agent", "command")

    def app(self) -> App:
        """The parts of this instance, in this process."""
        return App(self.environment)

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Pueue's tasks by id, as it tells them."""
        said = self.run("pueue", "status", "--json").stdout
        found: dict[str, dict[str, Any]] = json.loads(said)["tasks"]
        return found

    def tmux_pid(self) -> int:
        """The tmux server."""
        return int(self.run("tmux", "display-message", "-p", "#{pid}").stdout)

    def pane_pids(self) -> dict[str, int]:
        """The programs of the panes: `monitor`, `supervisor`, and each worker by its name."""
        form = "#{?@ccpar_worker,#{@ccpar_worker},#{@ccpar_role}} #{pane_pid}"
        lines = self.run("tmux", "list-panes", "-a", "-F", form).stdout.splitlines()
        named = (line.rpartition(" ") for line in lines)
        return {name: int(pid) for name, _, pid in named}


@contextlib.contextmanager
def place(*, daemon: bool = True) -> Iterator[Place]:
    """A place that is gone with the block."""
    # Short, for Unix sockets have paths of 107 bytes.
    made = Place(Path(tempfile.mkdtemp(prefix="cb-", dir="/tmp")))
    try:
        made.configure()
        if daemon:
            made.start_daemon()
        yield made
    finally:
        made.close()


def program() -> tuple[str, ...]:
    """How `ccpar-hybrid` is started: the command beside this Python, as a user has it."""
    command = Path(sys.executable).parent / "ccpar-hybrid"
    return (str(command),) if command.exists() else (sys.executable, "-m", "ccpar_hybrid")


def wait_until(
    condition: Callable[[], object], *, timeout_s: float = 120.0, look_s: float = _LOOK_S
) -> None:
    """Until the condition holds, looking every `look_s`; raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:g} s: {condition}")
        time.sleep(look_s)
