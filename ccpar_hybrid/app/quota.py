"""What is known of the accounts that agents use, at one moment."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.account import AccountId, Limit, LoginRefusal, Window, WindowName
from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.core.quota import below_reserve, burn_rate, runs_out_at
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus

EVERY = "all"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WindowView(_Model):
    """A window as it was last told at `read_at`.

    `is_over`: its reset has passed since, so that its use is unknown. `percent_per_hour` is the
    rate of use, `runs_out_at` when nothing is left at this rate; None: unknown, or not before
    the reset.
    """

    window: Window
    read_at: datetime
    is_over: bool
    percent_per_hour: float | None
    runs_out_at: datetime | None


class AccountView(_Model):
    """One account. `reserve`: the window of which less than the reserve is left.

    `waiting` are the workers that hold a task for this account.
    """

    account: AccountId
    windows: tuple[WindowView, ...]
    limit: Limit | None
    reserve: Window | None
    refusals: tuple[LoginRefusal, ...]
    waiting: tuple[WorkerStatus, ...]

    @property
    def is_free(self) -> bool:
        """Whether new tasks of this account may begin."""
        return self.limit is None and self.reserve is None and not self.refusals


def take(app: App, now: datetime | None = None) -> list[AccountView]:
    """Every account that was ever used, by name."""
    now = now or datetime.now(UTC)
    held = [
        worker
        for worker in worker_client.statuses(app.paths).values()
        if worker.state is WorkerState.HELD
    ]
    return [_view(app, account, held, now) for account in app.ledger.accounts.all()]


def _view(app: App, account: AccountId, held: list[WorkerStatus], now: datetime) -> AccountView:
    book = app.ledger.accounts
    windows = (_window(app, account, name, now) for name in WindowName)
    return AccountView(
        account=account,
        windows=tuple(window for window in windows if window is not None),
        limit=book.limit(account, now),
        reserve=below_reserve(book.last_readings(account), app.settings.limit, now),
        refusals=tuple(book.refusals(account)),
        waiting=tuple(worker for worker in held if account in worker.detail),
    )


def _window(app: App, account: AccountId, name: WindowName, now: datetime) -> WindowView | None:
    readings = app.ledger.accounts.readings(account, name)
    if not readings:
        return None
    last = readings[-1]
    is_over = last.window.resets_at is not None and last.window.resets_at <= now
    rate = None if is_over else burn_rate(readings, now)
    return WindowView(
        window=last.window,
        read_at=last.at,
        is_over=is_over,
        percent_per_hour=rate,
        runs_out_at=None if is_over else runs_out_at(last.window, rate, now),
    )


def lift(app: App, account: str) -> list[AccountId]:
    """Take the limits of an account, or of `all`, as over; whose there were.

    Raises NotFound for an account that was never used.
    """
    known = app.ledger.accounts.all()
    if account != EVERY and account not in known:
        names = ", ".join(known) or "none yet"
        raise NotFound(f"there is no account {account!r}", f"known are {names}")
    wanted = None if account == EVERY else AccountId(account)
    return app.ledger.accounts.lift_limits(wanted, datetime.now(UTC))


def troubles(app: App, now: datetime | None = None) -> list[str]:
    """A short line for each thing that keeps an account's tasks from beginning."""
    now = now or datetime.now(UTC)
    book, told = app.ledger.accounts, []
    for account in book.all():
        limit = book.limit(account, now)
        if limit is not None:
            told.append(f"usage limit of {account} until {_clock(limit.until)}")
        elif window := below_reserve(book.last_readings(account), app.settings.limit, now):
            told.append(f"reserve of {account} kept until {_clock(window.resets_at)}")
    refused = (
        f"login of {each.account} refused: log in, then pueue start -g {each.group}"
        for each in book.refusals()
    )
    return [*told, *refused]


def _clock(at: datetime | None) -> str:
    if at is None:
        return "it is told anew"
    here = at.astimezone()
    is_soon = at - datetime.now(UTC) < WindowName.FIVE_HOUR.length * 4
    return f"{here:%H:%M}" if is_soon else f"{here:%d %b %H:%M}"
