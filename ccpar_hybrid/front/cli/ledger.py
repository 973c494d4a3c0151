"""ledger export, import, mend: what people do with the ledger as a whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import complete_task
from ccpar_hybrid.front.cli.output import count

if TYPE_CHECKING:
    from ccpar_hybrid.core.task import TaskKey
    from ccpar_hybrid.ledger.mend import Mended

_PIPE = "-"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Copies of the ledger, and its mending.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command()(export)
    group.command("import")(import_)
    group.command()(mend)
    app.add_typer(group, name="ledger")


def export(
    file: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="Where to (default: standard output).")
    ] = _PIPE,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK", help="Only this one; repeatable.", autocompletion=complete_task
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only tasks added or settled in the last: 2h, 7d.")
    ] = None,
    without_environment: Annotated[
        bool, typer.Option("--without-environment", help="Leave out the tasks' variables.")
    ] = False,
) -> None:
    """Write tasks with all their history as JSON lines."""
    from ccpar_hybrid.app import delay, transfer

    start = datetime.now(UTC) - timedelta(seconds=delay.seconds(since)) if since else None
    with App(os.environ) as app:
        keys = _keys(app, task or [], start)
        lines = transfer.exported(app.ledger, keys, with_environment=not without_environment)
        if file == _PIPE:
            sys.stdout.writelines(lines)
            return
        _write(Path(file), lines)
    held = "prompts" if without_environment else "prompts and variables"
    print(f"wrote {count(len(keys), 'task')} to {visible(file, 200)} (0600: it holds {held})")


def _keys(app: App, names: list[str], since: datetime | None) -> list[TaskKey]:
    """The keys meant, in the order of the ledger, so that each stands behind those it waits for."""
    keys = app.ledger.keys(since)
    if not names:
        return keys
    from ccpar_hybrid.app.reference import References

    references = References.now(app)
    wanted = {references.resolve(name).key for name in names}
    return [key for key in keys if key in wanted]


def _write(path: Path, lines: Iterable[str]) -> None:
    from ccpar_hybrid.system.files import write_private_lines

    if path.exists() and not path.is_file():
        raise MissingPart(f"{visible(str(path), 200)} is not a file", "give a file, or -")
    write_private_lines(path, lines)


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="What `ledger export` wrote.")],
    queue: Annotated[
        bool, typer.Option("--queue", help="Queue those that are not settled in this Pueue.")
    ] = False,
) -> None:
    """Take in tasks of an export: all or none; those that are there already stay."""
    from ccpar_hybrid.app import transfer

    with App(os.environ) as app:
        if file == _PIPE:
            header, records = transfer.read(sys.stdin.buffer)
        else:
            with Path(file).open("rb") as opened:
                header, records = transfer.read(opened)
        taken = transfer.take_in(app, header, records, queue=queue)
    same = len(records) - len(taken.new)
    told = f"; {same} were there already" if same else ""
    print(f"imported {count(len(taken.new), 'task')}{told}")
    if taken.queued:
        print(f"queued {count(len(taken.queued), 'task')} that had not ended")
    if taken.waiting:
        print(f"{count(len(taken.waiting), 'task')} not settled and not in the queue of this Pueue")
        print(f"  queue them: ccpar-hybrid ledger import --queue {visible(file, 200)}")
    if taken.new and not header.environment:
        print("their variables were not exported")


def mend() -> None:
    """Look whether the ledger is whole; set a damaged one aside and save what it holds."""
    from ccpar_hybrid.ledger.mend import mend

    with App(os.environ) as app:
        mended = mend(app.paths.ledger)
        if mended is None:
            print("the ledger is whole")
            return
        tell_mended(mended)
        open_tasks = len(app.ledger.tasks(unsettled_only=True))
    if open_tasks:
        print(f"{count(open_tasks, 'task')} not settled: `ccpar-hybrid setup` goes on with them")


def tell_mended(mended: Mended | None) -> None:
    """Say on standard error what a mending did."""
    from ccpar_hybrid.app.mending import story_of

    if mended is not None:
        first, *others = story_of(mended)
        sys.stderr.write(f"ccpar-hybrid: {first}\n")
        sys.stderr.writelines(f"  {line}\n" for line in others)
