"""From a call's acts to one decision, with the rule that made it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ccpar_hybrid.approval import call
from ccpar_hybrid.approval.act import Act, Effect
from ccpar_hybrid.approval.ground import Ground
from ccpar_hybrid.approval.policy import Policy
from ccpar_hybrid.approval.rule import Asker, Decision, Rule, is_about, weight
from ccpar_hybrid.approval.tool import Tools


@dataclass(frozen=True)
class Part:
    """One act with what was decided on it; `rule` None: none is about it, so a person is asked."""

    act: Act
    decision: Decision
    rule: Rule | None


@dataclass(frozen=True)
class Verdict:
    """What is decided on a call. `part` is the one that decided, the first of the heaviest."""

    decision: Decision
    part: Part
    parts: tuple[Part, ...]

    @property
    def why(self) -> str:
        """One sentence about the deciding part."""
        act, rule = self.part.act, self.part.rule
        what = f"{act.effect.value}: {act.subject}"
        if act.why:
            return f"{what}: {act.why}"
        if act.effect is Effect.PERSON:
            return f"{act.subject}: a question for a person"
        if rule is None:
            return f"{what}: no rule allows it"
        return what if not rule.message else f"{what}: {rule.message}"


def decide(
    asker: Asker, given: Mapping[str, Any], ground: Ground, policy: Policy, tools: Tools
) -> Verdict:
    """Judge a call: every act is decided by the first rule about it, the heaviest counts."""
    whole = asker.model_copy(update={"input": given})
    return decide_acts(call.acts(asker.tool, given, ground, tools), whole, ground, policy)


def decide_acts(acts: Iterable[Act], asker: Asker, ground: Ground, policy: Policy) -> Verdict:
    """The same for acts that are known; there must be one."""
    found = tuple(_decided(act, asker, ground, policy) for act in acts)
    part = max(found, key=lambda each: weight(each.decision))
    return Verdict(part.decision, part, found)


def _decided(act: Act, asker: Asker, ground: Ground, policy: Policy) -> Part:
    for rule in policy.rules:
        if is_about(rule, act, asker, ground):
            return Part(act, rule.decision, rule)
    return Part(act, Decision.ASK, None)
