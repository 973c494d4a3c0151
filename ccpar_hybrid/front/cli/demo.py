"""demo: the whole thing at work, in a home of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.core.errors import BadInput, ExitCode, Refused
from ccpar_hybrid.core.text import first_line, visible
from ccpar_hybrid.front.cli.output import paint, paint_state, print_table, span, terminal_width

if TYPE_CHECKING:
    from ccpar_hybrid.app.demonstration import Demonstration, Moment
    from ccpar_hybrid.app.demonstration_home import DemoHome
    from ccpar_hybrid.app.demonstration_signal import Interruption
    from ccpar_hybrid.app.snapshot import TaskView

_AGENTS = ("claude", "demo")
_WIDE = 105
"""Columns from which the table has room for what the agents said; it was told before as well."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(demo)


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running, to look around in.")
    ] = False,
    attach: Annotated[
        bool, typer.Option("--attach", help="Show the session here while the tasks run.")
    ] = False,
    agent: Annotated[
        str | None,
        typer.Option(
            help="claude or demo (a stand-in). Default: claude where it is installed.",
            autocompletion=lambda: list(_AGENTS),
        ),
    ] = None,
    real: Annotated[
        bool, typer.Option("--real", help="The real Claude Code; installs it where needed.")
    ] = False,
    end: Annotated[
        str | None, typer.Option(metavar="DIR", help="End a demo that was kept; nothing else.")
    ] = None,
) -> None:
    """Run six tasks in three panes, in a home of their own; needs no account.

    With Claude Code installed it is the real one, with a script in place of its model. Nothing is
    left behind; your own sessions, queues and settings are not touched.
    """
    if end is not None:
        if keep or attach or agent or real:
            raise BadInput("--end goes with no other option", "ccpar-hybrid demo --end DIR")
        _end(end)
        return
    wanted = _wanted(agent, real)
    if attach and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise BadInput("--attach needs a terminal", "leave it out, or use --keep")
    if not _run(wanted, keep=keep, attach=attach):
        raise typer.Exit(ExitCode.TASK_FAILED)


def _wanted(agent: str | None, real: bool) -> str | None:
    if agent not in (None, *_AGENTS):
        raise BadInput(f"there is no demo with {agent!r}", f"known are {', '.join(_AGENTS)}")
    if real and agent == "demo":
        raise BadInput("--real and --agent demo were given", "say one of them")
    return "claude" if real else agent


def _run(wanted: str | None, *, keep: bool, attach: bool) -> bool:
    """The whole demo; returns whether every task succeeded."""
    from ccpar_hybrid.app import demonstration
    from ccpar_hybrid.app.assembly import App
    from ccpar_hybrid.app.demonstration_home import DemoHome, search_path
    from ccpar_hybrid.app.demonstration_signal import Interruption
    from ccpar_hybrid.system.process import become_subreaper

    with App(os.environ) as app:
        command = app.settings.claude.command
    demonstration.check(wanted, command, {**os.environ, "PATH": search_path(os.environ)})
    become_subreaper()
    with Interruption() as interruption, contextlib.ExitStack() as stack:
        with interruption.shielded():
            home = DemoHome.create()
            stack.callback(_clear, home, interruption)
        run = demonstration.Demonstration(home, wanted, command, os.environ)
        good = _play(run, attach=attach)
        if keep:
            stack.pop_all()
            _tell_kept(home)
    _tell_next()
    return good


def _play(run: Demonstration, *, attach: bool) -> bool:
    from ccpar_hybrid.app.snapshot import TaskState

    print(f"agent    {run.cast.words}")
    if run.cast.hint:
        print(f"         {run.cast.hint}")
    print(f"home     {run.home.root}")
    print("workers  starting three", flush=True)
    run.start()
    print(f"look in  {run.home.run} tmux attach  (from another terminal)\n")
    if attach:
        print(f"attaching; {run.leave_keys()} leaves the session", flush=True)
        run.attach()
    views = run.watch(lambda moment: _tell_moment(run, moment))
    print()
    _print_views(run, views)
    return all(view.state is TaskState.SUCCEEDED for view in views)


def _tell_moment(run: Demonstration, moment: Moment) -> None:
    words = {"started": _start_words, "waiting": _waiting_words, "ended": _end_words}
    worker = _worker(moment.view).ljust(2)
    name = visible(moment.view.task.name, 20).ljust(8)
    line = f"{_clock(moment.at_s)}  {worker} {name} {words[moment.step](run, moment.view)}"
    print(line, flush=True)


def _start_words(run: Demonstration, view: TaskView) -> str:
    after = ", ".join(run.names(view.task.spec.after))
    return f"starts, priority {view.task.spec.priority}" + (f", after {after}" if after else "")


def _waiting_words(run: Demonstration, view: TaskView) -> str:
    return paint(f"waits for you: {visible(view.detail, 60)}", "yellow")


def _end_words(run: Demonstration, view: TaskView) -> str:
    state = paint_state(view.state.value, view.state.value)
    took = f" in {span(view.outcome.duration_s)}" if view.outcome else ""
    return f"{state}{took}: {_last_words(run, view)}"


def _last_words(run: Demonstration, view: TaskView) -> str:
    """What the agent said last; for one that did not succeed, why."""
    said = view.outcome.last_message if view.outcome and view.outcome.exit_code == 0 else None
    return first_line(said or view.detail or run.last_line(view), 200)


def _worker(view: TaskView) -> str:
    return view.attempt.worker.rpartition(".")[2] if view.attempt else "-"


def _print_views(run: Demonstration, views: list[TaskView]) -> None:
    headings = ("TASK", "PRIORITY", "AFTER", "WORKER", "STATE", "STARTED", "TOOK", "TOKENS", "SAID")
    shown = len(headings) - (terminal_width() < _WIDE)
    rows = [_row(run, view)[:shown] for view in views]
    print_table(headings[:shown], rows, state_column=4, right=(1, 5, 6, 7))


def _row(run: Demonstration, view: TaskView) -> tuple[str, ...]:
    attempt, outcome = view.attempt, view.outcome
    return (
        visible(view.task.name, 20),
        str(view.task.spec.priority),
        ", ".join(run.names(view.task.spec.after)),
        _worker(view),
        view.state.value,
        _clock(run.since_added_s(attempt.started_at)) if attempt else "-",
        span(outcome.duration_s) if outcome else "-",
        f"{outcome.usage.total_tokens:,}" if outcome else "-",
        _last_words(run, view),
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _clear(home: DemoHome, interruption: Interruption) -> None:
    """Take everything away; what could not be is named, whatever else went wrong."""
    with interruption.shielded():
        left = home.clear()
        with contextlib.suppress(OSError):
            if left:
                sys.stderr.write(f"ccpar-hybrid: could not take away: {', '.join(left)}\n")
            else:
                print("\nnothing is left behind: its processes have ended, its home is removed")


def _end(directory: str) -> None:
    from ccpar_hybrid.app.demonstration_home import DemoHome

    home = DemoHome.open(directory)
    left = home.clear()
    if left:
        raise Refused(f"could not take away: {', '.join(left)}", "end it yourself, then try again")
    print(f"ended the demo in {home.root}; nothing of it is left")


def _tell_kept(home: DemoHome) -> None:
    print("\nkept, with everything running")
    print(f"  look    {home.run} tmux attach")
    print(f"  use     {home.run} ccpar-hybrid add 'PROMPT'")
    print(f"  end     {_our_command()} demo --end {home.root}")


def _tell_next() -> None:
    print("\nyour own session, with your own Claude Code:")
    print(f"  {_our_command()} setup 6")
    print(f"  {_our_command()} add 'PROMPT'")


def _our_command() -> str:
    """How this person calls us: the name where it is on PATH, else the starter's path."""
    if shutil.which("ccpar-hybrid"):
        return "ccpar-hybrid"
    starter = Path(__file__).parents[3] / "bin" / "ccpar-hybrid"
    return shlex.quote(str(starter)) if starter.exists() else f"{sys.executable} -m ccpar_hybrid"
