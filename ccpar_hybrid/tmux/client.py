"""One call of the `tmux` program. Light: every worker imports this."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence

from ccpar_hybrid.core.errors import CommandFailed, MissingPart, NotFound

TIMEOUT_S = 20.0
_GONE = (
    "can't find ",
    "no server running",
    "no such pane",
    "no such window",
    "no such session",
    "error connecting to",
    "lost server",
    "server exited",
    "no current ",
)


class Client:
    """Runs tmux command sequences on the server that plain `tmux` would reach from here.

    `environment` decides which: `$TMUX` first, then `$TMUX_TMPDIR`. Every method blocks for some
    milliseconds, at most `timeout_s`, and raises NotFound when the server, session, window or pane
    is gone, MissingPart when there is no tmux, CommandFailed otherwise (with code 124 when the
    server does not answer in time). The first command that fails ends its sequence.
    """

    def __init__(self, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
        self.environment = environment
        self.timeout_s = timeout_s

    def run(self, *commands: Sequence[str], start: bool = False) -> str:
        """Run the commands in one call, and give what they print.

        They travel over standard input: of any length, and never seen in `ps`. `start` starts
        the server where there is none; it ends by itself if no session is made.
        """
        first = ("start-server", ";") if start else ()
        return self._call((*first, "source-file", "-"), script(commands))

    def feed(self, data: bytes, *words: str) -> str:
        """Run the words, as tmux's own arguments, with `data` as standard input."""
        return self._call(words, data)

    def _call(self, words: Sequence[str], data: bytes) -> str:
        argv = ("tmux", "-u", *words)
        try:
            done = subprocess.run(
                argv, input=data, capture_output=True, env=self.environment, timeout=self.timeout_s
            )
        except FileNotFoundError:
            raise MissingPart("tmux is not on PATH", "install tmux 3.2 or newer") from None
        except subprocess.TimeoutExpired:
            raise CommandFailed(argv, 124, "", f"no answer within {self.timeout_s:g} s") from None
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode != 0:
            raise failure(argv, done.returncode, output, done.stderr.decode("utf-8", "replace"))
        return output


def script(commands: Iterable[Sequence[str]]) -> bytes:
    """The commands in tmux's own language, one sequence, with every word taken as it is."""
    # One line: of several, those behind a failed one would still run.
    line = " ; ".join(" ".join(map(quoted, command)) for command in commands)
    return line.encode("utf-8", "surrogateescape") + b"\n"


def quoted(word: str) -> str:
    """The word so that nothing in it is expanded by tmux's parser."""
    return "'" + word.replace("'", "'\"'\"'") + "'"


def failure(argv: Sequence[str], code: int, stdout: str, stderr: str) -> CommandFailed | NotFound:
    """The error for what tmux said as it failed: NotFound where something is gone."""
    said = stderr.strip() or stdout.strip()
    if said.startswith(_GONE):
        return NotFound(f"tmux: {said}")
    return CommandFailed(argv, code, stdout, stderr)
