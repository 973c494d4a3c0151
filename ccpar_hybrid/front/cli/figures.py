"""`stats`, for people and for programs."""

from __future__ import annotations

from typing import Any

from ccpar_hybrid.front.cli.document import usage_document
from ccpar_hybrid.front.cli.output import print_table, span
from ccpar_hybrid.ledger.schema import Stats, Tally


def stats_document(found: Stats) -> dict[str, Any]:
    """The content of `stats --json`."""
    return {
        "since": found.since.isoformat() if found.since else None,
        "total": _tally(found.total),
        "groups": {name: _tally(tally) for name, tally in found.groups.items()},
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "counts": {result.value: number for result, number in tally.counts.items()},
        "unsettled": tally.unsettled,
        "duration_s": tally.duration_s,
        "median_duration_s": tally.median_duration_s,
        "usage": usage_document(tally.usage),
    }


def print_stats(found: Stats) -> None:
    """One line for each group, and one for all."""
    rows = [_row(name, tally) for name, tally in sorted(found.groups.items())]
    if len(rows) != 1:
        rows.append(_row("all", found.total))
    headings = ("GROUP", "OPEN", "DONE", "FAILED", "OTHER", "MEDIAN", "TOTAL", "TOKENS", "COST")
    print_table(headings, rows, right=(1, 2, 3, 4, 5, 6, 7, 8))


def _row(name: str, tally: Tally) -> tuple[str, ...]:
    counts = {result.value: number for result, number in tally.counts.items()}
    done, failed = counts.pop("succeeded", 0), counts.pop("failed", 0)
    cost = tally.usage.cost_usd
    return (
        name,
        str(tally.unsettled),
        str(done),
        str(failed),
        str(sum(counts.values())),
        span(tally.median_duration_s) if tally.median_duration_s is not None else "",
        span(tally.duration_s),
        f"{tally.usage.total_tokens:,}",
        f"${cost:.2f}" if cost is not None else "",
    )
