"""The reckoning of what was asked: what ran against what the record says was answered.

Nothing of the package is imported: what it believes of itself is only a claim here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.asking import ASK, MAY, NOT, command_of, name_of
from tests.chaos.checker import Claim

Place = tuple[str, int, str]
"""A task's key, the number of an attempt, and a call's name: it is called once there."""


@dataclass(frozen=True)
class Asked:
    """What is claimed of one request. `ruling` is the policy's word; by screen it is not always
    sure of what it sees."""

    id: str
    key: str
    attempt: int
    name: str
    ruling: str
    decision: str | None
    by: str | None
    end: str | None
    way: str = "hook"

    @property
    def place(self) -> Place:
        """Which call it is about."""
        return (self.key, self.attempt, self.name)


def requests(document: Mapping[str, Any]) -> list[Asked]:
    """The claims in what `approvals history --all --json` prints."""
    return [
        Asked(
            id=each["id"],
            key=each["key"],
            attempt=each["attempt"],
            name=name_of(command_of(each["input"])),
            ruling=each["ruling"]["decision"],
            decision=each["decision"],
            by=each["by"],
            end=each["end"],
            way=each["way"],
        )
        for each in document["approvals"]
    ]


def check_asked(
    ran: Mapping[str, list[int]],
    asked: Iterable[Asked],
    claimed: Iterable[Claim],
    pressed: frozenset[Place] = frozenset(),
) -> list[str]:
    """Everything that is wrong, in words. `ran`: attempts by the call's name.

    `pressed`: calls that a person allowed by a key; a worker that dies then can tell nobody.
    """
    claims = {claim.key: claim for claim in claimed}
    keys = {claim.name: claim.key for claim in claims.values()}
    by_place: defaultdict[Place, list[Asked]] = defaultdict(list)
    wrong = []
    for each in asked:
        by_place[each.place].append(each)
        wrong += [f"request {each.id[:8]} of {each.name}: {what}" for what in _request(each)]
    runs = Counter(
        (keys.get(_chore(name), "?"), attempt, name)
        for name, attempts in ran.items()
        for attempt in attempts
    )
    for place in sorted({*by_place, *runs} - {each for each in by_place if not each[2]}):
        found = _call(place, runs[place], by_place[place], claims, place in pressed)
        wrong += [f"{place[2]} in attempt {place[1]}: {what}" for what in found]
    return [*wrong, *(f"{name}: ran after its attempt" for name in _disordered(ran))]


def _request(each: Asked) -> Iterable[str]:
    if each.end is None:
        yield f"stands, decided {each.decision}"
    if each.ruling == "deny" and each.decision == "allow":
        yield f"was denied by the policy and allowed by {each.by}"
    if each.ruling == "ask" and each.by == "policy":
        yield "was left to a person and decided by the policy"
    kind = each.name.partition("-")[0]
    is_unsure = (each.way, each.ruling) == ("screen", "ask")
    if not is_unsure and (kind, each.ruling) in (
        (MAY, "deny"),
        (NOT, "allow"),
        (NOT, "ask"),
        (ASK, "allow"),
    ):
        yield f"the policy said {each.ruling}"


def _call(
    place: Place, times: int, asked: list[Asked], claims: Mapping[str, Claim], is_pressed: bool
) -> Iterable[str]:
    key, attempt, name = place
    answered = [each for each in asked if each.end == "answered"]
    if times > 1:
        yield f"was carried out {times} times"
    if len(answered) > 1:
        yield f"was answered {len(answered)} times"
    if times and name.startswith(NOT):
        yield "was carried out against the policy"
    if times and not is_pressed and not any(each.decision == "allow" for each in asked):
        yield f"was carried out, and nobody allowed it: {asked}"
    claim = claims.get(key)
    is_whole = claim is not None and (claim.state, claim.attempts) == ("succeeded", attempt)
    if is_whole and not times and any(each.decision == "allow" for each in asked):
        yield f"was allowed, and not carried out: {asked}"


def _disordered(ran: Mapping[str, list[int]]) -> list[str]:
    """An attempt's call that was carried out after one of a later attempt."""
    return [name for name, attempts in ran.items() if attempts != sorted(attempts)]


def _chore(name: str) -> str:
    """`may-p1-c1-00` belongs to the chore `p1-c1`."""
    return name.partition("-")[2].rpartition("-")[0]
