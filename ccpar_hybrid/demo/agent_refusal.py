"""How the service's refusals are retried and named, as seen at 2.1.197. Stdlib only."""

from __future__ import annotations

import os

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


class Refused(Exception):
    """The service refused for good."""

    def __init__(self, fail: Fail) -> None:
        super().__init__(_refusal_text(fail))
        self.status = fail.status
        self.error = "server_error" if fail.status >= 500 else _ERRORS.get(fail.status, "unknown")


def _refusal_text(fail: Fail) -> str:
    if fail.status == 429:
        return f"API Error: Request rejected (429) · {fail.message}"
    if fail.status in (401, 403):
        return f"Please run /login · API Error: {fail.status} {fail.message}"
    return f"API Error: {fail.status} {fail.message}"


def retries(fail: Fail) -> int:
    """How often such a refusal is asked again; CLAUDE_CODE_MAX_RETRIES overrules it."""
    if fail.status in _FINAL:
        return 0
    most = os.environ.get("CLAUDE_CODE_MAX_RETRIES", "")
    usual = OVERLOADED_RETRIES if fail.status == 529 else RETRIES
    return int(most) if most.isdecimal() else usual
