"""How much a policy may allow without a person having looked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from ccpar_hybrid.core.decision import Approval, Request


def excess(request: Request, earlier: Sequence[Approval], most: int, most_alike: int) -> str:
    """Why a person is asked though a rule allows it; empty: nothing is too much.

    `earlier`: what the policy allowed of the task since a person last decided, newest first.
    """
    alike = sum(1 for _ in takewhile(lambda each: is_alike(each.request, request), earlier))
    if alike >= most_alike:
        return f"the same was allowed {alike} times in a row (approver.most_alike)"
    if len(earlier) >= most:
        return f"{len(earlier)} requests were allowed without a person (approver.most)"
    return ""


def is_alike(one: Request, other: Request) -> bool:
    """Whether they ask for the same, whatever the call is described as."""
    return (one.tool, _plain(one)) == (other.tool, _plain(other))


def _plain(request: Request) -> dict[str, object]:
    return {name: value for name, value in request.input.items() if name != "description"}
