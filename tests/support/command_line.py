"""The command line as a person runs it, in a private home with a pueued but no session."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.paths import make_home, private_environment
from tests.support.pueue_daemon import PueueDaemon

PROGRAM = (sys.executable, "-P", "-m", "ccpar_hybrid")


@dataclass(frozen=True)
class Said:
    """What a command said, undecodable bytes as surrogates."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


class CommandLine:
    """Runs `ccpar-hybrid`. Everything lies below `home`; commands run in `project`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = home / "project"
        self.project.mkdir()
        self.environment = private_environment(home)
        self.environment["PATH"] = f"{Path(sys.executable).parent}:{self.environment['PATH']}"
        (home / "tmp").mkdir(mode=0o700)
        self.environment["TMPDIR"] = str(home / "tmp")
        self.daemon = PueueDaemon(home, self.environment)

    @property
    def state(self) -> Path:
        """The instance's state directory."""
        return self.home / "state" / "ccpar-hybrid"

    def __call__(
        self,
        *words: str | bytes,
        input: str | bytes = b"",
        variables: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> Said:
        """Run it to its end; a variable of None is left out."""
        environment = {**self.environment, **(variables or {})}
        done = subprocess.run(
            [*PROGRAM, *words],
            input=input.encode("utf-8", "surrogatepass") if isinstance(input, str) else input,
            env={name: text for name, text in environment.items() if text is not None},
            cwd=cwd or self.project,
            capture_output=True,
            timeout=60,
        )
        said = Said(done.returncode, _text(done.stdout), _text(done.stderr))
        assert "Traceback" not in said.err, said.err
        assert not self.reports(), self.reports()[0].read_text()
        return said

    def good(self, *words: str, input: str | bytes = b"") -> Said:
        """Run it; AssertionError with its words if it fails."""
        said = self(*words, input=input)
        assert said.code == 0, said
        return said

    def reports(self) -> list[Path]:
        """What internal errors left behind."""
        return list((self.home / "tmp").glob("ccpar-hybrid-report-*"))

    def tasks(self) -> list[dict[str, Any]]:
        """What `list` knows."""
        found: list[dict[str, Any]] = self.good("list", "--all", "--json").json["tasks"]
        return found

    def queued(self) -> dict[str, Any]:
        """What Pueue has."""
        found: dict[str, Any] = json.loads(self.daemon.pueue("status", "--json"))["tasks"]
        return found


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def command_line(*, groups: Mapping[str, int]) -> Iterator[CommandLine]:
    """One with a pueued that has these groups, paused, so that nothing runs."""
    home = make_home()
    line = CommandLine(home)
    try:
        line.daemon.start()
        for group, slots in groups.items():
            line.daemon.pueue("group", "add", f"--parallel={slots}", group)
            line.daemon.pueue("pause", "--group", group)
        yield line
    finally:
        line.daemon.stop()
        shutil.rmtree(home, ignore_errors=True)
