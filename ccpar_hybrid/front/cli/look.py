"""list, show, log, stats: what is and what was."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.mask import masked, masked_line
from ccpar_hybrid.core.text import first_line, visible
from ccpar_hybrid.front.cli.option import Group, Json, TaskName, complete_state
from ccpar_hybrid.front.cli.output import ago, paint, print_json, print_table, span

if TYPE_CHECKING:
    from ccpar_hybrid.app.snapshot import Snapshot, TaskView

RECENT = 30


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("list")(list_tasks)
    app.command()(show)
    app.command()(log)
    app.command()(stats)


def list_tasks(
    json: Json = False,
    group: Group = None,
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only tasks in this state; repeatable.", autocompletion=complete_state),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Also those that ended before the last {RECENT}.")
    ] = False,
) -> None:
    """Tasks: the newest that ended, then those that run, then those that wait."""
    from ccpar_hybrid.app import snapshot
    from ccpar_hybrid.front.cli.status import asking_words

    wanted = {_state(word) for word in state or []}
    with App(os.environ) as app:
        seen = snapshot.take(app)
    views = [
        view
        for view in _ordered(seen.tasks, everything or bool(wanted))
        if group in (None, view.task.spec.group) and (not wanted or view.state in wanted)
    ]
    if not views and group is not None:
        check_group(seen, group)
    if json:
        from ccpar_hybrid.front.cli.document import task_document

        print_json(
            "list",
            at=seen.at.isoformat(),
            scheduler_error=seen.scheduler_error,
            tasks=[task_document(view) for view in views],
        )
        return
    if seen.scheduler_error:
        sys.stderr.write(f"ccpar-hybrid: the queue is unknown: {seen.scheduler_error}\n")
    if not views:
        is_all = not wanted and group is None
        print("no tasks; add one: ccpar-hybrid add 'PROMPT'" if is_all else "no such tasks")
        return
    rows = [_row(view, seen.at) for view in views]
    print_table(
        ("ID", "TASK", "STATE", "GROUP", "PRIO", "WORKER", "WHEN", "DETAIL"),
        rows,
        state_column=2,
        right=(0, 4),
        giving=(1, 3, 6),
    )
    if words := asking_words(sum(len(view.requests) for view in views)):
        print("\n" + paint(words, "yellow"))


def check_group(seen: Snapshot, group: str) -> None:
    """Raise NotFound for a group that Pueue surely does not have."""
    if seen.scheduler_error is None and group not in seen.groups:
        known = ", ".join(sorted(seen.groups))
        raise NotFound(f"there is no group {visible(group, 60)!r}", f"known are {known}")


def _state(word: str) -> str:
    from ccpar_hybrid.app.snapshot import TaskState

    if word not in list(TaskState):
        raise BadInput(f"there is no state {word!r}", f"states are {', '.join(TaskState)}")
    return TaskState(word)


def _ordered(views: tuple[TaskView, ...], everything: bool) -> list[TaskView]:
    """The ended ones, the newest last; then those that run; then those that wait."""
    ended = sorted((view for view in views if view.is_ended), key=_ended_at)
    running = [view for view in views if not view.is_ended and view.worker]
    waiting = [view for view in views if not view.is_ended and not view.worker]
    waiting.sort(key=lambda view: -view.task.spec.priority)
    return [*(ended if everything else ended[-RECENT:]), *running, *waiting]


def _ended_at(view: TaskView) -> datetime:
    return view.outcome.ended_at if view.outcome else datetime.min.replace(tzinfo=UTC)


def _row(view: TaskView, now: datetime) -> tuple[str, ...]:
    from ccpar_hybrid.front.cli.status import waiting_words

    spec = view.task.spec
    detail = masked(view.detail)
    if view.state.value == "waiting":
        detail = waiting_words(detail, view.requests)
    if view.is_ended and detail in ("", "done"):
        detail = masked_line(view.outcome.last_message or "", 200) if view.outcome else ""
    return (
        "" if view.pueue_id is None else str(view.pueue_id),
        visible(view.task.name, 32),
        view.state.value,
        visible(spec.group, 16),
        str(spec.priority) if spec.priority else "",
        view.worker or "",
        _when(view, now),
        first_line(detail, 200) or masked_line(spec.prompt, 200),
    )


def _when(view: TaskView, now: datetime) -> str:
    if view.outcome is not None:
        return f"{ago(view.outcome.ended_at, now)}, took {span(view.outcome.duration_s)}"
    if view.not_before is not None:
        return ago(view.not_before, now)
    if view.worker and view.attempt is not None:
        return f"for {span(max(0.0, (now - view.attempt.started_at).total_seconds()))}"
    return f"added {ago(view.task.created_at, now)}"


def show(task: TaskName, json: Json = False) -> None:
    """All that is known of one task: what was asked, each attempt, every event and request."""
    from ccpar_hybrid.app import snapshot
    from ccpar_hybrid.app.approval_story import with_requests
    from ccpar_hybrid.app.reference import References

    with App(os.environ) as app:
        found = References.now(app).resolve(task)
        view = snapshot.take(app, [found]).tasks[0]
        whole = app.ledger.whole(found.key)
    attempts, events = list(whole.attempts), with_requests(whole.events, whole.approvals)
    if json:
        from ccpar_hybrid.front.cli.document import show_document

        print_json("show", task=show_document(view, attempts, events))
        return
    from ccpar_hybrid.front.cli.story import print_story

    print_story(view, attempts, events)


def log(
    task: TaskName,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the task has ended.")
    ] = False,
    attempt: Annotated[int | None, typer.Option(help="Which attempt (default: the last).")] = None,
) -> None:
    """What the agent did, as it went."""
    from ccpar_hybrid.app.log import tail
    from ccpar_hybrid.app.reference import References

    with App(os.environ) as app:
        found = References.now(app).resolve(task)
        last = app.ledger.last_attempts([found.key]).get(found.key)
        if attempt is not None and not 1 <= attempt <= (last.number if last else 0):
            raise NotFound(f"{found.name} has no attempt {attempt}", "see `ccpar-hybrid show`")
        if last is None and not follow:
            raise NotFound(f"{found.name} has not begun", "with --follow its log is waited for")
        for text in tail(app, found.key, attempt, follow=follow):
            sys.stdout.write(text)
            sys.stdout.flush()


def stats(
    json: Json = False,
    since: Annotated[str | None, typer.Option(help="Only the last: 2h, 7d.")] = None,
) -> None:
    """Outcomes, times, tokens and cost."""
    from ccpar_hybrid.app import delay
    from ccpar_hybrid.front.cli.figures import print_stats, stats_document

    start = datetime.now(UTC) - timedelta(seconds=delay.seconds(since)) if since else None
    with App(os.environ) as app:
        found = app.ledger.stats(start)
    if json:
        print_json("stats", **stats_document(found))
    else:
        print_stats(found)
