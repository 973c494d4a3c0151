"""approvals approve and deny: a person's decision on what an agent asks leave for."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import ExitCode, Refused
from ccpar_hybrid.front.cli.option import Json, complete_request
from ccpar_hybrid.front.cli.output import paint, print_json

_AGENTS_MARK = "CCPAR_TASK"
"""Set for everything that an agent runs."""

RequestIds = Annotated[
    list[str],
    typer.Argument(
        metavar="ID…", help="The beginnings of requests' ids.", autocompletion=complete_request
    ),
]


def register(group: typer.Typer) -> None:
    """Add these commands."""
    group.command()(approve)
    group.command()(deny)


def approve(requests: RequestIds, json: Json = False) -> int:
    """Allow what is asked for, this once."""
    return _decide(requests, "allow", "", json)


def deny(
    requests: RequestIds,
    message: Annotated[
        str, typer.Option("--message", "-m", metavar="TEXT", help="What the agent is told.")
    ] = "",
    json: Json = False,
) -> int:
    """Deny what is asked for; the agent goes on without it."""
    return _decide(requests, "deny", message, json)


def _decide(requests: list[str], word: str, message: str, json: bool) -> int:
    from ccpar_hybrid.app import approver_client
    from ccpar_hybrid.app.approval_view import SHORT, resolve
    from ccpar_hybrid.core.decision import Decision
    from ccpar_hybrid.front.cli.approval_page import COLOURS, call_words, document

    if os.environ.get(_AGENTS_MARK):
        raise Refused("agents ask, and people answer", "run it outside of the task")
    failed: list[str] = []
    with App(os.environ) as app:
        views = {view.approval.id: view for view in (resolve(app, name) for name in requests)}
        for request_id, view in views.items():
            try:
                approver_client.decide(app.paths, request_id, Decision(word), message)
            except Refused as refusal:
                failed.append(request_id)
                hint = f"\n  {refusal.hint}" if refusal.hint else ""
                sys.stderr.write(f"ccpar-hybrid: {refusal.message}{hint}\n")
                continue
            if not json:
                call = call_words(view.approval, 200)
                print(f"{paint(word, COLOURS[word])}  {request_id[:SHORT]}  {call}")
        if json:
            done = [resolve(app, i) for i in views if i not in failed]
            print_json("approvals-decided", approvals=[document(view) for view in done])
    return ExitCode.REFUSED if failed else ExitCode.OK
