"""approvals test: history under another policy."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Json, PolicyFile, ProfileName
from ccpar_hybrid.front.cli.output import ago, count, paint, print_json, print_table

if TYPE_CHECKING:
    from ccpar_hybrid.app.approval_trial import Trial


def register(group: typer.Typer) -> None:
    """Add this command."""
    group.command("test")(replay_history)


def replay_history(
    policy: PolicyFile = None,
    profile: ProfileName = None,
    since: Annotated[str | None, typer.Option(help="Only the last: 2h, 7d.")] = None,
    json: Json = False,
) -> None:
    """What a policy would have decided on the requests of the past, where it differs."""
    from ccpar_hybrid.app.approval_trial import replay
    from ccpar_hybrid.app.approval_view import views
    from ccpar_hybrid.app.policy_check import Bench
    from ccpar_hybrid.front.cli.approval_look import start_of
    from ccpar_hybrid.ledger.approval import Sieve

    bench = Bench(os.environ, policy, profile)
    start = start_of(since)
    with App(os.environ) as app:
        past = views(app, reversed(app.ledger.approvals.history(Sieve(since=start))))
    trials = replay(bench, past)
    if json:
        print_json("approvals-test", **_document(trials, start))
    else:
        _print(trials)


def _document(trials: Sequence[Trial], since: datetime | None) -> dict[str, Any]:
    from ccpar_hybrid.front.cli.approval_page import document
    from ccpar_hybrid.front.cli.approval_reason import verdict_document

    return {
        "since": since.isoformat() if since else None,
        "judged": sum(trial.verdict is not None for trial in trials),
        "not_judged": sum(trial.verdict is None for trial in trials),
        "changes": [
            {
                "approval": document(trial.view),
                "now": verdict_document(trial.verdict),
                "is_against_a_person": trial.is_against_a_person,
            }
            for trial in trials
            if trial.verdict is not None and (trial.is_changed or trial.is_against_a_person)
        ],
    }


def _print(trials: Sequence[Trial]) -> None:
    changed = [trial for trial in trials if trial.is_changed or trial.is_against_a_person]
    if changed:
        headings = ("ID", "ASKED", "POLICY THEN", "NOW", "DECIDED", "RULE", "CALL")
        print_table(headings, [_row(trial) for trial in changed], giving=(5,))
    steps = Counter(
        (trial.view.approval.ruling.decision.value, trial.verdict.decision.value)
        for trial in changed
        if trial.verdict is not None
    )
    judged = sum(trial.verdict is not None for trial in trials)
    same = judged - sum(trial.is_changed for trial in trials)
    print(f"{count(judged, 'request')} judged, {same} as before")
    for (was, now), number in sorted(steps.items()):
        if was != now:
            print(f"  {was} → {now}: {number}")
    if contrary := sum(trial.is_against_a_person for trial in trials):
        print(paint(f"  {contrary} against what a person decided", "red"))
    if gone := len(trials) - judged:
        print(f"  {gone} not judged: their folders are gone")


def _row(trial: Trial) -> tuple[str, ...]:
    from ccpar_hybrid.app.approval_view import SHORT
    from ccpar_hybrid.front.cli.approval_page import call_words, decision_words
    from ccpar_hybrid.front.cli.approval_reason import rule_words

    approval, verdict = trial.view.approval, trial.verdict
    now = verdict.decision.value if verdict else ""
    return (
        approval.id[:SHORT],
        ago(approval.request.asked_at, datetime.now(UTC)),
        approval.ruling.decision.value,
        f"{now} (!)" if trial.is_against_a_person else now,
        decision_words(approval),
        rule_words(verdict.part.rule) if verdict else "",
        visible(call_words(approval, 200), 200),
    )
