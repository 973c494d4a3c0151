"""Private starters for the shim, so that a task's command in Pueue is short and starts quickly."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import ccpar_hybrid
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.paths import Paths, make_private

TASK = "ccpar-task"
_SYSTEM_PATH = "/bin:/usr/bin"


def package_file(*parts: str) -> str:
    """The path of a module of this package, for a Python that knows no search path."""
    return str(Path(ccpar_hybrid.__file__).parent.joinpath(*parts))


def hook_argv() -> tuple[str, ...]:
    """How an agent's hook starts our hook program."""
    return (sys.executable, "-I", "-S", package_file("worker", "start_hook.py"))


def install(paths: Paths, environment: Mapping[str, str]) -> str:
    """Write the starter if it is not there as it should be; returns its directory.

    It knows this instance by itself, so that Pueue need not keep an environment for each task.
    """
    directory = Path(paths.state, "bin")
    make_private(paths.state)
    make_private(str(directory))
    starter = directory / TASK
    text = _starter(environment)
    if not starter.exists() or starter.read_text(encoding="utf-8") != text:
        write_private(starter, text, mode=0o700)
    return str(directory)


def _starter(environment: Mapping[str, str]) -> str:
    kept = ("HOME", "XDG_STATE_HOME")
    assignments = [
        f"{name}={shlex.quote(environment[name])}" for name in kept if name in environment
    ]
    export = f"export {' '.join(assignments)}\n" if assignments else ""
    argv = (sys.executable, "-I", "-S", package_file("worker", "start_shim.py"))
    return f'#!/bin/sh\n{export}exec {shlex.join(argv)} "$@"\n'


def task_environment(paths: Paths) -> dict[str, str]:
    """The little that Pueue must know of a task's environment: where `sh` and the starter are."""
    return {"PATH": f"{paths.state}/bin:{_SYSTEM_PATH}"}


def command_for(key: str) -> str:
    """What Pueue runs for a task; `exec`, so that the shim leads its process group."""
    return f"exec {TASK} {key}"
