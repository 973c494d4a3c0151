"""The errors that end a turn, and what each is to lead to."""

import pytest

from ccpar_hybrid.agents.failure import cause_of
from ccpar_hybrid.core.outcome import Cause


@pytest.mark.parametrize(
    ("error", "status", "cause"),
    [
        ("rate_limit", 429, Cause.LIMIT),
        ("authentication_failed", 401, Cause.AUTHENTICATION),
        ("oauth_org_not_allowed", None, Cause.AUTHENTICATION),
        ("billing_error", None, Cause.AUTHENTICATION),
        ("server_error", 529, Cause.SERVICE),
        ("overloaded", None, Cause.SERVICE),
        ("unknown", None, Cause.SERVICE),
        ("unknown", 400, Cause.OWN),
        ("unknown", 503, Cause.SERVICE),
        ("invalid_request", None, Cause.OWN),
        ("model_not_found", 404, Cause.OWN),
        ("max_output_tokens", None, Cause.OWN),
        ("a name of tomorrow", None, Cause.SERVICE),
        (None, None, Cause.SERVICE),
    ],
)
def test_each_error_leads_to_what_fits_it(
    error: str | None, status: int | None, cause: Cause
) -> None:
    assert cause_of(error, status) is cause
