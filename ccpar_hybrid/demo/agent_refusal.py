"""How the service's refusals are retried and named, as seen at 2.1.197. Stdlib only."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from ccpar_hybrid.demo.allowance import rejected_window
from ccpar_hybrid.demo.script import Fail

# Seen at 2.1.197: an overloaded service is asked three times, other refusals are retried longer.
RETRIES, OVERLOADED_RETRIES = 10, 2
_FINAL = frozenset({400, 403, 404, 413})
_ERRORS = {
    401: "authentication_failed",
    403: "authentication_failed",
    404: "model_not_found",
    413: "invalid_request",
    429: "rate_limit",
}


_LIMITS = {"five_hour": "session limit", "seven_day": "weekly limit"}


class Refused(Exception):
    """The service refused for good; ``step`` names the step of a script that did it once."""

    def __init__(self, fail: Fail, step: str | None = None) -> None:
        super().__init__(_refusal_text(fail))
        self.status = fail.status
        self.step = step
        self.is_limit = is_limit(fail)
        self.error = "server_error" if fail.status >= 500 else _ERRORS.get(fail.status, "unknown")


def is_limit(fail: Fail) -> bool:
    """Whether it is a subscription's limit; who pays by key meets only refused requests."""
    is_subscriber = not os.environ.get("ANTHROPIC_API_KEY")
    return fail.status == 429 and is_subscriber and rejected_window(fail.headers) is not None


def _refusal_text(fail: Fail) -> str:
    if is_limit(fail):
        name, reset_s = rejected_window(fail.headers) or ("", 0)
        return f"You've hit your {_LIMITS.get(name, 'usage limit')} · resets {_time(reset_s)}"
    if fail.status == 429:
        return f"API Error: Request rejected (429) · {fail.message}"
    if fail.status in (401, 403):
        return f"Please run /login · API Error: {fail.status} {fail.message}"
    return f"API Error: {fail.status} {fail.message}"


def _time(reset_s: int) -> str:
    """As the real program writes it: without minutes at a full hour, with the date if far off."""
    at = datetime.fromtimestamp(reset_s, UTC)
    minutes = f":{at.minute:02}" if at.minute else ""
    text = f"{at.hour % 12 or 12}{minutes}{'pm' if at.hour >= 12 else 'am'} (UTC)"
    now = datetime.now(UTC)
    if at - now <= timedelta(days=1):
        return text
    year = f" {at.year}," if at.year != now.year else ""
    return f"{at:%b} {at.day},{year} {text}"


def retries(fail: Fail) -> int:
    """How often such a refusal is asked again; CLAUDE_CODE_MAX_RETRIES overrules it."""
    if fail.status in _FINAL or is_limit(fail):
        return 0
    most = os.environ.get("CLAUDE_CODE_MAX_RETRIES", "")
    usual = OVERLOADED_RETRIES if fail.status == 529 else RETRIES
    return int(most) if most.isdecimal() else usual
