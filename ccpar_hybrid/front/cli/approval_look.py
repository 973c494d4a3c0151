"""approvals list, show, explain, watch, history: what agents ask leave for, and its fate."""

from __future__ import annotations

import json as json_format
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.front.cli.option import Group, Json, RequestId
from ccpar_hybrid.front.cli.output import SCHEMA, print_json, print_table

if TYPE_CHECKING:
    from ccpar_hybrid.app.approval_view import ApprovalView
    from ccpar_hybrid.ledger.approval import Sieve

_RECENT = 30
_LOOK_S = 0.3


def register(group: typer.Typer) -> None:
    """Add these commands."""
    group.command("list")(list_open)
    group.command()(show)
    group.command()(explain)
    group.command()(watch)
    group.command()(history)


def list_open(json: Json = False, group: Group = None) -> None:
    """Requests that wait for a person, the oldest first."""
    from ccpar_hybrid.app.approval_view import open_requests

    with App(os.environ) as app:
        found = open_requests(app)
    _print(
        "approvals",
        [view for view in found if group in (None, view.approval.request.group)],
        "nothing waits for a person",
        json,
    )


def history(
    json: Json = False,
    since: Annotated[str | None, typer.Option(help="Only the last: 2h, 7d.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task's.")] = None,
    group: Group = None,
    tool: Annotated[str | None, typer.Option(help="Only this tool.")] = None,
    decision: Annotated[str | None, typer.Option(help="Only: allow, deny.")] = None,
    by: Annotated[str | None, typer.Option(help="Only: policy, person, hand, timeout.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"Also those before the last {_RECENT}.")
    ] = False,
) -> None:
    """All requests with what was decided, the newest last."""
    from ccpar_hybrid.app.approval_view import views

    with App(os.environ) as app:
        sieve = _sieve(app, since, task, group, tool, decision, by)
        found = app.ledger.approvals.history(sieve, None if everything or since else _RECENT)
        told = views(app, reversed(found))
    _print("approvals-history", told, "no such requests", json)


def _sieve(
    app: App,
    since: str | None,
    task: str | None,
    group: str | None,
    tool: str | None,
    decision: str | None,
    by: str | None,
) -> Sieve:
    from ccpar_hybrid.app.reference import References
    from ccpar_hybrid.core.decision import By, Decision
    from ccpar_hybrid.ledger.approval import Sieve

    return Sieve(
        key=References.now(app).resolve(task).key if task else None,
        group=group,
        tool=tool,
        decision=Decision(_one_of(decision, ["allow", "deny"])) if decision else None,
        by=By(_one_of(by, list(By))) if by else None,
        since=start_of(since),
    )


def _one_of(word: str, known: list[str]) -> str:
    if word not in known:
        raise BadInput(f"there is no {word!r}", f"accepted are {', '.join(known)}")
    return word


def start_of(since: str | None) -> datetime | None:
    """The beginning of a span that ends now; None: of everything."""
    from ccpar_hybrid.app import delay

    return datetime.now(UTC) - timedelta(seconds=delay.seconds(since)) if since else None


def _print(kind: str, found: list[ApprovalView], empty: str, json: bool) -> None:
    from ccpar_hybrid.front.cli.approval_page import HEADINGS, document, row

    now = datetime.now(UTC)
    if json:
        print_json(kind, at=now.isoformat(), approvals=[document(view) for view in found])
    elif not found:
        print(empty)
    else:
        print_table(HEADINGS, [row(view, now) for view in found], giving=(2, 3))


def show(request: RequestId, json: Json = False) -> None:
    """All of one request: the whole input, what the policy says, what was decided."""
    from ccpar_hybrid.app.approval_view import SHORT, resolve
    from ccpar_hybrid.front.cli.approval_page import document, print_approval, screen_of

    with App(os.environ) as app:
        view = resolve(app, request)
    if json:
        print_json("approvals-show", approval=document(view), screen=screen_of(view.approval))
        return
    print_approval(view)
    if view.approval.is_open:
        name = view.approval.id[:SHORT]
        print(f"\nccpar-hybrid approvals approve {name}\nccpar-hybrid approvals deny {name}")


def explain(request: RequestId, json: Json = False) -> None:
    """Why it was decided so, and what the policy says of it now, part by part."""
    from ccpar_hybrid.app.approval_trial import judge
    from ccpar_hybrid.app.approval_view import resolve
    from ccpar_hybrid.app.policy_check import Bench
    from ccpar_hybrid.front.cli.approval_page import document
    from ccpar_hybrid.front.cli.approval_reason import print_reason, verdict_document

    with App(os.environ) as app:
        view = resolve(app, request)
    verdict = judge(Bench(os.environ), view)
    if json:
        now = None if verdict is None else verdict_document(verdict)
        print_json("approvals-explain", approval=document(view), now=now)
        return
    print_reason(view, verdict)


def watch(
    json: Annotated[bool, typer.Option("--json", help="JSON lines (docs/json.md).")] = False,
) -> None:
    """Each request as it comes, is decided and ends, until Ctrl-C."""
    from ccpar_hybrid.app.approval_view import Watch
    from ccpar_hybrid.front.cli.approval_page import document, row

    with App(os.environ) as app:
        seen = Watch(app, datetime.now(UTC))
        while True:
            for view in seen.look():
                if json:
                    body = {"schema": SCHEMA, "kind": "approvals-watch", "approval": document(view)}
                    print(json_format.dumps(body), flush=True)
                    continue
                name, _, task, worker, decision, call = row(view, datetime.now(UTC))
                at = datetime.now().astimezone().strftime("%H:%M:%S")
                print(f"{at}  {name}  {task}  {worker}  {decision}  {call}", flush=True)
            time.sleep(_LOOK_S)
