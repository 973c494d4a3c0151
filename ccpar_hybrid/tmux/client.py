"""One call of the `tmux` program. Light: every worker imports this."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence

from ccpar_hybrid.core.errors import CommandFailed, MissingPart, NotFound

TIMEOUT_S = 20.0
_GONE = (
    "can't find ",
    "no server running",
    "no such ",
    "error connecting to",
    "lost server",
    "server exited",
    "no current ",
)


class Client:
    """Runs tmux command sequences on the server that plain `tmux` would reach from here.

    `environment` decides which: `$TMUX` first, then `$TMUX_TMPDIR`. Every word is passed as
    its own argument; no shell sees any. Words are visible to `ps` while the call lasts.
    """

    def __init__(self, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
        self.environment = environment
        self.timeout_s = timeout_s

    def run(self, *commands: Sequence[str], data: bytes | None = None) -> str:
        """Run the commands in one call, `data` as its standard input; what they print.

        Blocks for some milliseconds, at most `timeout_s`. Raises NotFound when the server, session,
        window or pane is gone, MissingPart when there is no tmux, CommandFailed otherwise
        (with code 124 when the server does not answer in time).
        """
        argv = ["tmux", "-u", *sequence(commands)]
        try:
            done = subprocess.run(
                [word.encode("utf-8", "replace") for word in argv],
                input=data if data is not None else b"",
                capture_output=True,
                env=self.environment,
                timeout=self.timeout_s,
            )
        except FileNotFoundError:
            raise MissingPart("tmux is not on PATH", "install tmux 3.2 or newer") from None
        except subprocess.TimeoutExpired:
            raise CommandFailed(argv, 124, "", f"no answer within {self.timeout_s:g} s") from None
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode != 0:
            raise _error(argv, done.returncode, output, done.stderr.decode("utf-8", "replace"))
        return output


def sequence(commands: Iterable[Sequence[str]]) -> list[str]:
    """The commands as the words of one tmux command line, separated by `;`."""
    words: list[str] = []
    for command in commands:
        if words:
            words.append(";")
        words.extend(map(literal, command))
    return words


def literal(word: str) -> str:
    """The word so that tmux takes it as it is: a `;` at the end would separate commands."""
    return word[:-1] + "\\;" if word.endswith(";") else word


def _error(argv: Sequence[str], code: int, stdout: str, stderr: str) -> CommandFailed | NotFound:
    said = stderr.strip() or stdout.strip()
    if said.startswith(_GONE):
        return NotFound(f"tmux: {said}")
    return CommandFailed(argv, code, stdout, stderr)
