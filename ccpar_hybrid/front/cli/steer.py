"""wait, cancel, restart: acting on tasks."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import CcparError, ExitCode
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Json, complete_task
from ccpar_hybrid.front.cli.output import count, paint_state, print_json, span

if TYPE_CHECKING:
    from ccpar_hybrid.app.snapshot import TaskView
    from ccpar_hybrid.core.task import Task

TaskNames = Annotated[
    list[str], typer.Argument(metavar="TASK…", autocompletion=complete_task, help="Id, label, key.")
]
MaybeTaskNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TASK…]", autocompletion=complete_task, help="Default: all unsettled."),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(wait)
    app.command()(cancel)
    app.command()(restart)


def wait(
    tasks: MaybeTaskNames = None,
    timeout: Annotated[str | None, typer.Option(help="At most: 90, 10min, 2h.")] = None,
    json: Json = False,
) -> None:
    """Until the tasks have ended; exit code 5 if one did not succeed."""
    from ccpar_hybrid.app import delay
    from ccpar_hybrid.app.control import Control
    from ccpar_hybrid.app.snapshot import TaskState

    limit_s = delay.seconds(timeout) if timeout else None
    with App(os.environ) as app:
        found = _resolve(app, tasks) if tasks else app.ledger.tasks(unsettled_only=True)
        on_end = (lambda view: None) if json else _tell_end
        views = Control(app).wait(found, timeout_s=limit_s, on_end=on_end)
    if json:
        from ccpar_hybrid.front.cli.document import task_document

        print_json("wait", tasks=[task_document(view) for view in views])
    if any(view.state is not TaskState.SUCCEEDED for view in views):
        raise typer.Exit(ExitCode.TASK_FAILED)


def _resolve(app: App, names: list[str]) -> list[Task]:
    from ccpar_hybrid.app.reference import References

    references = References.now(app)
    return list({task.key: task for task in map(references.resolve, names)}.values())


def _tell_end(view: TaskView) -> None:
    took = f", took {span(view.outcome.duration_s)}" if view.outcome else ""
    detail = f": {visible(view.detail, 200)}" if view.detail not in ("", "done") else ""
    state = paint_state(view.state.value, view.state.value)
    print(f"{visible(view.task.name, 60)} {state}{took}{detail}", flush=True)


def cancel(tasks: TaskNames) -> None:
    """End tasks, whatever they do now. Those that wait for them will not run."""
    from ccpar_hybrid.app.control import Control

    with App(os.environ) as app:
        control = Control(app)
        failures = []
        for task in _resolve(app, tasks):
            try:
                done = control.cancel(task)
            except CcparError as error:
                failures.append(error)
                sys.stderr.write(f"ccpar-hybrid: {error.message}\n")
                continue
            what = "stopped its agent" if done.running else "it had not begun"
            print(f"cancelled {visible(task.name, 60)} ({what})")
            if done.skipped:
                names = ", ".join(visible(other.name, 60) for other in done.skipped)
                print(
                    f"  {count(len(done.skipped), 'task')} waited for it and will not run: {names}"
                )
    if failures:
        raise typer.Exit(failures[0].exit_code)


def restart(tasks: TaskNames) -> None:
    """Queue tasks that have ended once more, under their keys."""
    from ccpar_hybrid.app.control import Control

    with App(os.environ) as app:
        control = Control(app)
        for task in _resolve(app, tasks):
            number = control.restart(task)
            print(f"queued {visible(task.name, 60)} again as {number}")
