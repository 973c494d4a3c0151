"""The reckoning after a storm, by what the tasks left behind and what `list --json` claims.

Nothing of the package is imported: what it believes of itself is only a claim here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.chaos.workload import Trace, read_trace

ENDED = frozenset({"succeeded", "failed", "cancelled", "timed-out", "skipped"})


@dataclass(frozen=True)
class Claim:
    """What is claimed of one task. `after`: keys; `ended_at`: seconds since 1970."""

    key: str
    name: str
    state: str
    detail: str
    after: tuple[str, ...]
    attempts: int
    ended_at: float | None


def claims(document: Mapping[str, Any]) -> list[Claim]:
    """The claims in what `list --all --json` prints."""
    return [
        Claim(
            key=task["key"],
            name=task["label"] or task["key"],
            state=task["state"],
            detail=task["detail"],
            after=tuple(task["after"]),
            attempts=task["attempts"],
            ended_at=_moment(task["ended_at"]),
        )
        for task in document["tasks"]
    ]


@dataclass(frozen=True)
class Storm:
    """What a round did. `touched`: keys that somebody, or a kill that stands for a person, ended
    or began anew; `strikes`: how many kills could each have cut a run off."""

    touched: frozenset[str] = frozenset()
    strikes: int = 0


def check(place: Path, claimed: Iterable[Claim], storm: Storm) -> list[str]:
    """Everything that is wrong, in words.

    A touched task, and one that waits for it, may end in any way, but not twice at once, not
    before its turn, and none may be claimed done that is not. One that a person killed in Pueue
    and cleaned out may be lost, with what waited for it: nobody can know.
    """
    known = {claim.key: claim for claim in claimed}
    traces = {key: read_trace(place, claim.name) for key, claim in known.items()}
    spread = _spread(known, storm.touched)
    cleaned = _cleaned(known, storm.touched)
    wrong: list[str] = []
    for key, claim in known.items():
        trace = traces[key]
        found = [*_always(claim, trace), *_order(claim, known, traces, key in storm.touched)]
        if key not in cleaned:
            found += _ended(claim, trace, touched=key in storm.touched)
        if key not in spread:
            found += _once(claim, trace, storm.strikes)
        wrong += [f"{claim.name} ({key}): {each}" for each in found]
    return [*wrong, *_unclaimed(place, {claim.name for claim in known.values()})]


def _spread(known: Mapping[str, Claim], touched: Iterable[str]) -> set[str]:
    spread = set(touched)
    while more := {
        key for key, claim in known.items() if key not in spread and spread & set(claim.after)
    }:
        spread |= more
    return spread


def _cleaned(known: Mapping[str, Claim], touched: Iterable[str]) -> set[str]:
    lost = {key: claim for key, claim in known.items() if claim.state == "lost"}
    return lost.keys() & _spread(lost, touched)


def _always(claim: Claim, trace: Trace) -> list[str]:
    wrong = [f"wrote {line!r}" for line in trace.garbage]
    if trace.overlaps:
        wrong.append("ran twice at once")
    if len(trace.ends) > 1:
        wrong.append(f"did its work {len(trace.ends)} times")
    if trace.runs > claim.attempts:
        wrong.append(f"was started {trace.runs} times in {claim.attempts} attempts")
    return wrong


def _order(
    claim: Claim, known: Mapping[str, Claim], traces: Mapping[str, Trace], touched: bool
) -> Iterable[str]:
    """A person may restart a task that was skipped: it begins though one before it failed."""
    begun = min(traces[claim.key].begins, default=None)
    for before in claim.after:
        if begun is not None and before in known:
            done = min(traces[before].ends, default=None)
            if touched and done is None and known[before].state != "succeeded":
                continue
            if done is None or done > begun:
                yield f"began before {known[before].name} was done"


def _ended(claim: Claim, trace: Trace, *, touched: bool) -> list[str]:
    if claim.state not in ENDED:
        return [f"is {claim.state} {claim.detail}"]
    if claim.state == "succeeded" and not trace.ends:
        return ["is claimed done and is not"]
    if claim.state == "succeeded" and not touched and (claim.ended_at or 0) < trace.ends[0] / 1e9:
        return ["was claimed done before it was"]
    if claim.state == "skipped" and trace.ends:
        return ["is claimed skipped and was done"]
    return []


def _once(claim: Claim, trace: Trace, strikes: int) -> list[str]:
    wrong = []
    if claim.state != "succeeded":
        wrong.append(f"nobody touched it, and it is {claim.state}: {claim.detail}")
    if claim.attempts > 1 + strikes:
        wrong.append(f"had {claim.attempts} attempts after {strikes} strikes")
    return wrong


def _unclaimed(place: Path, names: set[str]) -> list[str]:
    """Traces of tasks that are claimed nowhere."""
    return [
        f"{file.stem}: ran, and nobody knows of it"
        for file in sorted(place.glob("*.trace"))
        if file.stem not in names
    ]


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
