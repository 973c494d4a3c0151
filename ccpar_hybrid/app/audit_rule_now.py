"""Promises on what lives: workers, leases, processes, sockets, files. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator

from ccpar_hybrid.app.audit_picture import SETUP, Breach, Picture, Role
from ccpar_hybrid.core.task import TaskKey

_WITHOUT = {
    Role.OFFER: "is the offer of a shim that is gone",
    Role.IDLE: "is the post of a worker that is gone",
    Role.DOOR: "is the door of a worker that is gone",
    Role.RUN: "is the socket of a run that is gone",
    Role.LEASE: "is a lease that nobody holds",
}


def runs_once(picture: Picture) -> Iterator[Breach]:
    """No two workers have one task, and none has a settled one."""
    runners: defaultdict[TaskKey, list[str]] = defaultdict(list)
    for worker, status in picture.statuses.items():
        if status.key is not None:
            runners[status.key].append(worker)
    for key, workers in runners.items():
        if len(workers) > 1:
            what = f"is run by {' and '.join(sorted(workers))}"
            yield Breach("no-overlap", key, what, f"ccpar-hybrid cancel {key}, then restart it")
    for key in {*runners, *(picture.leases or ())}:
        chronicle = picture.tasks.get(key)
        if chronicle is None or chronicle.outcome is None or picture.is_asked_again(key):
            continue
        what = f"is settled ({chronicle.outcome.result}), and is still run"
        yield Breach("settled-is-over", key, what, f"ccpar-hybrid show {key}")


def workers_tell_true(picture: Picture) -> Iterator[Breach]:
    """What a worker says it runs is the ledger's last attempt, under its own lease."""
    for worker, status in picture.statuses.items():
        key = status.key
        if key is None or not status.attempt:
            continue
        chronicle = picture.tasks.get(key)
        last = chronicle.attempts[-1].number if chronicle and chronicle.attempts else 0
        if last != status.attempt:
            what = f"runs attempt {status.attempt} of {key}, and the ledger's last one is {last}"
            yield Breach("attempt-is-recorded", worker, what, f"ccpar-hybrid show {key}")
        holder = picture.leases.get(key) if picture.leases is not None else 0
        if holder not in (0, status.pid):
            whose = "nobody has" if holder is None else f"process {holder} has"
            what = f"runs {key}, and {whose} its lease"
            yield Breach("lease-is-held", worker, what, f"ccpar-hybrid cancel {key}")


def no_orphans(picture: Picture) -> Iterator[Breach]:
    """Every process of a run belongs to the attempt that runs now."""
    for marked in picture.marked:
        chronicle = picture.tasks.get(marked.key)
        last = chronicle.attempts[-1].number if chronicle and chronicle.attempts else 0
        if picture.is_held(marked.key) and marked.attempt == last:
            continue
        what = f"is left of attempt {marked.attempt} of {marked.key}, which is over"
        yield Breach("no-orphans", f"process {marked.pid}", what, f"kill {marked.pid}")


def nothing_stale(picture: Picture) -> Iterator[Breach]:
    """Every socket and lease has a living process behind it."""
    for entry in picture.entries:
        if not entry.is_held:
            yield Breach(
                "nothing-stale", entry.path, _WITHOUT[entry.role], f"rm {shlex.quote(entry.path)}"
            )


def panes_answer(picture: Picture) -> Iterator[Breach]:
    """The worker of every pane answers."""
    for seat in picture.seats:
        if seat.is_dead:
            yield Breach("panes-answer", seat.worker, "its program has ended", SETUP)
        elif seat.worker not in picture.statuses:
            yield Breach("panes-answer", seat.worker, "does not answer", SETUP)


def files_private(picture: Picture) -> Iterator[Breach]:
    """Nobody else can read the instance's files."""
    for path, mode in picture.open_to_others.items():
        what = f"is {mode:04o}: others can get at it"
        yield Breach("files-private", path, what, f"chmod go= {shlex.quote(path)}")
