"""setup, attach, stop, status: the tmux session."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput, ExitCode, NotFound
from ccpar_hybrid.core.mask import masked
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Group, Json, Session, complete_agent, complete_layout
from ccpar_hybrid.front.cli.output import count, paint, print_json, print_table, span

if TYPE_CHECKING:
    from ccpar_hybrid.app.session_record import Report
    from ccpar_hybrid.core.worker import WorkerStatus

DEMO = "demo"
DEMO_WORKERS = 3


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(setup)
    app.command()(attach)
    app.command()(stop)
    app.command()(status)


def setup(
    workers: Annotated[
        str | None,
        typer.Argument(
            metavar="[N|demo]", help="How many workers, or `demo`: 3 workers and sample tasks."
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=N]", help="A Pueue group and its workers; repeatable."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="A layout's name or file.", autocompletion=complete_layout),
    ] = None,
    session: Session = None,
    agent: Annotated[
        str | None,
        typer.Option(help="For tasks that name none.", autocompletion=complete_agent),
    ] = None,
) -> None:
    """Build the session, or bring it to what is asked for.

    Run again it mends what is broken and adds or removes workers; busy ones are not disturbed.
    """
    from ccpar_hybrid.app.mending import mend_if_damaged
    from ccpar_hybrid.app.session import Sessions, Wanted
    from ccpar_hybrid.front.cli.ledger import tell_mended

    groups = read_groups(workers, group or [], _default_group())
    is_demo = workers == DEMO
    with App(os.environ) as app:
        name = _name(app, session)
        tell_mended(mend_if_damaged(app))
        wanted = Wanted(name, groups, layout, "demo" if is_demo and not agent else agent)
        report = Sessions(app).setup(wanted)
        _tell_setup(report, app.settings.agent.default)
        if is_demo:
            from ccpar_hybrid.app.enqueue import Enqueuer
            from ccpar_hybrid.app.sample import sample_requests

            added = Enqueuer(app, str(Path.cwd()), name).add(sample_requests())
            print(f"{count(len(added), 'sample task')} added; see `ccpar-hybrid list`")
        _tell_next(name, app.settings.session.name)
    if report.silent:
        raise typer.Exit(ExitCode.MISSING_PART)


def _default_group() -> str:
    with App(os.environ) as app:
        return app.settings.session.group


def read_groups(workers: str | None, given: list[str], default: str) -> dict[str, int] | None:
    """Workers by group, from the arguments; None where nothing was said."""
    number = None if workers in (None, DEMO) else _number(workers or "")
    if workers == DEMO and not given:
        return {default: DEMO_WORKERS}
    if not given:
        return None if number is None else {default: number}
    groups: dict[str, int] = {}
    for text in given:
        name, separator, amount = text.rpartition("=") if "=" in text else (text, "", "")
        if not name or name in groups:
            raise BadInput(f"--group {text!r}", "NAME=N is accepted, each name once")
        groups[name] = _number(amount) if separator else number or 1
    if number is not None and (len(given) > 1 or "=" in given[0]):
        raise BadInput("both N and --group NAME=N were given", "say each number once")
    return groups


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise BadInput(f"{text!r} is no number of workers", "a whole number from 1, or `demo`")
    return int(text)


def _name(app: App, session: str | None) -> str:
    from ccpar_hybrid.tmux.layout import checked_name

    name = app.settings.session.name if session is None else session
    try:
        return checked_name(name)
    except ValueError as error:
        raise BadInput(f"{name!r} can be no session's name", str(error)) from None


def _tell_setup(report: Report, usual_agent: str) -> None:
    if report.daemon_started:
        print("started pueued")
    total = sum(report.groups.values())
    groups = ", ".join(f"{name}: {number}" for name, number in report.groups.items())
    verb = "built" if report.created else "checked"
    print(f"{verb} session {report.session}: {count(total, 'worker')} ({groups})")
    _tell_changes(report)
    if report.agent != usual_agent:
        # It is remembered, and a stand-in's success would be taken for work.
        print(f"  tasks that name no agent get {report.agent}; `setup --agent` changes it")
    for group in report.paused:
        print(f"  group {group} is paused; start it: pueue start -g {group}")
    _tell_trouble(report)


def _tell_changes(report: Report) -> None:
    if not report.created:
        for what, names in (
            ("added", report.added),
            ("restarted", report.restarted),
            ("removed", report.removed),
            ("leaving when done", report.draining),
        ):
            if names:
                print(f"  {what}: {', '.join(names)}")
    for line in report.recovered.lines:
        print(f"  {line}")
    if report.kept_layout:
        print(f"  layout stays {report.kept_layout}: `ccpar-hybrid stop`, then setup, to change it")


def _tell_trouble(report: Report) -> None:
    if report.agent_trouble:
        sys.stderr.write(
            f"ccpar-hybrid: tasks for {report.agent} are not accepted yet: {report.agent_trouble}\n"
        )
    if report.silent:
        sys.stderr.write(
            f"ccpar-hybrid: {', '.join(report.silent)} did not come up\n"
            "  look at their panes, or run `ccpar-hybrid doctor`\n"
        )


def _tell_next(session: str, usual: str) -> None:
    option = "" if session == usual else f" --session {session}"
    print(f"look:  tmux attach -t {session}")
    print(f"work:  ccpar-hybrid add{option} 'PROMPT'")


def attach(session: Session = None) -> None:
    """Show the session here; inside tmux the client switches to it."""
    from ccpar_hybrid.tmux.server import Server

    with App(os.environ) as app:
        name = _name(app, session)
        server = Server(app.environment)
        server.version()
        if server.find_session(name) is None:
            raise NotFound(f"there is no session {name}", "make it: ccpar-hybrid setup")
        argv = server.attach_argv(name)
    if not sys.stdin.isatty():
        raise BadInput("this is no terminal", f"in a terminal: tmux attach -t {name}")
    os.execvp(argv[0], argv)


def stop(
    session: Session = None,
    now: Annotated[bool, typer.Option("--now", help="Cancel what runs.")] = False,
) -> None:
    """End the session: workers finish their task first. What is queued stays queued."""
    from ccpar_hybrid.app.session import Sessions

    with App(os.environ) as app:
        name = _name(app, session)
        busy = Sessions(app, say=print).stop(name, now=now)
    what = "cancelled" if now else "finished"
    print(f"stopped {name}" + (f"; {what} {count(len(busy), 'task')}" if busy else ""))


def status(json: Json = False, group: Group = None, session: Session = None) -> None:
    """Workers, what they do, and the queues."""
    from ccpar_hybrid.app import quota, snapshot
    from ccpar_hybrid.app.supervisor_watch import unsupervised
    from ccpar_hybrid.front.cli.document import worker_document
    from ccpar_hybrid.front.cli.look import check_group
    from ccpar_hybrid.front.cli.status import asking_words, queue_rows, queues

    with App(os.environ) as app:
        seen = snapshot.take(app, app.ledger.tasks(unsettled_only=True))
        workers = [
            worker
            for worker in seen.workers
            if group in (None, worker.group) and session in (None, worker.session)
        ]
        if group is not None and not workers:
            check_group(seen, group)
        if session is not None and not workers and app.session_record(_name(app, session)) is None:
            raise NotFound(f"there is no session {session}", "make it: ccpar-hybrid setup")
        counts = queues(seen, group, app.settings.session.group)
        troubles = quota.troubles(app)
        lacking = unsupervised(app, sorted({worker.session for worker in workers}))
    asking = {str(view.key): view.requests for view in seen.tasks if view.requests}
    requests = [each for worker in workers for each in asking.get(worker.key or "", ())]
    if json:
        print_json(
            "status",
            at=seen.at.isoformat(),
            scheduler_error=seen.scheduler_error,
            workers=[worker_document(worker) for worker in workers],
            groups=counts,
            unsupervised=lacking,
            requests=requests,
        )
        return
    if seen.scheduler_error:
        print(paint(f"queue unknown: {seen.scheduler_error}", "red"))
    for name in lacking:
        print(paint(f"no supervisor runs in {name}: ccpar-hybrid setup --session {name}", "red"))
    _tell_workers(workers, seen.at, asking)
    print_table(
        ("GROUP", "WORKERS", "SLOTS", "RUNNING", "WAITING", "HELD", "QUEUED", ""),
        queue_rows(counts),
    )
    for trouble in filter(None, (asking_words(len(requests)), *troubles)):
        print(paint(visible(trouble, 200), "yellow"))


def _detail(worker: WorkerStatus) -> str:
    from ccpar_hybrid.app.worker_client import is_outdated

    if is_outdated(worker):
        return f"runs version {worker.version}: ccpar-hybrid workers restart {worker.name}"
    return masked(worker.detail or worker.last)


def _tell_workers(
    workers: list[WorkerStatus], at: datetime, asking: Mapping[str, Sequence[str]]
) -> None:
    from ccpar_hybrid.front.cli.status import with_request

    if not workers:
        print("no workers; start some: ccpar-hybrid setup\n")
        return
    several = len({worker.session for worker in workers}) > 1
    rows = [
        (
            f"{worker.session}:{worker.name}" if several else worker.name,
            worker.group,
            worker.state.value,
            span(max(0.0, (at - worker.since).total_seconds())),
            visible(worker.label or worker.key or "", 40),
            visible(with_request(_detail(worker), asking.get(worker.key or "", ())), 200),
        )
        for worker in workers
    ]
    headings = ("WORKER", "GROUP", "STATE", "FOR", "TASK", "DETAIL")
    print_table(headings, rows, state_column=2, giving=(1, 4))
    print()
