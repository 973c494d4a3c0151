"""`ccpar-hybrid approver`: a window of a session, in which it says what it decides."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from functools import partial

from ccpar_hybrid.app.approval_desk import VIA_WORDS, Decide, Desk
from ccpar_hybrid.app.approver import Approver
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.app.screen_way import Place, ScreenWay
from ccpar_hybrid.core.errors import CcparError, ExitCode, Refused
from ccpar_hybrid.core.settings import Via
from ccpar_hybrid.front.window import ring, say, take_environment, window_parser
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.system.paths import make_private

_LOOK_S = 1.0


def main(arguments: Sequence[str]) -> int:
    """Decide until a signal comes; of several approvers of one instance one works."""
    parser = window_parser(
        "approver", "Decides by the policy what agents ask leave for, and keeps the record."
    )
    options = parser.parse_args(list(arguments))
    take_environment(options.environment)
    with App(os.environ) as app:
        make_private(app.paths.runtime)
        asyncio.run(_serve(app, options.session or app.settings.session.name))
    return ExitCode.OK


async def _serve(app: App, session: str) -> None:
    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    judge, settings = Judge(app.environment), app.settings.approver
    book, screens = app.ledger.approvals, _screens(app, session)
    approver = Approver(app.paths.approver, book, judge, settings, say, screens, ring)
    waits = False
    while not leave.is_set():
        try:
            with file_lock(app.paths.approver_lock, wait_s=0):
                say(_opening(judge, settings.via))
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


def _screens(app: App, session: str) -> Callable[[Desk, Decide], ScreenWay] | None:
    """Who answers by screen, if the settings want anybody to."""
    if app.settings.approver.via is Via.HOOK:
        return None
    place = Place(session, app.environment, app.paths, app.ledger, app.agents)
    return partial(ScreenWay, place)


def _opening(judge: Judge, via: Via) -> str:
    try:
        return f"deciding by the policy, profile {judge.profile()}; {VIA_WORDS[via]}"
    except CcparError as error:
        return f"{error.message}; until that is mended every request is for a person"
