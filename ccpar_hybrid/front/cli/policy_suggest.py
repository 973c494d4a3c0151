"""policy suggest: rules for what people approve by hand again and again."""

from __future__ import annotations

import os
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Json, PolicyFile, ProfileName
from ccpar_hybrid.front.cli.output import print_json

if TYPE_CHECKING:
    from ccpar_hybrid.approval.suggestion import Left, Suggestion


def register(group: typer.Typer) -> None:
    """Add this command."""
    group.command()(suggest)


def suggest(
    since: Annotated[str | None, typer.Option(help="Only from the last: 2h, 7d.")] = None,
    times: Annotated[
        int, typer.Option(min=1, metavar="N", help="Only what was approved at least so often.")
    ] = 1,
    policy: PolicyFile = None,
    profile: ProfileName = None,
    json: Json = False,
) -> None:
    """Rules that allow just what people approved by hand, to be read and put into policy.toml."""
    from ccpar_hybrid.app.approval_trial import answered_by_people
    from ccpar_hybrid.app.approval_view import views
    from ccpar_hybrid.app.policy_check import Bench
    from ccpar_hybrid.approval import suggestion
    from ccpar_hybrid.front.cli.approval_look import start_of
    from ccpar_hybrid.ledger.approval import Sieve

    bench = Bench(os.environ, policy, profile)
    start = start_of(since)
    with App(os.environ) as app:
        past = views(app, app.ledger.approvals.history(Sieve(since=start)))
        seen = answered_by_people(app, past)
        found = suggestion.suggest(seen, bench.policy, bench.tools, times)
    if json:
        print_json("policy-suggest", since=start.isoformat() if start else None, **_document(found))
    else:
        _print(found)


def _print(found: Suggestion) -> None:
    """TOML from the first line to the last: it may be appended to a policy."""
    from ccpar_hybrid.approval.rule_text import written

    if found.proposals:
        print("# Each rule allows just what a person approved. Read them, then put them into your")
        print("# policy.toml. Without `directory` or `group` a rule holds in all of them.")
    else:
        print("# Nothing to propose: no call that people approved by hand needs a new rule.")
    for proposal in found.proposals:
        last = proposal.last_at.astimezone().strftime("%Y-%m-%d %H:%M")
        print(f"\n# approved {proposal.times}×, last {last}")
        print(written(proposal.rule), end="")
    if found.left:
        print("\n# No rule is proposed for:")
    for left in found.left:
        print(f"# {left.times}× {_words(left)}")


def _words(left: Left) -> str:
    from ccpar_hybrid.agents.claude_tool import subject
    from ccpar_hybrid.core.mask import masked, masked_value

    call = f"{left.tool}: {masked(subject(masked_value(left.input)))}"
    return f"{visible(call, 100)} ({visible(masked(left.why), 150)})"


def _document(found: Suggestion) -> dict[str, Any]:
    from ccpar_hybrid.approval.rule_text import written
    from ccpar_hybrid.core.mask import masked, masked_value

    return {
        "proposals": [
            {
                "rule": each.rule.model_dump(mode="json", exclude_defaults=True),
                "toml": written(each.rule),
                "times": each.times,
                "last_at": each.last_at.astimezone(UTC).isoformat(),
            }
            for each in found.proposals
        ],
        "left": [
            {
                "tool": each.tool,
                "input": masked_value(each.input),
                "times": each.times,
                "why": masked(each.why),
            }
            for each in found.left
        ],
    }
