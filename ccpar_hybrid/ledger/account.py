"""The ledger's pages on accounts: readings, limits, departures after them, refused logins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from ccpar_hybrid.core.account import (
    AccountId,
    Limit,
    LoginRefusal,
    Reading,
    Window,
    WindowName,
)
from ccpar_hybrid.core.quota import is_news
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.database import Database
from ccpar_hybrid.ledger.row import time_text

KEPT = timedelta(days=15)
"""Readings that are older are forgotten: two of the longest windows."""
_CLOCK_STEP = timedelta(minutes=1)
"""A departure that lies further ahead is from before the clock was set back."""
STAGGERED_STEPS = 60
"""For so many steps after a limit's end the starts of its account are kept apart."""
_READING = "account, at, window_name, used_percent, resets_at"
_LIMIT = "account, since, until, window_name, is_known, times"
_REFUSAL = "account, group_name, at, text, paused_at IS NOT NULL"


class AccountBook:
    """All that is known of accounts; errors and blocking as of the Ledger.

    Times that are given are aware, and those of one machine: whoever shares the ledger shares
    its clock.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AccountId]:
        """Every account that was ever used, by name."""
        return [row[0] for row in self._database.rows("SELECT account FROM accounts ORDER BY 1")]

    # --- how full the windows are

    def note(self, readings: Iterable[Reading]) -> None:
        """Keep what is news in these readings."""
        fresh = [each for each in readings if self._is_news(each)]
        if not fresh:
            return
        with self._database.transaction():
            for reading in filter(self._is_news, fresh):  # others may have written meanwhile
                self._see(reading.account, reading.at)
                self._database.write(
                    f"INSERT INTO readings ({_READING}) VALUES (?, ?, ?, ?, ?)",
                    reading.account,
                    time_text(reading.at),
                    reading.window.name.value,
                    reading.window.used_percent,
                    _text(reading.window.resets_at),
                )
            oldest = min(each.at for each in fresh) - KEPT
            self._database.write("DELETE FROM readings WHERE at < ?", time_text(oldest))

    def last_readings(self, account: AccountId) -> list[Reading]:
        """The newest reading of each of its windows."""
        found = (self._last(account, name) for name in WindowName)
        return [reading for reading in found if reading is not None]

    def readings(self, account: AccountId, window: WindowName) -> list[Reading]:
        """All that are kept of one window, the oldest first."""
        rows = self._database.rows(
            f"SELECT {_READING} FROM readings WHERE account = ? AND window_name = ? ORDER BY id",
            account,
            window.value,
        )
        return [_reading_of(row) for row in rows]

    def _is_news(self, reading: Reading) -> bool:
        last = self._last(reading.account, reading.window.name)
        return is_news(reading.window, last.window if last else None)

    def _last(self, account: AccountId, window: WindowName) -> Reading | None:
        row = self._database.row(
            f"SELECT {_READING} FROM readings WHERE account = ? AND window_name = ?"
            " ORDER BY id DESC LIMIT 1",
            account,
            window.value,
        )
        return _reading_of(row) if row else None

    # --- limits

    def limit(self, account: AccountId, now: datetime) -> Limit | None:
        """The limit that is in force."""
        last = self._last_limit(account)
        return last if last is not None and last.until > now else None

    def meet_limit(
        self, account: AccountId, now: datetime, reckon: Callable[[Limit | None], Limit]
    ) -> Limit:
        """Note that the limit was met now, and return the one in force.

        `reckon` gets the last limit, if nothing went well since its end. Sessions of an account
        meet one limit together: it is reckoned once, unless a later one tells the time of reset
        that was unknown.
        """
        with self._database.transaction():
            self._see(account, now)
            last = self._last_limit(account)
            if last is None or last.until <= now:
                return self._add_limit(reckon(self._unbroken(account, last)))
            if last.is_known:
                return last
            better = reckon(None)
            return self._add_limit(better) if better.is_known else last

    def went_well(self, account: AccountId, now: datetime) -> None:
        """A turn on the account ended well: the next unknown limit is the first in a row."""
        last = self._last_limit(account)
        if last is None or last.until > now or self._unbroken(account, last) is None:
            return
        with self._database.transaction():
            self._database.write(
                "UPDATE accounts SET good_at = ? WHERE account = ?", time_text(now), account
            )

    def lift_limits(self, account: AccountId | None, now: datetime) -> list[AccountId]:
        """Take the limits in force as over, of one account or of all; whose there were."""
        at = time_text(now)
        condition = "lifted_at IS NULL AND until > ? AND account = coalesce(?, account)"
        with self._database.transaction():
            rows = self._database.rows(
                f"SELECT DISTINCT account FROM limits WHERE {condition} ORDER BY 1", at, account
            )
            self._database.write(
                f"UPDATE limits SET lifted_at = ? WHERE {condition}", at, at, account
            )
        return [row[0] for row in rows]

    def _last_limit(self, account: AccountId) -> Limit | None:
        row = self._database.row(
            f"SELECT {_LIMIT} FROM limits WHERE account = ? AND lifted_at IS NULL"
            " ORDER BY id DESC LIMIT 1",
            account,
        )
        return _limit_of(row) if row else None

    def _unbroken(self, account: AccountId, last: Limit | None) -> Limit | None:
        """The last limit, if nothing has gone well after its end."""
        row = self._database.row("SELECT good_at FROM accounts WHERE account = ?", account)
        good_at = datetime.fromisoformat(row[0]) if row and row[0] else None
        return None if last is not None and good_at and good_at > last.until else last

    def _add_limit(self, limit: Limit) -> Limit:
        self._database.write(
            f"INSERT INTO limits ({_LIMIT}) VALUES (?, ?, ?, ?, ?, ?)",
            limit.account,
            time_text(limit.since),
            time_text(limit.until),
            limit.window.value if limit.window else None,
            int(limit.is_known),
            limit.times,
        )
        return limit

    # --- departures after a limit

    def depart(
        self, account: AccountId, key: TaskKey, now: datetime, stagger: timedelta
    ) -> datetime | None:
        """Ask for the task's start on this account: None grants it, a time says when to ask.

        For some time after a limit's end the starts of an account lie `stagger` apart. A task
        that asks again soon after it was granted one keeps it.
        """
        if not self._is_staggered(account, now, stagger):
            return None
        with self._database.transaction():
            row = self._database.row(
                "SELECT departed_at, departed_key FROM accounts WHERE account = ?", account
            )
            departed_at, departed_key = row or (None, None)
            free_at = datetime.fromisoformat(departed_at) + stagger if departed_at else now
            if now < free_at <= now + stagger + _CLOCK_STEP:
                return None if departed_key == key else free_at
            self._see(account, now)
            self._database.write(
                "UPDATE accounts SET departed_at = ?, departed_key = ? WHERE account = ?",
                time_text(now),
                key,
                account,
            )
        return None

    def _is_staggered(self, account: AccountId, now: datetime, stagger: timedelta) -> bool:
        if not stagger:
            return False
        row = self._database.row(
            "SELECT min(until, coalesce(lifted_at, until)) FROM limits WHERE account = ?"
            " ORDER BY id DESC LIMIT 1",
            account,
        )
        return row is not None and now < datetime.fromisoformat(row[0]) + STAGGERED_STEPS * stagger

    # --- refused logins

    def refuse_login(self, account: AccountId, group: str, text: str, now: datetime) -> bool:
        """Note that the login was refused while a task of the group ran; False if it is noted."""
        with self._database.transaction():
            self._see(account, now)
            if any(each.group == group for each in self.refusals(account)):
                return False
            self._database.write(
                "INSERT INTO login_refusals (account, group_name, at, text) VALUES (?, ?, ?, ?)",
                account,
                group,
                time_text(now),
                text,
            )
        return True

    def refusals(self, account: AccountId | None = None) -> list[LoginRefusal]:
        """Those that hold, of one account or of all, the oldest first."""
        rows = self._database.rows(
            f"SELECT {_REFUSAL} FROM login_refusals WHERE lifted_at IS NULL"
            " AND account = coalesce(?, account) ORDER BY id",
            account,
        )
        return [_refusal_of(row) for row in rows]

    def paused_for_login(self, group: str, now: datetime) -> None:
        """Note that the group is paused for the refusals met in it."""
        with self._database.transaction():
            self._database.write(
                "UPDATE login_refusals SET paused_at = coalesce(paused_at, ?)"
                " WHERE group_name = ? AND lifted_at IS NULL",
                time_text(now),
                group,
            )

    def lift_refusals(self, account: AccountId, now: datetime) -> None:
        """A person has started a group again that was paused for this account's login."""
        with self._database.transaction():
            self._database.write(
                "UPDATE login_refusals SET lifted_at = ? WHERE account = ? AND lifted_at IS NULL",
                time_text(now),
                account,
            )

    def _see(self, account: AccountId, now: datetime) -> None:
        self._database.write(
            "INSERT OR IGNORE INTO accounts (account, seen_at) VALUES (?, ?)",
            account,
            time_text(now),
        )


def _text(at: datetime | None) -> str | None:
    return time_text(at) if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _reading_of(row: tuple[Any, ...]) -> Reading:
    account, at, name, used_percent, resets_at = row
    window = Window(name=WindowName(name), used_percent=used_percent, resets_at=_time(resets_at))
    return Reading(account=account, at=datetime.fromisoformat(at), window=window)


def _limit_of(row: tuple[Any, ...]) -> Limit:
    account, since, until, name, is_known, times = row
    return Limit(
        account=account,
        since=datetime.fromisoformat(since),
        until=datetime.fromisoformat(until),
        window=WindowName(name) if name else None,
        is_known=bool(is_known),
        times=times,
    )


def _refusal_of(row: tuple[Any, ...]) -> LoginRefusal:
    account, group, at, text, is_paused = row
    return LoginRefusal(
        account=account,
        group=group,
        at=datetime.fromisoformat(at),
        text=text,
        is_paused=bool(is_paused),
    )
