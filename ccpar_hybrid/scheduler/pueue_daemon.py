"""Pueue's daemon: is it there, which version, start it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.scheduler.pueue_cli import INSTALL_HINT, PueueCommand, plain
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_rival import refuse_rival
from ccpar_hybrid.system.process import run

_START_S = 20.0
_LOOK_AGAIN_S = 0.02


def client_version(environment: Mapping[str, str]) -> str:
    """The version of `pueue`, as "4.0.4"; MissingPart if it is not there."""
    return _version("pueue", environment)


def daemon_version(environment: Mapping[str, str]) -> str:
    """The version of the `pueued` on PATH (not of one that runs); MissingPart if not there."""
    return _version("pueued", environment)


def pueue_directory(environment: Mapping[str, str]) -> Path:
    """Where Pueue keeps its state, logs and secret."""
    return read_config(environment).directory


def answers(environment: Mapping[str, str]) -> bool:
    """Whether a daemon answers; MissingPart only where there is no `pueue` or no way to ask."""
    try:
        PueueCommand(environment).run("group")
    except MissingPart as error:
        if error.hint == INSTALL_HINT:
            raise
        return False
    return True


def start_daemon(environment: Mapping[str, str]) -> bool:
    """Start pueued where none answers, and wait until it does; False if one did already.

    It gets a session of its own: with the terminal's, a hang-up would make it kill all tasks.
    What it creates is private. Raises MissingPart with what it said, and Refused where one of
    the same directory listens elsewhere.
    """
    if answers(environment):
        return False
    refuse_rival(environment)
    _make_private(pueue_directory(environment))
    with tempfile.TemporaryFile() as said:
        _spawn(environment, said)
        deadline = time.monotonic() + _START_S
        while not answers(environment):
            if time.monotonic() > deadline or _has_failed(said):
                raise MissingPart(f"pueued does not start: {_said(said)}", _mend(_said(said)))
            time.sleep(_LOOK_AGAIN_S)  # the daemon tells nobody when it listens
    with contextlib.suppress(OSError):
        read_config(environment).secret.chmod(0o600)  # Pueue makes it 0640 whatever the umask
    return True


def _version(program: str, environment: Mapping[str, str]) -> str:
    try:
        return run([program, "--version"], environment=environment, timeout_s=10).stdout.split()[-1]
    except MissingPart as error:
        raise MissingPart(error.message, INSTALL_HINT) from error


def _spawn(environment: Mapping[str, str], said: IO[bytes]) -> None:
    try:
        subprocess.run(
            ["pueued", "--daemonize"],
            env=_environment_of_daemon(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            timeout=_START_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingPart("there is no program 'pueued' on PATH", INSTALL_HINT) from error


def _environment_of_daemon(environment: Mapping[str, str]) -> dict[str, str]:
    """The daemon works in /, so a relative path to its configuration would lead elsewhere.

    Its threads share one arena of the C library: what each of them frees in one of its own is not
    given to the others, and it grows. Pueue's tasks do not get the daemon's environment.
    """
    config = environment.get("PUEUE_CONFIG_PATH")
    named = {} if config is None else {"PUEUE_CONFIG_PATH": str(Path(config).absolute())}
    return {"MALLOC_ARENA_MAX": "1", **environment, **named}


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if directory.stat().st_mode & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise MissingPart(f"Pueue's directory {directory} cannot be private: {error}") from error


def _said(file: IO[bytes]) -> str:
    text = os.pread(file.fileno(), 1 << 16, 0).decode("utf-8", "replace")
    return plain(text.replace("Pueued is now running in the background", ""))


def _mend(said: str) -> str:
    if "SUN_LEN" in said:
        return "set XDG_RUNTIME_DIR, or unix_socket_path in pueue.yml, to a short path"
    return "see `pueued -v`"


def _has_failed(file: IO[bytes]) -> bool:
    return "Error" in os.pread(file.fileno(), 1 << 16, 0).decode("utf-8", "replace")
