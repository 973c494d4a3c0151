"""Rules proposed from what people approved by hand: each about just what was seen, and no more."""

from __future__ import annotations

import glob
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ccpar_hybrid.approval.act import Act, Effect, Place
from ccpar_hybrid.approval.ground import Ground
from ccpar_hybrid.approval.policy import Policy
from ccpar_hybrid.approval.rule import Asker, Decision, Rule, identity
from ccpar_hybrid.approval.rule_text import is_writable
from ccpar_hybrid.approval.tool import Tools
from ccpar_hybrid.approval.verdict import decide
from ccpar_hybrid.core.mask import secrets

_OF_FILES = {
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "NotebookEdit": "notebook_path",
    "NotebookRead": "notebook_path",
    "Read": "file_path",
    "Write": "file_path",
}
"""Tools of which a rule is about the file alone, for no two edits are the same."""

_NEVER = frozenset(
    [
        Effect.UNCLEAR,
        Effect.PERSON,
        Effect.TRUST,
        Effect.PRIVILEGE,
        Effect.SETTINGS,
        Effect.ANSWER,
        Effect.GIT_HOOKS,
        Effect.DISK,
        Effect.SECRETS,
        Effect.FORCE_PUSH,
        Effect.FETCHED_CODE,
    ]
)
_GRAVE = frozenset(
    [Place.CONTROL, Place.HOOKS, Place.SECRET, Place.APPROVER, Place.DISK, Place.ROOT]
)
_BOUND = frozenset([Effect.READ, Effect.WRITE, Effect.DELETE, Effect.EXECUTE, Effect.FETCH])
"""What is proposed only with the path or host that it is about."""


@dataclass(frozen=True)
class Seen:
    """A call on which a person decided; `ground` is where it was made."""

    tool: str
    input: Mapping[str, Any]
    agent: str
    group: str
    ground: Ground
    is_allowed: bool
    at: datetime

    @property
    def asker(self) -> Asker:
        """Who asked."""
        return Asker(tool=self.tool, agent=self.agent, group=self.group)

    @property
    def whole(self) -> tuple[str, ...]:
        """Two calls of which this is the same are the same call."""
        said = self.file or identity(self.tool, self.input)
        return (self.tool, self.agent, self.group, self.ground.start, said)

    @property
    def file(self) -> str | None:
        """The file that it is about, links followed; None of a call that is not about one."""
        path = self.input.get(_OF_FILES.get(self.tool, ""))
        if not isinstance(path, str) or not path or "\0" in path:
            return None
        return self.ground.spot(path, self.ground.start).path


@dataclass(frozen=True)
class Proposal:
    """A rule with how often, and when last, a person approved what it allows."""

    rule: Rule
    times: int
    last_at: datetime


@dataclass(frozen=True)
class Left:
    """A call that people approved and for which no rule is proposed, with the reason."""

    tool: str
    input: Mapping[str, Any]
    times: int
    why: str


@dataclass(frozen=True)
class Suggestion:
    """What came of a history: with the proposals in force, each call not left is allowed."""

    proposals: tuple[Proposal, ...]
    left: tuple[Left, ...]


class _Unfit(Exception):
    """No rule is proposed; the message says why."""


def suggest(history: Iterable[Seen], policy: Policy, tools: Tools, times: int = 1) -> Suggestion:
    """Rules for calls that people approved at least so often; reads the disk as it is now."""
    calls: dict[tuple[str, ...], list[Seen]] = defaultdict(list)
    for seen in history:
        calls[seen.whole].append(seen)
    found: list[Proposal] = []
    left: list[Left] = []
    for same in calls.values():
        approved = [seen for seen in same if seen.is_allowed]
        if not approved:
            continue
        try:
            if len(approved) < len(same):
                raise _Unfit("a person denied it, too")
            if len(approved) < times:
                raise _Unfit(f"it was approved {len(approved)} of the {times} times wanted")
            last_at = max(seen.at for seen in approved)
            rules = _for_call(same[0], policy, tools)
            found += [Proposal(rule, len(approved), last_at) for rule in rules]
        except _Unfit as reason:
            left.append(Left(same[0].tool, same[0].input, len(approved), str(reason)))
    return Suggestion(_merged(found), tuple(left))


def _for_call(seen: Seen, policy: Policy, tools: Tools) -> list[Rule]:
    """Rules about all that is asked for in the call; raises _Unfit."""
    if secrets(seen.input):
        raise _Unfit("it holds what looks like a secret")
    if not is_writable(seen.input):
        raise _Unfit("it cannot be written as TOML")
    verdict = decide(seen.asker, seen.input, seen.ground, policy, tools)
    if verdict.decision is Decision.ALLOW:
        raise _Unfit("the policy allows it by now")
    if verdict.decision is Decision.DENY:
        raise _Unfit(f"the policy denies it: {verdict.why}")
    rules = list(_rules(seen, [p.act for p in verdict.parts if p.decision is not Decision.ALLOW]))
    changed = replace(policy, own=(*policy.own, *rules))
    after = decide(seen.asker, seen.input, seen.ground, changed, tools)
    if after.decision is not Decision.ALLOW:
        raise _Unfit(f"a rule before the new ones decides: {after.why}")
    return rules


def _rules(seen: Seen, acts: Sequence[Act]) -> Iterator[Rule]:
    """One for all effects that are on the same paths, hosts or servers; raises _Unfit."""
    touched: dict[tuple[str, Effect], set[str]] = defaultdict(set)
    for act in acts:
        kind, value = _touched(act)
        touched[kind, act.effect].add(value)
    alike: dict[tuple[str, tuple[str, ...]], list[Effect]] = defaultdict(list)
    for (kind, effect), values in touched.items():
        alike[kind, tuple(sorted(values))].append(effect)
    for (kind, patterns), effects in alike.items():
        yield Rule(
            decision=Decision.ALLOW,
            agent=(glob.escape(seen.agent),),
            group=(glob.escape(seen.group),),
            tool=(glob.escape(seen.tool),),
            directory=(glob.escape(seen.ground.start),),
            does=tuple(sorted(effects)),
            path=patterns if kind == "path" else (),
            host=patterns if kind == "host" else (),
            server=patterns if kind == "server" else (),
            input=None if seen.file is not None else json.loads(identity(seen.tool, seen.input)),
        )


def _touched(act: Act) -> tuple[str, str]:
    """Which criterion bounds the act, with the pattern that fits nothing else; raises _Unfit."""
    if act.effect in _NEVER:
        raise _Unfit(f"{act.effect.value}: {act.subject}: {act.why or 'a person decides on it'}")
    if act.spot is not None:
        grave = sorted(place.value for place in act.spot.places & _GRAVE)
        if grave or not act.spot.path.startswith("/"):
            raise _Unfit(
                f"{act.effect.value}: {act.subject}: {', '.join(grave) or 'no plain path'}"
            )
        return "path", glob.escape(act.spot.path)
    if act.host:
        if act.host == "loopback":  # in a rule it means other names
            raise _Unfit("its host is named loopback")
        return "host", glob.escape(act.host.lower())
    if act.server:
        return "server", glob.escape(act.server)
    if act.effect in _BOUND:
        raise _Unfit(f"{act.effect.value}: {act.subject}: it is not known what it is about")
    return "", ""


def _merged(proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """Files that may be touched in the same way share a rule; the most approved first."""
    alike: dict[str, list[Proposal]] = defaultdict(list)
    for each in proposals:
        is_of_files = each.rule.input is None
        alike[each.rule.model_dump_json(exclude={"path"} if is_of_files else set())].append(each)
    merged = [
        Proposal(
            same[0].rule.model_copy(
                update={"path": tuple(sorted({path for p in same for path in p.rule.path}))}
            ),
            sum(p.times for p in same),
            max(p.last_at for p in same),
        )
        for same in alike.values()
    ]
    return tuple(sorted(merged, key=lambda p: (-p.times, p.rule.model_dump_json())))
