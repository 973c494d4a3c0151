"""Totals over what the ledger holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ccpar_hybrid.core.outcome import Result, Usage
from ccpar_hybrid.ledger.database import Database
from ccpar_hybrid.ledger.row import time_text
from ccpar_hybrid.ledger.schema import Stats, Tally

_SETTLED = """
SELECT group_name, result, duration_s,
       json_extract(outcome, '$.usage.input_tokens'),
       json_extract(outcome, '$.usage.output_tokens'),
       json_extract(outcome, '$.usage.cache_read_tokens'),
       json_extract(outcome, '$.usage.cache_write_tokens'),
       json_extract(outcome, '$.usage.cost_usd')
FROM tasks WHERE ended_at >= ?
"""
_UNSETTLED = "SELECT group_name, count(*) FROM tasks WHERE outcome IS NULL GROUP BY group_name"


@dataclass
class _Sum:
    counts: Counter[Result] = field(default_factory=Counter)
    durations_s: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    costs_usd: list[float] = field(default_factory=list)
    unsettled: int = 0

    def add(self, result: str, duration_s: float, tokens: list[int], cost: float | None) -> None:
        self.counts[Result(result)] += 1
        self.durations_s.append(duration_s)
        self.tokens = [old + new for old, new in zip(self.tokens, tokens, strict=True)]
        if cost is not None:
            self.costs_usd.append(cost)

    def tally(self) -> Tally:
        return Tally(
            counts=dict(self.counts),
            unsettled=self.unsettled,
            duration_s=sum(self.durations_s),
            median_duration_s=_median(self.durations_s),
            usage=Usage(
                input_tokens=self.tokens[0],
                output_tokens=self.tokens[1],
                cache_read_tokens=self.tokens[2],
                cache_write_tokens=self.tokens[3],
                cost_usd=sum(self.costs_usd) if self.costs_usd else None,
            ),
        )


def stats_of(database: Database, since: datetime | None) -> Stats:
    """Totals over all groups and for each; a read of every task settled since then."""
    total = _Sum()
    groups: defaultdict[str, _Sum] = defaultdict(_Sum)
    for group, result, duration_s, *usage in database.rows(
        _SETTLED, time_text(since) if since else ""
    ):
        for part in (total, groups[group]):
            part.add(result, duration_s, usage[:4], usage[4])
    for group, count in database.rows(_UNSETTLED):
        total.unsettled += count
        groups[group].unsettled = count
    return Stats(
        since=since,
        total=total.tally(),
        groups={name: groups[name].tally() for name in sorted(groups)},
    )


def _median(values: Iterable[float]) -> float | None:
    # The standard library's `statistics` takes 10 ms to import.
    ordered = sorted(values)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
