"""`ccpar-hybrid worker NAME`: the program of a worker's pane. Starts without the command line's
libraries, for it starts often and stays."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import gc
import os
import sys
import termios
from collections.abc import Sequence

from ccpar_hybrid.app import launcher
from ccpar_hybrid.app.assembly import App, pane_environment, version
from ccpar_hybrid.core.errors import CcparError, ExitCode, MissingPart
from ccpar_hybrid.front.window import take_environment
from ccpar_hybrid.scheduler.pueue_daemon import pueue_directory
from ccpar_hybrid.system.scope import find_scopes
from ccpar_hybrid.system.terminal import TerminalGone, is_gone
from ccpar_hybrid.tmux.pane import Pane
from ccpar_hybrid.worker.account_hold import AccountHold
from ccpar_hybrid.worker.accounts import Accounts
from ccpar_hybrid.worker.loop import Worker
from ccpar_hybrid.worker.machine_hold import MachineHold
from ccpar_hybrid.worker.program import STANDARD_INPUT
from ccpar_hybrid.worker.station import Station, worker_id


def main(arguments: Sequence[str]) -> int:
    """Serve until drained or stopped; returns the exit code."""
    options = _parser().parse_args(list(arguments))
    try:
        take_environment(options.environment)
        environment = dict(os.environ)
        with App(environment) as app:
            worker = Worker(_station(app, options, environment))
            gc.collect()
            gc.freeze()
            asyncio.run(worker.serve())
    except CcparError as error:
        sys.stderr.write(f"{options.name}: {error.message}\r\n{error.hint}\r\n")
        return error.exit_code
    except (TerminalGone, termios.error):
        # The hangup that tells of it may come later. The task's shim offers it to another worker.
        if not is_gone(STANDARD_INPUT):
            raise
        return ExitCode.INTERRUPTED
    return ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ccpar-hybrid worker")
    parser.add_argument("name")
    parser.add_argument("--session", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--environment", required=True, metavar="FILE")
    return parser


class _SessionEnvironment:
    """What `setup` has saved, read anew for each task; an unreadable file changes nothing."""

    def __init__(self, file: str, first: dict[str, str]) -> None:
        self._file = file
        self._last = first

    def __call__(self) -> dict[str, str]:
        with contextlib.suppress(MissingPart):
            self._last = pane_environment(self._file)
        return self._last


def _station(app: App, options: argparse.Namespace, environment: dict[str, str]) -> Station:
    pane = environment.get("TMUX_PANE", "")
    settings = app.settings
    agent = settings.agent.model_copy(update={"default": app.default_agent(options.session)})
    return Station(
        name=options.name,
        session=options.session,
        group=options.group,
        version=version(),
        paths=app.paths,
        settings=settings.model_copy(update={"agent": agent}),
        ledger=app.ledger,
        agents=app.agents,
        scheduler=lambda: app.scheduler,
        pane=Pane(pane, environment),
        hook_argv=launcher.hook_argv(),
        environment=_SessionEnvironment(options.environment, environment),
        scopes=functools.cache(lambda: find_scopes(environment)),
        accounts=Accounts(app.ledger.accounts, settings.limit),
        holds=(
            AccountHold(app.ledger.accounts, settings.limit, lambda: app.scheduler),
            _machine_hold(app, worker_id(options.session, options.name), environment),
        ),
    )


def _machine_hold(app: App, worker: str, environment: dict[str, str]) -> MachineHold:
    """The last of the holds: it notes a start that nothing else may hold any more."""
    places = {"state": app.paths.state}
    with contextlib.suppress(MissingPart):  # said where Pueue is used
        places["Pueue"] = str(pueue_directory(environment))
    return MachineHold(app.settings.machine, app.paths.starts, worker, places)
