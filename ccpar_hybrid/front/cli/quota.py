"""quota: accounts, how full their windows are, and what waits for them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Json
from ccpar_hybrid.front.cli.output import ago, paint, print_json, print_table, span

if TYPE_CHECKING:
    from ccpar_hybrid.app.quota import AccountView, WindowView
    from ccpar_hybrid.core.account import Limit


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(quota)


def quota(
    json: Json = False,
    lift: Annotated[
        str | None,
        typer.Option(metavar="ACCOUNT", help="Take its limit (or `all`) as over, and go on."),
    ] = None,
) -> None:
    """Accounts: used percent, resets, rate of use, limits, and who waits."""
    from ccpar_hybrid.app import quota as accounts

    now = datetime.now(UTC)
    with App(os.environ) as app:
        lifted = accounts.lift(app, lift) if lift is not None else []
        views = accounts.take(app, now)
    if json:
        documents = [_document(view) for view in views]
        print_json("quota", at=now.isoformat(), lifted=lifted, accounts=documents)
        return
    for account in lifted:
        print(f"the limit of {account} counts as over")
    if lift is not None and not lifted:
        print("no limit is in force")
    if not views:
        print("no account has told of its limits yet; a subscription does with its first answer")
        return
    _tell(views, now)


def _tell(views: list[AccountView], now: datetime) -> None:
    rows = [row for view in views for row in _rows(view, now)]
    headings = ("ACCOUNT", "WINDOW", "USED", "RESETS", "RATE", "RUNS OUT", "TOLD")
    print_table(headings, rows, right=(2, 4), giving=(0,))
    for view in views:
        for line in _troubles(view, now):
            print(paint(f"{view.account}: {line}", "yellow"))


def _rows(view: AccountView, now: datetime) -> list[tuple[str, ...]]:
    if not view.windows:
        return [(view.account, "not told", "", "", "", "", "")]
    return [_row(view.account, window, now) for window in view.windows]


def _row(account: str, view: WindowView, now: datetime) -> tuple[str, ...]:
    window, rate = view.window, view.percent_per_hour
    return (
        account,
        window.name.words,
        "?" if view.is_over else f"{window.used_percent:.3g} %",
        ago(window.resets_at, now),
        "" if rate is None else f"{rate:.3g} %/h",
        ago(view.runs_out_at, now),
        ago(view.read_at, now),
    )


def _troubles(view: AccountView, now: datetime) -> list[str]:
    lines = []
    if view.limit is not None:
        lines.append(_limit_words(view.limit, now))
    if view.reserve is not None:
        left = max(0.0, 100 - view.reserve.used_percent)
        lines.append(f"reserve: {left:.3g} % of the {view.reserve.name.words} left, none begins")
    for refusal in view.refusals:
        said = f" ({visible(refusal.text, 120)})" if refusal.text else ""
        lines.append(f"login refused{said}: log in, then pueue start -g {refusal.group}")
    if view.waiting:
        names = (
            f"{each.name} ({visible(each.label or each.key or '', 32)})" for each in view.waiting
        )
        lines.append(f"wait for it: {', '.join(names)}")
    return lines


def _limit_words(limit: Limit, now: datetime) -> str:
    left = span(max(0.0, (limit.until - now).total_seconds()))
    what = f" ({limit.window.words})" if limit.window else ""
    end = f"resets in {left}" if limit.is_known else f"its reset is unknown, tried again in {left}"
    return f"usage limit{what}: {end}"


def _document(view: AccountView) -> dict[str, Any]:
    return {
        "account": view.account,
        "is_free": view.is_free,
        "windows": [_window_document(window) for window in view.windows],
        "limit": _limit_document(view.limit),
        "reserve": view.reserve.name.value if view.reserve else None,
        "login_refusals": [
            {
                "group": refusal.group,
                "at": refusal.at.isoformat(),
                "text": refusal.text,
                "is_paused": refusal.is_paused,
            }
            for refusal in view.refusals
        ],
        "waiting": [f"{worker.session}.{worker.name}" for worker in view.waiting],
    }


def _window_document(view: WindowView) -> dict[str, Any]:
    return {
        "name": view.window.name.value,
        "used_percent": view.window.used_percent,
        "resets_at": _time(view.window.resets_at),
        "read_at": _time(view.read_at),
        "is_over": view.is_over,
        "percent_per_hour": view.percent_per_hour,
        "runs_out_at": _time(view.runs_out_at),
    }


def _limit_document(limit: Limit | None) -> dict[str, Any] | None:
    if limit is None:
        return None
    return {
        "window": limit.window.value if limit.window else None,
        "since": _time(limit.since),
        "until": _time(limit.until),
        "is_known": limit.is_known,
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
