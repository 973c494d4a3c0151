"""Sorts the errors that end a turn by what is to follow. Pure.

The names are the closed set that Claude Code 2.1.197 gives to its StopFailure hook and writes
into its transcript.
"""

from __future__ import annotations

from ccpar_hybrid.core.outcome import Cause

RATE_LIMIT = "rate_limit"
_CAUSES = {
    RATE_LIMIT: Cause.LIMIT,
    "authentication_failed": Cause.AUTHENTICATION,
    "oauth_org_not_allowed": Cause.AUTHENTICATION,
    "billing_error": Cause.AUTHENTICATION,
    "overloaded": Cause.SERVICE,
    "server_error": Cause.SERVICE,
    "unknown": Cause.SERVICE,
    "invalid_request": Cause.OWN,
    "model_not_found": Cause.OWN,
    "max_output_tokens": Cause.OWN,
}
_OWN_STATUSES = frozenset({400, 404, 413, 422})
"""HTTP statuses with which the service says that the request is no good: it stays no good."""


def cause_of(error: str | None, status: int | None = None) -> Cause:
    """What an attempt ended for, by the error that ended its turn and its HTTP status, if known.

    A name that is not known counts as the service's trouble: going on is tried, within bounds.
    """
    if error not in _CAUSES or error == "unknown":
        return Cause.OWN if status in _OWN_STATUSES else Cause.SERVICE
    return _CAUSES[error]
