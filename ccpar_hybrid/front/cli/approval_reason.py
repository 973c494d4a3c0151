"""`approvals explain`: why a request was decided so, then and now."""

from __future__ import annotations

from typing import Any

from ccpar_hybrid.app.approval_view import SHORT, ApprovalView
from ccpar_hybrid.approval.rule import Rule
from ccpar_hybrid.approval.verdict import Part, Verdict
from ccpar_hybrid.core.mask import masked
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.approval_page import (
    COLOURS,
    call_words,
    decision_words,
    line,
    print_ruling,
)
from ccpar_hybrid.front.cli.output import paint, print_table


def print_reason(view: ApprovalView, verdict: Verdict | None) -> None:
    """What the policy said when it came, and what it says of each part now."""
    approval = view.approval
    call = call_words(approval, 300)
    print(f"{paint(approval.id[:SHORT], 'bold')}  {decision_words(approval)}  {call}")
    print_ruling(approval)
    if verdict is None:
        line("now", "its folder is gone, so it cannot be judged again")
        return
    decision = verdict.decision.value
    line("now", f"{paint(decision, COLOURS[decision])}: {visible(masked(verdict.why), 1000)}")
    print_table(("DECISION", "DOES", "RULE", "WHAT"), [_row(part) for part in verdict.parts])


def _row(part: Part) -> tuple[str, ...]:
    why = f": {part.act.why}" if part.act.why else ""
    what = visible(masked(f"{part.act.subject}{why}"), 200)
    return (part.decision.value, part.act.effect.value, rule_words(part.rule), what)


def rule_words(rule: Rule | None) -> str:
    """The rule's name with its place."""
    if rule is None:
        return "none is about it, so a person is asked"
    return visible(f"{rule.name} ({rule.where})" if rule.name else rule.where, 200)


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """A Verdict of docs/json.md."""
    return {
        "decision": verdict.decision.value,
        "rule": rule_document(verdict.part.rule),
        "why": masked(verdict.why),
        "parts": [part_document(part) for part in verdict.parts],
    }


def rule_document(rule: Rule | None) -> dict[str, Any] | None:
    """A PolicyRule of docs/json.md."""
    if rule is None:
        return None
    return {"name": rule.name, "where": rule.where, "decision": rule.decision.value}


def part_document(part: Part) -> dict[str, Any]:
    """A PolicyPart of docs/json.md."""
    act = part.act
    return {
        "decision": part.decision.value,
        "does": act.effect.value,
        "subject": masked(act.subject),
        "command": masked(" ".join(act.words)),
        "places": sorted(place.value for place in act.spot.places) if act.spot else [],
        "host": act.host,
        "rule": rule_document(part.rule),
        "why": act.why,
    }
