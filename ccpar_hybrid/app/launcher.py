"""Private starters for the shim, so that a task's command in Pueue is short and starts quickly."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import ccpar_hybrid
from ccpar_hybrid.system.fault import VARIABLE as FAULT
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.paths import Paths, make_private

TASK = "ccpar-task"
_SYSTEM_PATH = "/bin:/usr/bin"
_NAMES_INSTANCE = ("HOME", "XDG_STATE_HOME")
_LONGEST_INTERPRETER = 115


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
    file = directory / TASK
    text = starter(environment)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        write_private(file, text, mode=0o700)
    return str(directory)


def starter(environment: Mapping[str, str]) -> str:
    """A Python script; its first line spares the shell that would start Python."""
    instance = {name: environment[name] for name in _NAMES_INSTANCE if name in environment}
    package = str(Path(ccpar_hybrid.__file__).parents[1])
    return (
        f"{_first_line(sys.executable)}"
        f"import sys\n\nsys.path.insert(0, {package!r})\n\n"
        f"from ccpar_hybrid.worker.shim import run\n\nrun({instance!r})\n"
    )


def _first_line(python: str) -> str:
    """What makes the script start with this Python, isolated and without site packages.

    Linux reads 127 bytes and no blanks; else a shell reads a second line, which to Python is a
    text without effect.
    """
    if len(python) <= _LONGEST_INTERPRETER and not any(c.isspace() for c in python):
        return f"#!{python} -IS\n"
    return f"""#!/bin/sh\n''''exec {shlex.quote(python)} -I -S "$0" "$@" # '''\n"""


def task_environment(paths: Paths, environment: Mapping[str, str]) -> dict[str, str]:
    """The little that Pueue must know of a task's environment: where `sh` and the starter are.

    HOME tells whose process it is, to people and to whoever cleans up.
    """
    told = {name: environment[name] for name in ("HOME", FAULT) if name in environment}
    return {"PATH": f"{paths.state}/bin:{_SYSTEM_PATH}", **told}


def command_for(key: str) -> str:
    """What Pueue runs for a task; `exec`, so that the shim leads its process group."""
    return f"exec {TASK} {key}"
