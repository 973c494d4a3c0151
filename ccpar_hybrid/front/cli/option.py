"""Options that several commands share, and completion of names."""

from __future__ import annotations

import os
import shlex
from typing import Annotated

import typer


def complete_task(incomplete: str) -> list[tuple[str, str]]:
    """Labels and keys of the newest tasks, with what they are.

    A label that a shell would not take as one plain word is left out: what is completed lands
    unquoted in the command line, and would be run with it.
    """
    from ccpar_hybrid.app.assembly import App
    from ccpar_hybrid.core.errors import CcparError
    from ccpar_hybrid.core.text import first_line

    try:
        with App(os.environ) as app:
            tasks = app.ledger.tasks(limit=200)
    except CcparError:
        return []
    found: dict[str, str] = {}
    for task in tasks:
        for name in (task.spec.label, task.key):
            if name and name.startswith(incomplete) and _is_plain(name):
                found.setdefault(name, first_line(task.spec.prompt, 60))
                break
    return list(found.items())


def _is_plain(name: str) -> bool:
    return name == shlex.quote(name) and not name.startswith("-")


def complete_state(incomplete: str) -> list[str]:
    """Names of states."""
    from ccpar_hybrid.app.snapshot import TaskState

    return [state.value for state in TaskState if state.value.startswith(incomplete)]


def complete_group(incomplete: str) -> list[str]:
    """Pueue's groups."""
    from ccpar_hybrid.app.assembly import App
    from ccpar_hybrid.core.errors import CcparError

    try:
        with App(os.environ) as app:
            groups = app.scheduler.snapshot().groups
    except CcparError:
        return []
    return [name for name in sorted(groups) if name.startswith(incomplete) and _is_plain(name)]


def complete_agent(incomplete: str) -> list[str]:
    """Names of agents."""
    return [name for name in ("claude", "command", "demo") if name.startswith(incomplete)]


def complete_on_limit(incomplete: str) -> list[str]:
    """What a task may do at a usage limit."""
    return [name for name in ("wait", "ask", "fail") if name.startswith(incomplete)]


def complete_layout(incomplete: str) -> list[str]:
    """Names of layouts, the user's included."""
    from ccpar_hybrid.system import paths
    from ccpar_hybrid.tmux import layout_file

    names = layout_file.names(paths.resolve(os.environ).config)
    return [name for name in names if name.startswith(incomplete)]


def complete_request(incomplete: str) -> list[tuple[str, str]]:
    """Ids of the requests that wait for a person, with the tools that they are for."""
    from ccpar_hybrid.app.approval_view import SHORT, open_requests
    from ccpar_hybrid.app.assembly import App
    from ccpar_hybrid.core.errors import CcparError
    from ccpar_hybrid.core.text import visible

    try:
        with App(os.environ) as app:
            found = [view.approval for view in open_requests(app)]
    except CcparError:
        return []
    return [
        (each.id[:SHORT], visible(each.request.tool, 60))
        for each in found
        if each.id.startswith(incomplete)
    ]


Json = Annotated[bool, typer.Option("--json", help="Print JSON (docs/json.md).")]
TaskName = Annotated[
    str,
    typer.Argument(metavar="TASK", help="Pueue id, label or key.", autocompletion=complete_task),
]
RequestId = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The beginning of a request's id.", autocompletion=complete_request
    ),
]
Group = Annotated[
    str | None,
    typer.Option("--group", "-g", help="A Pueue group.", autocompletion=complete_group),
]
Session = Annotated[
    str | None, typer.Option("--session", help="The tmux session (default: claude-workers).")
]
PolicyFile = Annotated[
    str | None, typer.Option("--policy", metavar="FILE", help="Instead of your policy.toml.")
]
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="Instead of the file's: careful, standard, trusting."
    ),
]
