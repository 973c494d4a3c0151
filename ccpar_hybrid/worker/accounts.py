"""Notes what the sessions of this worker tell of their accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ccpar_hybrid.agents.base import Observation, Sign
from ccpar_hybrid.agents.failure import cause_of
from ccpar_hybrid.core.account import AccountId, Limit, Reading
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.outcome import Cause
from ccpar_hybrid.core.quota import limit_after
from ccpar_hybrid.core.settings import LimitSettings
from ccpar_hybrid.core.text import first_line
from ccpar_hybrid.ledger.account import AccountBook

_TEXT_WIDTH = 200


class Accounts:
    """What was seen becomes readings, limits and refused logins in the ledger."""

    def __init__(
        self,
        book: AccountBook,
        settings: LimitSettings,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._book = book
        self._settings = settings
        self._now = now

    def saw(self, account: AccountId, group: str, seen: Observation) -> None:
        """Take in one observation of a session of the account, for a task of the group.

        Never raises: an agent goes on even where its figures cannot be written.
        """
        try:
            self._note(account, group, seen)
        except CcparError:
            return

    def _note(self, account: AccountId, group: str, seen: Observation) -> None:
        now = self._now()
        if seen.windows:
            readings = [Reading(account=account, at=now, window=each) for each in seen.windows]
            self._book.note(readings)
        if seen.sign is Sign.TURN_ENDED:
            self._book.went_well(account, now)
        elif seen.sign is Sign.TURN_FAILED:
            cause = cause_of(seen.error, seen.status)
            if cause is Cause.LIMIT:
                self._meet_limit(account, seen, now)
            elif cause is Cause.AUTHENTICATION:
                self._book.refuse_login(account, group, first_line(seen.text, _TEXT_WIDTH), now)

    def _meet_limit(self, account: AccountId, seen: Observation, now: datetime) -> None:
        windows = [each.window for each in self._book.last_readings(account)]

        def reckon(before: Limit | None) -> Limit:
            return limit_after(account, seen.notice, windows, before, now, self._settings)

        self._book.meet_limit(account, now, reckon)
