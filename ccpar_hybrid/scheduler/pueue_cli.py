"""The `pueue` command (Pueue 4.0.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ccpar_hybrid.core.errors import CommandFailed, MissingPart
from ccpar_hybrid.system.process import run

INSTALL_HINT = "install Pueue 4: cargo install --locked pueue"
START_HINT = "start it: ccpar-hybrid setup"
_TIMEOUT_S = 60.0
_NUMBER = re.compile(r"^\s*\d+: ", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NOT_THERE = ("Did you start", "Failed to initialize", "daemon went away")


class PueueCommand:
    """Runs `pueue` with an environment that leads to one daemon."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # A backtrace would bury what a person can use.
        self._environment = {**environment, "RUST_BACKTRACE": "0", "NO_COLOR": "1"}

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What the command says.

        Raises CommandFailed where the daemon refuses, MissingPart where it does not answer or
        there is no `pueue`. `environment` replaces the usual one: `add` stores it.
        """
        argv = ["pueue", "--color", "never", *arguments]
        try:
            done = run(argv, environment=environment or self._environment, timeout_s=_TIMEOUT_S)
        except CommandFailed as error:
            raise _told(error) from error
        except MissingPart as error:
            raise MissingPart(error.message, INSTALL_HINT) from error
        return done.stdout


def plain(said: str) -> str:
    """What Pueue's error report says, in one line, without its numbers, colours and backtrace."""
    said = _COLOUR.sub("", said).partition("\nLocation:")[0].strip().removeprefix("Error:")
    return " ".join(_NUMBER.sub("", said).split())


def _told(error: CommandFailed) -> CommandFailed | MissingPart:
    said = plain(error.stderr or error.stdout)
    if any(sign in said for sign in _NOT_THERE):
        return MissingPart("pueued does not answer", START_HINT)
    if "configuration" in said:
        return MissingPart(f"Pueue cannot start: {said}", "see PUEUE_CONFIG_PATH")
    return CommandFailed(error.argv, error.code, error.stdout, said)
