"""`ccpar-hybrid approver`: a window of a session, in which it says what it decides."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence

from ccpar_hybrid.app.approver import Approver
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.core.errors import CcparError, ExitCode, Refused
from ccpar_hybrid.front.window import say, take_environment, window_parser
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.system.paths import make_private

_LOOK_S = 1.0


def main(arguments: Sequence[str]) -> int:
    """Decide until a signal comes; of several approvers of one instance one works."""
    parser = window_parser(
        "approver", "Decides by the policy what agents ask leave for, and keeps the record."
    )
    take_environment(parser.parse_args(list(arguments)).environment)
    with App(os.environ) as app:
        make_private(app.paths.runtime)
        asyncio.run(_serve(app))
    return ExitCode.OK


async def _serve(app: App) -> None:
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    judge = Judge(app.environment)
    approver = Approver(app.paths.approver, app.ledger.approvals, judge, app.settings.approver, say)
    waits = False
    while not leave.is_set():
        try:
            with file_lock(app.paths.approver_lock, wait_s=0):
                say(_opening(judge))
                await approver.serve(leave)
                return
        except Refused:
            if not waits:
                waits = True
                say("another session's approver decides; waiting for its end")
        try:
            await asyncio.wait_for(leave.wait(), _LOOK_S)
        except TimeoutError:
            continue


def _opening(judge: Judge) -> str:
    try:
        return f"deciding by the policy, profile {judge.profile()}"
    except CcparError as error:
        return f"{error.message}; until that is mended every request is for a person"
