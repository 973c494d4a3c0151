"""`doctor`: looks at everything that the work needs, changes nothing, says how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ccpar_hybrid.app import doctor_machine, doctor_place, doctor_pueue, doctor_session
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.doctor_finding import Finding, Verdict, unknown, worst
from ccpar_hybrid.app.doctor_subject import Subject
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.text import first_line

__all__ = ["Finding", "Verdict", "examine", "worst"]

Check = Callable[[Subject], Iterator[Finding]]
CHECKS: Mapping[str, Check] = {
    "python": doctor_machine.python,
    "configuration": doctor_machine.configuration,
    "tmux": doctor_machine.tmux,
    "pueue": doctor_pueue.programs,
    "git": doctor_machine.git,
    "agents": doctor_machine.agents,
    "directories": doctor_place.directories,
    "socket paths": doctor_place.sockets,
    "Pueue's files": doctor_pueue.secrecy,
    "disk": doctor_machine.disk,
    "memory": doctor_machine.memory,
    "task starter": doctor_place.starter,
    "ccpar-task": doctor_place.task_command,
    "daemon": doctor_pueue.daemon,
    "groups": doctor_pueue.groups,
    "tmux server": doctor_session.terminal,
    "session": doctor_session.session,
    "ledger": doctor_session.ledger,
    "tasks": doctor_session.tasks,
}
"""In the order in which people should mend: what others rest on comes first."""


def examine(app: App) -> Iterator[Finding]:
    """Every finding, as it is made. Never raises: a check that breaks is an unknown."""
    subject = Subject(app)
    for name, check in CHECKS.items():
        yield from _guarded(name, check, subject)


def _guarded(name: str, check: Check, subject: Subject) -> Iterator[Finding]:
    try:
        yield from check(subject)
    except CcparError as error:
        yield unknown(name, _words(error.message), _words(error.hint) or "mend what failed above")
    except Exception as error:
        seen = f"the check broke: {type(error).__name__}: {_words(str(error))}"
        yield unknown(name, seen, "this is a bug; please report it")


def _words(text: str) -> str:
    return first_line(text, 300)
