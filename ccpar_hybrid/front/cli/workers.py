"""workers list, health, scale, restart, drain."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput, ExitCode, NotFound
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Group, Json, Session
from ccpar_hybrid.front.cli.output import count, print_json, print_table, span

if TYPE_CHECKING:
    from ccpar_hybrid.app.session_record import Report
    from ccpar_hybrid.app.worker_health import Health
    from ccpar_hybrid.app.workers import Workers

_LOOK_S = 0.2
Name = Annotated[str, typer.Argument(metavar="NAME", help="A worker's name, as in its border.")]
Wait = Annotated[bool, typer.Option("--wait", help="Return when those that leave have left.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="The workers.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list")(list_)
    for command in (health, scale, restart, drain):
        group.command()(command)
    app.add_typer(group, name="workers")


def list_(json: Json = False, group: Group = None, session: Session = None) -> None:
    """The workers, with their panes, processes and tasks."""
    found = _healths(group, session)
    if json:
        print_json("workers", workers=[_document(each) for each in found])
        return
    rows = [
        (
            each.name,
            each.group,
            each.status.state.value if each.status else each.verdict.value,
            each.pane or "",
            str(each.pid or ""),
            each.status.version if each.status else "",
            visible((each.status and (each.status.label or each.status.key)) or "", 60),
        )
        for each in found
    ]
    headings = ("WORKER", "GROUP", "STATE", "PANE", "PID", "VERSION", "TASK")
    print_table(headings, rows, state_column=2)


def health(json: Json = False, group: Group = None, session: Session = None) -> None:
    """How the workers are. Exit code 4 if one has ended, is missing, silent or outdated."""
    from ccpar_hybrid.app.worker_health import GOOD

    found = _healths(group, session)
    if json:
        print_json("workers", workers=[_document(each) for each in found])
    else:
        rows = [
            (
                each.name,
                each.verdict.value,
                "" if each.beat_s is None else f"{span(each.beat_s)} ago",
                "" if each.memory_mib is None else f"{each.memory_mib:.0f} MiB",
                str(each.processes or ""),
                each.detail,
            )
            for each in found
        ]
        print_table(("WORKER", "HEALTH", "BEAT", "MEMORY", "PROCESSES", ""), rows)
    if any(each.verdict not in GOOD for each in found):
        raise typer.Exit(ExitCode.MISSING_PART)


def scale(
    number: Annotated[str, typer.Argument(metavar="N", help="How many workers.")],
    group: Group = None,
    session: Session = None,
    wait: Wait = False,
) -> None:
    """Give a group so many workers. Those that are too many finish their task first."""
    if not (number.isascii() and number.isdigit()) or int(number) < 1:
        raise BadInput(f"{number!r} is no number of workers", "a whole number from 1")
    with App(os.environ) as app:
        report = _workers(app, session).scale(int(number), group)
        _tell(app, report, wait=wait)


def restart(
    name: Name,
    session: Session = None,
    now: Annotated[
        bool, typer.Option("--now", help="At once; its task goes on in its session.")
    ] = False,
) -> None:
    """Replace a worker's process, as after an upgrade; a busy one after its task."""
    from ccpar_hybrid.app.workers import Restart

    with App(os.environ) as app:
        done = _workers(app, session).restart(name, now=now)
    if done is Restart.DONE:
        print(f"restarted {name}")
    else:
        print(f"{name} is restarted when its task has ended")


def drain(name: Name, session: Session = None, wait: Wait = False) -> None:
    """Send a worker away when it is idle; `setup` or `workers scale` bring it back."""
    with App(os.environ) as app:
        _tell(app, _workers(app, session).drain(name), wait=wait)


def _workers(app: App, session: str | None) -> Workers:
    from ccpar_hybrid.app.workers import Workers

    return Workers(app, app.settings.session.name if session is None else session)


def _healths(group: str | None, session: str | None) -> list[Health]:
    from ccpar_hybrid.app.worker_health import healths

    with App(os.environ) as app:
        found = [each for each in healths(app, session) if group in (None, each.group)]
    if session is not None and not found:
        raise NotFound(f"there is no session {session}", "make it: ccpar-hybrid setup")
    if not found and group is not None:
        raise NotFound(f"group {group} has no workers", "see `ccpar-hybrid status`")
    return found


def _document(health: Health) -> dict[str, Any]:
    from ccpar_hybrid.front.cli.document import worker_document

    return {
        "name": health.name,
        "session": health.session,
        "group": health.group,
        "health": health.verdict.value,
        "detail": health.detail,
        "pane": health.pane,
        "pid": health.pid,
        "beat_age_s": health.beat_s,
        "memory_mib": health.memory_mib,
        "processes": health.processes,
        "worker": worker_document(health.status) if health.status else None,
    }


def _tell(app: App, report: Report, *, wait: bool) -> None:
    for what, names in (
        ("added", report.added),
        ("restarted", report.restarted),
        ("removed", report.removed),
        ("leaving when done", report.draining),
    ):
        if names:
            print(f"{what}: {', '.join(names)}")
    while wait and _stay(app, report.session, report.draining):
        time.sleep(_LOOK_S)
    total = sum(report.groups.values())
    print(f"{count(total, 'worker')} in {report.session}")
    if report.silent:
        raise typer.Exit(ExitCode.MISSING_PART)


def _stay(app: App, session: str, names: list[str]) -> bool:
    from ccpar_hybrid.app import worker_client
    from ccpar_hybrid.worker.station import worker_id

    return any(worker_client.status_of(app.paths, worker_id(session, name)) for name in names)
