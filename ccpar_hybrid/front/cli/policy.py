"""policy check, lint and show: try the rules before a daemon follows them."""

from __future__ import annotations

import json as json_format
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ccpar_hybrid.core.errors import BadInput, ExitCode
from ccpar_hybrid.core.mask import masked, masked_value
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli import policy_suggest
from ccpar_hybrid.front.cli.option import Json, PolicyFile, ProfileName
from ccpar_hybrid.front.cli.output import SCHEMA, count, paint, print_json, print_table

if TYPE_CHECKING:
    from ccpar_hybrid.app.policy_check import Bench, Call
    from ccpar_hybrid.approval.rule import Rule
    from ccpar_hybrid.approval.verdict import Verdict

_COLOURS = {"allow": "green", "ask": "yellow", "deny": "red"}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="What agents may do without asking.", no_args_is_help=True, rich_markup_mode=None
    )
    group.command()(check)
    group.command()(lint)
    group.command()(show)
    policy_suggest.register(group)
    app.add_typer(group, name="policy")


def check(
    tool: Annotated[
        str | None,
        typer.Option(
            "--tool", metavar="NAME", help="The tool; without it, JSON lines from standard input."
        ),
    ] = None,
    given: Annotated[
        str | None, typer.Option("--input", metavar="JSON", help="The tool's input.")
    ] = None,
    directory: Annotated[
        str | None,
        typer.Option("--dir", metavar="DIR", help="The task's directory (default: here)."),
    ] = None,
    agent: Annotated[str, typer.Option("--agent", metavar="NAME", help="Who asks.")] = "claude",
    group: Annotated[str, typer.Option("--group", metavar="NAME", help="The task's group.")] = "",
    policy: PolicyFile = None,
    profile: ProfileName = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 6 unless every call is allowed.")
    ] = False,
    json: Json = False,
) -> int:
    """What the policy says of a tool call, by which rule, and why."""
    from ccpar_hybrid.app.policy_check import Bench

    bench = Bench(os.environ, policy, profile)
    allowed = True
    for call in _calls(tool, given, directory, agent, group):
        verdict = bench.judge(call)
        allowed = allowed and verdict.decision.value == "allow"
        if not json:
            _print(call, verdict)
            if tool is not None:
                _print_profile(bench, call, verdict)
        elif tool is not None:
            print_json("policy-check", **_document(bench, call, verdict))
        else:
            line = {"schema": SCHEMA, "kind": "policy-check", **_document(bench, call, verdict)}
            print(json_format.dumps(line), flush=True)
    return ExitCode.REFUSED if exit_code and not allowed else ExitCode.OK


def _calls(
    tool: str | None, given: str | None, directory: str | None, agent: str, group: str
) -> Iterator[Call]:
    from ccpar_hybrid.app.policy_check import read_call

    if tool is not None:
        data = _json(given if given is not None else "{}", "--input")
        yield read_call({"tool": tool, "input": data, "agent": agent, "group": group}, directory)
        return
    if given is not None:
        raise BadInput(
            "--input without --tool", "name the tool, or give JSON lines on standard input"
        )
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            data = _json(line, f"line {number}")
            if isinstance(data, dict):
                data = {"agent": agent, "group": group, **data}
            yield read_call(data, directory)


def _json(text: str, where: str) -> Any:
    try:
        return json_format.loads(text)
    except ValueError as error:
        raise BadInput(f"{where}: no JSON: {error}", 'such as {"command": "ls"}') from error


def _print(call: Call, verdict: Verdict) -> None:
    from ccpar_hybrid.front.cli.approval_reason import rule_words

    decision = verdict.decision.value
    subject = (
        call.input.get("command") or call.input.get("file_path") or call.input.get("url") or ""
    )
    said = f"{visible(call.tool, 60)}: {visible(masked(str(subject)), 100)}"
    print(f"{paint(decision, _COLOURS[decision])}  {said}")
    print(f"  rule: {rule_words(verdict.part.rule)}")
    print(f"  why:  {visible(masked(verdict.why), 200)}")


def _print_profile(bench: Bench, call: Call, verdict: Verdict) -> None:
    """By which profile it was judged, and which one would do."""
    said = bench.policy.profile.value
    if verdict.decision.value == "ask" and (wider := bench.allowed_by(call)):
        said += f"; {wider.value} would allow it"
    print(f"  profile: {said}")


def _document(bench: Bench, call: Call, verdict: Verdict) -> dict[str, Any]:
    from ccpar_hybrid.front.cli.approval_reason import part_document, rule_document

    rule = verdict.part.rule
    return {
        "decision": verdict.decision.value,
        "tool": call.tool,
        "input": masked_value(call.input),
        "profile": bench.policy.profile.value,
        "rule": rule_document(rule),
        "why": masked(verdict.why),
        "message": rule.message if rule and verdict.decision.value == "deny" else None,
        "parts": [part_document(part) for part in verdict.parts],
    }


def lint(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="Instead of your policy.toml.")
    ] = None,
    json: Json = False,
) -> None:
    """Whether a policy is legal, and what in it is seldom meant."""
    from ccpar_hybrid.app.policy_check import Bench
    from ccpar_hybrid.approval.policy import doubts

    bench = Bench(os.environ, file)
    found = doubts(bench.policy)
    if json:
        print_json(
            "policy-lint",
            file=bench.policy.where or None,
            rules=len(bench.policy.own),
            doubts=[{"where": where, "why": why} for where, why in found],
        )
        return
    for where, why in found:
        print(f"{where}: {why}")
    rules, profile = count(len(bench.policy.own), "rule"), bench.policy.profile.value
    if bench.policy.where:
        print(f"{bench.file}: legal; {rules}, profile {profile}")
    else:
        print(f"there is no {bench.file}; the profile {profile} is in force")


def show(policy: PolicyFile = None, profile: ProfileName = None, json: Json = False) -> None:
    """Every rule in force, in the order in which they are asked."""
    from ccpar_hybrid.app.policy_check import Bench

    bench = Bench(os.environ, policy, profile)
    rules = bench.policy.rules
    if json:
        print_json(
            "policy",
            file=bench.policy.where or None,
            profile=bench.policy.profile.value,
            rules=[{**rule.model_dump(mode="json"), "where": rule.where} for rule in rules],
        )
        return
    rows = [(rule.decision.value, rule.name, _criteria(rule), rule.where) for rule in rules]
    print_table(("DECISION", "NAME", "ABOUT", "WHERE"), [*rows, ("ask", "", "all else", "")])


def _criteria(rule: Rule) -> str:
    said = rule.model_dump(
        mode="json", exclude={"decision", "name", "message"}, exclude_defaults=True
    )
    told = [f"{key}: {_alternatives(value)}" for key, value in said.items()]
    return visible("; ".join(told) or "everything", 300)


def _alternatives(value: Any) -> str:
    return json_format.dumps(value) if isinstance(value, dict) else ", ".join(value)
