"""Where everything of the instance lives: whose it is, who may read it, whether sockets fit."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.app import launcher
from ccpar_hybrid.app.doctor_finding import (
    INSTALL,
    Finding,
    command,
    failed,
    fine,
    unknown,
    warning,
)
from ccpar_hybrid.app.doctor_subject import Subject
from ccpar_hybrid.core.errors import CommandFailed, MissingPart
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.system.paths import APP, SOCKET_PATH_LIMIT
from ccpar_hybrid.system.process import run

_LONGEST_TAIL = 60
"""What the longest socket's name below the runtime directory takes."""
_START_S = 10.0


def directories(subject: Subject) -> Iterator[Finding]:
    """Owner and mode of the instance's directories, and of the files that hold secrets."""
    paths = subject.paths
    yield _directory("state directory", paths.state)
    yield _directory("runtime directory", paths.runtime)
    yield _directory("configuration directory", paths.config, readable=True)
    for file in _secret_files(subject):
        mode = file.stat().st_mode & 0o777
        if mode & 0o077:
            seen = f"{visible(str(file), 200)} is {mode:04o}: others can read it"
            yield warning("private files", seen, command("chmod", "600", str(file)))


def _secret_files(subject: Subject) -> Iterator[Path]:
    state = Path(subject.paths.state)
    for file in (*state.glob("ledger.db*"), *state.glob("sessions/*/*.json")):
        if file.is_file() and os.access(file.parent, os.X_OK):
            yield file


def _directory(name: str, path: str, *, readable: bool = False) -> Finding:
    shown = visible(path, 200)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return _to_be_made(name, path)
    except OSError as error:
        return failed(name, f"{shown}: {error.strerror}", command("ls", "-ld", path))
    mode = stat.S_IMODE(found.st_mode)
    seen = f"{shown} is {mode:04o}"
    if not stat.S_ISDIR(found.st_mode) and not (readable and Path(path).is_dir()):
        return failed(name, f"{shown} is not a directory", command("mv", path, f"{path}.old"))
    if found.st_uid != os.geteuid():
        return failed(name, f"{seen} and another user's", _take_over(path))
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return failed(name, f"{seen}: not writable", command("chmod", "700", path))
    if mode & (0o022 if readable else 0o077):
        return warning(name, f"{seen}: others can get in", command("chmod", "700", path))
    return fine(name, seen)


def _to_be_made(name: str, path: str) -> Finding:
    """Not there is well, as long as it can be made."""
    above = Path(path).absolute().parent
    while not above.exists() and above != above.parent:
        above = above.parent
    if os.access(above, os.W_OK | os.X_OK):
        return fine(name, f"{visible(path, 200)} is not there yet")
    seen = f"{visible(path, 200)} cannot be made: {visible(str(above), 200)} is not writable"
    return failed(name, seen, command("chmod", "u+rwx", str(above)))


def _take_over(path: str) -> str:
    return command("sudo", "chown", "-R", str(os.geteuid()), path)


def sockets(subject: Subject) -> Iterator[Finding]:
    """Unix sockets have short paths; which directory is in force, and whether all fit."""
    runtime = subject.paths.runtime
    length = len(os.fsencode(runtime)) + _LONGEST_TAIL
    seen = f"at most {length} of {SOCKET_PATH_LIMIT} bytes, {_choice(subject)}"
    if length > SOCKET_PATH_LIMIT:
        yield failed("socket paths", seen, "set XDG_RUNTIME_DIR to a short private directory")
    else:
        yield fine("socket paths", seen)
    yield from _others_sockets(subject)


def _choice(subject: Subject) -> str:
    runtime = subject.paths.runtime
    base = subject.environment.get("XDG_RUNTIME_DIR", "")
    if base and Path(runtime).is_relative_to(Path(base, APP)):
        return "in XDG_RUNTIME_DIR"
    if Path(runtime).is_relative_to(subject.paths.state):
        return "in the state directory, as XDG_RUNTIME_DIR is unset, unusable or too long"
    if runtime.startswith("/tmp/"):
        return f"in {runtime}, as all other places are too long"
    return f"in {visible(runtime, 200)}, as `setup` noted it"


def _others_sockets(subject: Subject) -> Iterator[Finding]:
    yield from _too_long(
        "tmux socket", str(subject.tmux_socket), "set TMUX_TMPDIR to a short directory"
    )
    try:
        pueue = read_config(subject.environment).socket
    except MissingPart as error:
        yield unknown("pueue socket", error.message, error.hint)
        return
    if pueue is not None:
        mend = "set XDG_RUNTIME_DIR, or unix_socket_path in pueue.yml, to a short path"
        yield from _too_long("pueue socket", str(pueue), mend)


def _too_long(name: str, path: str, mend: str) -> Iterator[Finding]:
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_LIMIT:
        seen = f"{length} bytes, {SOCKET_PATH_LIMIT} fit: {visible(path, 200)}"
        yield failed(name, seen, mend)


def starter(subject: Subject) -> Iterator[Finding]:
    """What queued tasks start with: written by `setup` and `add`, for this installation."""
    file = Path(subject.paths.state, "bin", launcher.TASK)
    name, mend = "task starter", "ccpar-hybrid setup (writes it anew)"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        yield fine(name, "not there yet; `setup` and `add` write it")
        return
    except (OSError, ValueError) as error:
        yield failed(name, f"cannot be read: {error}", mend)
        return
    if trouble := _trouble_starting(file):
        yield failed(name, trouble, mend)
    elif text != launcher.starter(subject.environment):
        yield warning(name, f"{visible(str(file), 200)} is another installation's", mend)
    else:
        yield fine(name, visible(str(file), 200))


def _trouble_starting(file: Path) -> str:
    try:
        run((str(file), "--help"), environment={"PATH": os.defpath}, timeout_s=_START_S)
    except (MissingPart, CommandFailed, OSError) as error:
        return f"{visible(str(file), 200)} does not start: {visible(str(error), 200)}"
    return ""


def task_command(subject: Subject) -> Iterator[Finding]:
    """`pueue add -- ccpar-task …` by hand takes the program from the PATH of the shell."""
    found = shutil.which(launcher.TASK, path=subject.environment.get("PATH"))
    own = Path(sys.executable).parent / launcher.TASK
    if found is None:
        place = own.parent if own.exists() else Path(subject.paths.state, "bin")
        mend = f'export PATH={shlex.quote(str(place))}:"$PATH"'
        seen = "not on PATH, as plain `pueue add -- ccpar-task …` needs it"
        yield warning("ccpar-task", seen, mend if place.exists() else INSTALL)
    elif _is_anothers(Path(found), own, Path(subject.paths.state, "bin")):
        seen = f"{visible(found, 200)} is another installation's"
        yield warning("ccpar-task", seen, f'export PATH={shlex.quote(str(own.parent))}:"$PATH"')
    else:
        yield fine("ccpar-task", visible(found, 200))


def _is_anothers(found: Path, own: Path, starters: Path) -> bool:
    # install.sh links to the checkout's bin, which stands beside the package.
    checkout = Path(launcher.package_file()).parent / "bin" / launcher.TASK
    ours = [place for place in (own, checkout) if place.exists()]
    return bool(ours) and found.parent != starters and not any(map(found.samefile, ours))
