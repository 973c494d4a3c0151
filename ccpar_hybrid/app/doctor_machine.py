"""What the machine must have: Python, tmux, git, agents, disk, memory."""

from __future__ import annotations

import contextlib
import platform
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.app.doctor_finding import (
    INSTALL,
    Finding,
    command,
    failed,
    fine,
    unknown,
    warning,
)
from ccpar_hybrid.app.doctor_subject import PROBE_S, Subject
from ccpar_hybrid.app.slot import AGENT_MEMORY_BYTES
from ccpar_hybrid.core.errors import BadInput, CcparError, MissingPart
from ccpar_hybrid.core.text import first_line, visible
from ccpar_hybrid.scheduler.pueue_daemon import pueue_directory
from ccpar_hybrid.system.machine import available_memory_bytes, disk_room
from ccpar_hybrid.system.process import run
from ccpar_hybrid.tmux.server import OLDEST_VERSION, Server

OLDEST_PYTHON = (3, 11)
DISK_LEAST_BYTES = 100 << 20
"""Less than this fails: Pueue ends, with all its tasks, when it cannot save its state."""
DISK_LITTLE_BYTES = 1 << 30
_CLAUDE = "claude"


def python(subject: Subject) -> Iterator[Finding]:
    """The interpreter that everything of ours runs on."""
    seen = f"{platform.python_version()} at {sys.executable}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield failed("python", seen, f"install Python 3.11 or newer, then {INSTALL}")
    else:
        yield fine("python", seen)


def tmux(subject: Subject) -> Iterator[Finding]:
    """Is it there, and new enough."""
    try:
        major, minor = Server(subject.environment, PROBE_S).version()
    except MissingPart as error:
        yield failed("tmux", error.message, error.hint)
        return
    found = _where("tmux", subject)
    needed = ".".join(map(str, OLDEST_VERSION))
    yield fine("tmux", f"{major}.{minor} at {found} (needed: {needed} or newer)")


def git(subject: Subject) -> Iterator[Finding]:
    """Is it there."""
    try:
        said = _says(subject, "git", "--version")
    except MissingPart as error:
        yield failed("git", error.message, "install git")
        return
    yield fine("git", f"{said.removeprefix('git version ')} at {_where('git', subject)}")


def configuration(subject: Subject) -> Iterator[Finding]:
    """Can the settings be read."""
    name = "configuration"
    try:
        stories = subject.app.configuration.stories
    except BadInput as error:
        yield failed(name, error.message, f"correct it there: {error.hint}")
        subject.use_defaults()
        return
    own = sum(story.origin.value != "default" for story in stories)
    yield fine(name, f"{len(stories)} settings, {own} of them not the default")


def agents(subject: Subject) -> Iterator[Finding]:
    """Which agents can start; only the default one must."""
    default = subject.app.default_agent(subject.session)
    if default not in subject.app.agents:
        known = ", ".join(subject.app.agents)
        yield failed("default agent", f"there is no agent {visible(default, 60)}", f"use {known}")
    for name, agent in subject.app.agents.items():
        yield _agent(subject, name, agent, is_default=name == default)


def _agent(subject: Subject, name: str, agent: Agent, *, is_default: bool) -> Finding:
    title = f"agent {name}"
    role = " (the default)" if is_default else ""
    if missing := agent.missing(subject.environment):
        what, _, mend = missing.partition("; ")
        worse = failed if is_default else warning
        return worse(title, f"{what}{role}", mend or INSTALL)
    if name != _CLAUDE:
        return fine(title, f"can start{role}")
    return _claude(subject, title, role)


def _claude(subject: Subject, title: str, role: str) -> Finding:
    program = subject.app.settings.claude.command
    first = _first_word(program)
    try:
        said = _says(subject, first, "--version")
    except CcparError as error:
        return unknown(title, error.message, f"see what it says: {command(first, '--version')}")
    return fine(title, f"{visible(said, 60)} at {_where(first, subject)}{role}")


def _first_word(text: str) -> str:
    words = shlex.split(text)
    return words[0] if words else text


def disk(subject: Subject) -> Iterator[Finding]:
    """Room for the ledger and for Pueue's state."""
    places = {Path(subject.paths.state): "state"}
    with contextlib.suppress(MissingPart):  # said where Pueue is looked at
        places[pueue_directory(subject.environment)] = "Pueue"
    for place, what in places.items():
        yield _room(f"disk ({what})", place)


def _room(name: str, place: Path) -> Finding:
    room = disk_room(place)
    if room is None:
        return unknown(name, f"{visible(str(place), 200)} does not say", command("df", str(place)))
    free = room.free
    seen = f"{free / (1 << 30):.1f} GiB free for {visible(str(place), 200)}"
    mend = f"free some space there; what takes it: {command('du', '-xsh', str(place))}"
    if free < DISK_LEAST_BYTES:
        return failed(name, seen, mend)
    return warning(name, seen, mend) if free < DISK_LITTLE_BYTES else fine(name, seen)


def memory(subject: Subject) -> Iterator[Finding]:
    """Room for agents."""
    free = available_memory_bytes()
    if free is None:
        yield unknown("memory", "the system does not say", "look with `top`")
        return
    room = free // AGENT_MEMORY_BYTES
    seen = f"{free / (1 << 30):.1f} GiB available, enough for about {room} agents more"
    if room < 1:
        yield warning(
            "memory", seen, "end other programs, or have fewer workers: ccpar-hybrid setup N"
        )
    else:
        yield fine("memory", seen)


def _says(subject: Subject, *argv: str) -> str:
    done = run(argv, environment=subject.environment, timeout_s=PROBE_S)
    return first_line(done.stdout or done.stderr, 200)


def _where(program: str, subject: Subject) -> str:
    found = shutil.which(program, path=subject.environment.get("PATH"))
    return visible(found or program, 200)
