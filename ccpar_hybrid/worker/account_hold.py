"""Keeps a task from starting its agent while its account is limited, nearly used up or refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ccpar_hybrid.core.account import AccountId, LoginRefusal
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.quota import below_reserve
from ccpar_hybrid.core.settings import LimitSettings
from ccpar_hybrid.core.task import OnLimit
from ccpar_hybrid.ledger.account import AccountBook
from ccpar_hybrid.scheduler.base import Scheduler
from ccpar_hybrid.worker.hold import Held, Question

LOOK_S = 3.0
"""Between two looks at the scheduler for a group that a person has started again."""


class AccountHold:
    """Asks the ledger about the account that the task's agent would work with."""

    def __init__(
        self,
        book: AccountBook,
        settings: LimitSettings,
        scheduler: Callable[[], Scheduler],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._book = book
        self._settings = settings
        self._scheduler = scheduler
        self._now = now
        self._looked_at: float | None = None

    def held(self, question: Question) -> Held | None:
        """None: the account may be used, and this start is noted as a departure after a limit."""
        account = question.agent.account(question.environment)
        if account is None:
            return None
        try:
            return self._held(account, question)
        except CcparError as error:
            return Held(error.message)

    def _held(self, account: AccountId, question: Question) -> Held | None:
        now = self._now()
        return (
            self._refused(account, now)
            or self._limited(account, question, now)
            or self._reserved(account, question, now)
            or self._departing(account, question, now)
        )

    def _limited(self, account: AccountId, question: Question, now: datetime) -> Held | None:
        """A task that shall fail at a limit is not kept from meeting it."""
        limit = self._book.limit(account, now)
        on_limit = question.task.spec.on_limit or self._settings.on_limit
        if limit is None or on_limit is OnLimit.FAIL:
            return None
        what = f"usage limit of {account}"
        if limit.window is not None:
            what += f" ({limit.window.words})"
        return Held(what if limit.is_known else f"{what}, its reset is unknown", limit.until)

    def _reserved(self, account: AccountId, question: Question, now: datetime) -> Held | None:
        """What has begun may use the reserve up."""
        if question.resume or question.task.spec.ignore_reserve:
            return None
        window = below_reserve(self._book.last_readings(account), self._settings, now)
        if window is None:
            return None
        left = max(0.0, 100 - window.used_percent)
        return Held(
            f"reserve: {left:.3g} % of {account}'s {window.name.words} left", window.resets_at
        )

    def _departing(self, account: AccountId, question: Question, now: datetime) -> Held | None:
        stagger = timedelta(seconds=self._settings.stagger_s)
        turn_at = self._book.depart(account, question.task.key, now, stagger)
        if turn_at is None:
            return None
        return Held(f"starts on {account} are kept apart after its limit", turn_at)

    # --- a refused login

    def _refused(self, account: AccountId, now: datetime) -> Held | None:
        refusals = self._book.refusals(account)
        if not refusals:
            return None
        if self._is_time_to_look() and self._is_started_again(refusals, now):
            self._book.lift_refusals(account, now)
            return None
        return Held(advice(refusals[0]))

    def _is_time_to_look(self) -> bool:
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < LOOK_S:
            return False
        self._looked_at = now
        return True

    def _is_started_again(self, refusals: list[LoginRefusal], now: datetime) -> bool:
        """Whether a person has; a group that is not paused yet is paused first."""
        groups = self._scheduler().snapshot().groups
        is_started = False
        for refusal in refusals:
            group = groups.get(refusal.group)
            if refusal.is_paused:
                is_started |= group is None or not group.paused
            else:
                if group is not None and not group.paused:
                    self._scheduler().pause_group(refusal.group)
                self._book.paused_for_login(refusal.group, now)
        return is_started


def advice(refusal: LoginRefusal) -> str:
    """What a person can do about a refused login."""
    agent, _, kind = refusal.account.partition(":")
    mend = f"run `{agent} /login`" if kind.startswith("login") else "give it a new key or token"
    told = f"login of {refusal.account} refused: {mend}, then `pueue start -g {refusal.group}`"
    return f"{told} ({refusal.text})" if refusal.text else told
