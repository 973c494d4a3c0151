"""Pueue: its two programs, the daemon that runs, its groups."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.app.doctor_finding import (
    Finding,
    command,
    failed,
    fine,
    unknown,
    warning,
)
from ccpar_hybrid.app.doctor_subject import PROBE_S, Subject
from ccpar_hybrid.core.errors import CcparError, CommandFailed, MissingPart
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.scheduler.pueue_cli import INSTALL_HINT
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_daemon import client_version, daemon_version
from ccpar_hybrid.scheduler.pueue_socket import PueueConnection, SocketUnusable
from ccpar_hybrid.system.process import run

OLDEST = (4, 0)
_RESTART = "when nothing runs: pueue shutdown && ccpar-hybrid setup"


def programs(subject: Subject) -> Iterator[Finding]:
    """`pueue` and `pueued` on PATH: there, new enough, of one version."""
    found = {}
    for name, version in (("pueue", client_version), ("pueued", daemon_version)):
        try:
            found[name] = version(subject.environment)
        except (MissingPart, CommandFailed) as error:
            yield failed(name, error.message, error.hint or INSTALL_HINT)
            continue
        yield _program(name, found[name], subject)
    if len(set(found.values())) > 1:
        both = ", ".join(f"{name} {version}" for name, version in found.items())
        yield warning("pueue versions", f"they differ: {both}", INSTALL_HINT)


def _program(name: str, version: str, subject: Subject) -> Finding:
    path = shutil.which(name, path=subject.environment.get("PATH"))
    seen = f"{version} at {visible(path or name, 200)}"
    number = _numbers(version)
    if number is None:
        return unknown(name, seen, f"see what it says: {name} --version")
    if number < OLDEST:
        return failed(name, f"{seen} is too old", INSTALL_HINT)
    return fine(name, seen)


def _numbers(version: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def daemon(subject: Subject) -> Iterator[Finding]:
    """Does one answer, is it the one on PATH, and do we know its protocol."""
    if not shutil.which("pueue", path=subject.environment.get("PATH")):
        yield unknown("daemon", "without `pueue` it cannot be asked", INSTALL_HINT)
        return
    if subject.silence is not None:
        yield _silent(subject, subject.silence)
        return
    yield _running(subject)
    yield _protocol(subject)


def _silent(subject: Subject, why: str) -> Finding:
    seen = f"pueued does not answer: {why}"
    if "within" in why:
        return failed("daemon", seen, "look at it: ps -C pueued -o pid,stat,args")
    if subject.record is None:
        return warning("daemon", "pueued does not run yet", "ccpar-hybrid setup (starts it)")
    return failed("daemon", seen, "ccpar-hybrid setup (starts it), or: pueued -d")


def _running(subject: Subject) -> Finding:
    """The program that runs may be another than the one on PATH, which was updated since."""
    config = read_config(subject.environment)
    try:
        pid = int(config.pid_file.read_text())
        program = Path(f"/proc/{pid}/exe")
        is_daemon = program.readlink().name.startswith("pueued")
    except (OSError, ValueError):
        is_daemon = False
    if not is_daemon:
        return fine("daemon", "answers (its program's version cannot be seen)")
    try:
        version = run([str(program), "--version"], timeout_s=PROBE_S).stdout.split()[-1]
        installed = client_version(subject.environment)
    except (CcparError, IndexError) as error:
        return unknown("daemon", f"answers, but says no version: {error}", _RESTART)
    if version != installed:
        seen = f"pueued {version} runs (pid {pid}), but `pueue` is {installed}"
        return warning("daemon", seen, _RESTART)
    return fine("daemon", f"pueued {version} answers (pid {pid})")


def _protocol(subject: Subject) -> Finding:
    name = "daemon socket"
    if not subject.app.settings.pueue.socket:
        return fine(name, "not used (pueue.socket is off): the `pueue` command is")
    try:
        with PueueConnection(read_config(subject.environment)) as connection:
            return fine(name, f"protocol {connection.protocol}")
    except SocketUnusable as error:
        seen = f"{error}; the slower `pueue` command is used"
        return warning(name, seen, f"{INSTALL_HINT}, or say so: CCPAR_PUEUE_SOCKET=false")


def groups(subject: Subject) -> Iterator[Finding]:
    """The session's groups: there, with a slot for each worker, not paused."""
    record = subject.record
    if record is None and subject.silence is not None:
        yield fine("groups", "are not there yet; `setup` makes them")
        return
    workers = Counter(status.group for status in subject.statuses.values())
    for group in record.groups if record else (subject.app.settings.session.group,):
        yield _group(subject, group, workers[group])


def _group(subject: Subject, group: str, workers: int) -> Finding:
    name = f"group {visible(group, 60)}"
    known = subject.queue.groups.get(group)
    if known is None:
        worse = failed if workers else warning
        return worse(name, "Pueue does not have it", "ccpar-hybrid setup")
    slots = str(known.slots) if known.slots else "no limit of"
    seen = f"{slots} slots, {workers} workers" if workers else f"{slots} slots"
    if known.paused:
        return warning(name, f"{seen}; it is paused", command("pueue", "start", "-g", group))
    if workers and 0 < known.slots < workers:
        mend = command("pueue", "parallel", str(workers), "-g", group)
        return warning(name, f"{seen}: not all can work", mend)
    return fine(name, seen)


def secrecy(subject: Subject) -> Iterator[Finding]:
    """Who else may speak to the daemon or read what it keeps."""
    config = read_config(subject.environment)
    yield from _private("Pueue's directory", config.directory, "700")
    yield from _private("Pueue's secret", config.secret, "600")
    if config.socket is not None:
        yield from _private("Pueue's socket", config.socket, "700")


def _private(name: str, path: Path, mode: str) -> Iterator[Finding]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        yield unknown(name, f"{path}: {error.strerror}", command("ls", "-ld", str(path)))
        return
    shown = f"{visible(str(path), 200)} is {found.st_mode & 0o777:04o}"
    if found.st_uid != os.geteuid():
        yield failed(name, f"{shown} and another user's", "see PUEUE_CONFIG_PATH")
    elif found.st_mode & 0o077 and not _is_shut_in(path):
        yield warning(name, f"{shown}: others can use it", command("chmod", mode, str(path)))
    else:
        yield fine(name, shown)


def _is_shut_in(path: Path) -> bool:
    """Whether a directory above keeps others out, so that the mode below does not matter."""
    return any(
        above.stat().st_mode & 0o011 == 0 and above.stat().st_uid == os.geteuid()
        for above in path.absolute().parents
    )
