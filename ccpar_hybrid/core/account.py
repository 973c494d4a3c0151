"""Whose subscription or key an agent works with, and how much of it is used."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from pydantic import BaseModel, ConfigDict

AccountId = NewType("AccountId", str)
"""`AGENT:KIND` or `AGENT:KIND-HASH`, as `claude:key-1a2b3c4d`; never holds a secret."""


class WindowName(StrEnum):
    """The spans over which a subscription's use is limited."""

    FIVE_HOUR = "five_hour"
    SEVEN_DAY = "seven_day"

    @property
    def length(self) -> timedelta:
        """From a window's begin to its reset."""
        return timedelta(hours=5) if self is WindowName.FIVE_HOUR else timedelta(days=7)

    @property
    def words(self) -> str:
        """As people are told."""
        return "five-hour window" if self is WindowName.FIVE_HOUR else "seven-day window"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Model):
    """How much of a window is used, in percent, and when it begins anew (None: not told)."""

    name: WindowName
    used_percent: float
    resets_at: datetime | None = None


class Reading(_Model):
    """A window as an agent told of it at one moment."""

    account: AccountId
    at: datetime
    window: Window


class LimitNotice(_Model):
    """What an agent's service said as it refused for a usage limit.

    `resets_at` is exact to the minute: the reset comes within the 60 s from it.
    """

    window: WindowName | None = None
    resets_at: datetime | None = None


class Limit(_Model):
    """An account's usage limit: reached at `since`, in force until `until`.

    `is_known`: `until` is the time of a reset, as data told it; else it is the end of a pause,
    the `times`-th in a row after which the limit was met again.
    """

    account: AccountId
    since: datetime
    until: datetime
    window: WindowName | None = None
    is_known: bool = True
    times: int = 1


class LoginRefusal(_Model):
    """An account's login was refused while a task of `group` ran; `text` is what was said.

    `is_paused`: the group was paused for it. It holds until a person starts the group again.
    """

    account: AccountId
    group: str
    at: datetime
    text: str
    is_paused: bool = False
