"""add: one task, or many in one call."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import (
    Group,
    Json,
    Session,
    complete_agent,
    complete_on_limit,
    complete_task,
)
from ccpar_hybrid.front.cli.output import count, paint, print_json

if TYPE_CHECKING:
    from ccpar_hybrid.app.enqueue import Added
    from ccpar_hybrid.app.request import TaskRequest

STANDARD_INPUT = "-"
_LISTED = 20
_BYTE_ORDER_MARK = "\ufeff"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(add)


def add(
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="[PROMPT]", help="What to do; `-` reads it from standard input."),
    ] = None,
    prompt_file: Annotated[
        Path | None, typer.Option("--prompt-file", "-f", help="Read the prompt from this file.")
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Many tasks: JSON lines on standard input.")
    ] = False,
    label: Annotated[str | None, typer.Option("--label", "-l", help="A name for people.")] = None,
    priority: Annotated[
        int | None,
        typer.Option("--priority", "-p", "-o", help="Higher runs first (default: 0)."),
    ] = None,
    after: Annotated[
        list[str] | None,
        typer.Option(
            "--after",
            "-a",
            help="Only after this task has succeeded; repeatable.",
            autocompletion=complete_task,
        ),
    ] = None,
    delay: Annotated[
        str | None, typer.Option("--delay", "-d", help="Not before: 2h, 16:00, 2026-01-31 08:00.")
    ] = None,
    group: Group = None,
    directory: Annotated[
        str | None, typer.Option("--dir", help="Where the agent works (default: here).")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option(help="A file to read first; repeatable.")
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="claude, command or demo.", autocompletion=complete_agent),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The agent's model.")] = None,
    permission_mode: Annotated[
        str | None, typer.Option(help="Claude Code's permission mode.")
    ] = None,
    allowed_tools: Annotated[
        list[str] | None, typer.Option(help="Tools allowed without asking; repeatable.")
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, or the NAME of a variable that is set; repeatable."),
    ] = None,
    timeout: Annotated[str | None, typer.Option(help="Stop it after: 90, 10min, 2h.")] = None,
    retries: Annotated[
        int | None, typer.Option(help="Goes after the first one that failed.")
    ] = None,
    backoff: Annotated[
        str | None, typer.Option(help="Before the first retry: 30s; doubles each time.")
    ] = None,
    idle: Annotated[
        str | None, typer.Option(help="Stop it when so long nothing is heard of it: 10min.")
    ] = None,
    on_limit: Annotated[
        str | None,
        typer.Option(help="At a usage limit: wait, ask or fail.", autocompletion=complete_on_limit),
    ] = None,
    ignore_reserve: Annotated[
        bool, typer.Option("--ignore-reserve", help="It may begin on an account's reserve.")
    ] = False,
    memory: Annotated[
        str | None, typer.Option(help="What it may use with all that it starts: 512M, 2G.")
    ] = None,
    cpus: Annotated[
        float | None, typer.Option(help="Processor cores that it may use: 1.5.")
    ] = None,
    session: Session = None,
    json: Json = False,
) -> None:
    """Queue a task; many with --jsonl, all or none."""
    from ccpar_hybrid.app.enqueue import Enqueuer
    from ccpar_hybrid.app.request import parse_one

    text = _text(prompt, prompt_file, jsonl=jsonl)
    requests = _many(text) if jsonl or _is_json_lines(prompt, prompt_file, text) else None
    given = {
        "label": label,
        "priority": priority,
        "after": after,
        "delay": delay,
        "group": group,
        "dir": directory,
        "context": context,
        "agent": agent,
        "model": model,
        "permission_mode": permission_mode,
        "allowed_tools": allowed_tools,
        "env": _variables(env or []),
        "timeout": timeout,
        "retries": retries,
        "backoff": backoff,
        "idle": idle,
        "on_limit": on_limit,
        "ignore_reserve": ignore_reserve or None,
        "memory": memory,
        "cpus": cpus,
    }
    present = {name: value for name, value in given.items() if value not in (None, [], {})}
    if requests is not None and present:
        raise BadInput(
            f"--{next(iter(present)).replace('_', '-')} beside JSON lines", "put it into each line"
        )
    if requests is None:
        requests = [parse_one({"prompt": text, **present})]
    with App(os.environ) as app:
        if session is not None and app.session_record(session) is None:
            raise NotFound(
                f"there is no session {visible(session, 60)!r}", "make it: ccpar-hybrid setup"
            )
        name = session or app.settings.session.name
        added = Enqueuer(app, str(Path.cwd()), name).add(requests)
    _tell(added, json=json)


def _text(prompt: str | None, file: Path | None, *, jsonl: bool) -> str:
    given = [prompt is not None, file is not None]
    if sum(given) > 1 or (jsonl and any(given)):
        raise BadInput("more than one prompt", "give PROMPT, --prompt-file or standard input")
    if file is not None:
        return _read_file(file)
    if prompt is not None and prompt != STANDARD_INPUT:
        return prompt
    if prompt is None and not jsonl and sys.stdin.isatty():
        raise BadInput("there is no prompt", "give PROMPT, --prompt-file or standard input")
    return _decoded(sys.stdin.buffer.read(), "standard input")


def _read_file(file: Path) -> str:
    try:
        return _decoded(file.read_bytes(), str(file))
    except OSError as error:
        raise BadInput(
            f"cannot read {file}: {error.strerror}", "a text file is accepted"
        ) from error


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{where} is not UTF-8 at byte {error.start}", "UTF-8 is accepted") from None


def _is_json_lines(prompt: str | None, file: Path | None, text: str) -> bool:
    """Standard input alone, whose first line is a JSON object with a prompt."""
    if prompt is not None or file is not None or not _without_mark(text).startswith("{"):
        return False
    import json as json_module

    try:
        first = json_module.loads(_without_mark(text).split("\n")[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "prompt" in first


def _without_mark(text: str) -> str:
    return text.removeprefix(_BYTE_ORDER_MARK).strip()


def _many(text: str) -> list[TaskRequest]:
    from ccpar_hybrid.app.request import parse_lines

    return parse_lines(text.removeprefix(_BYTE_ORDER_MARK).split("\n"))


def _variables(given: list[str]) -> dict[str, str]:
    found = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not name or (not separator and name not in os.environ):
            raise BadInput(f"--env {text!r}", "NAME=VALUE, or the NAME of a variable that is set")
        found[name] = value if separator else os.environ[name]
    return found


def _tell(added: list[Added], *, json: bool) -> None:
    if json:
        print_json("added", tasks=[_document(one) for one in added])
        return
    for one in added[:_LISTED]:
        name = visible(one.task.name, 60)
        spec = one.task.spec
        key = f" {one.task.key}" if spec.label else ""
        print(f"queued {paint(name, 'bold')}{key} as {one.pueue_id} in {visible(spec.group, 60)}")
    if len(added) > _LISTED:
        print(f"… and {count(len(added) - _LISTED, 'more task')}")
    paused = {one.task.spec.group: one.by_stop for one in added if one.group_is_paused}
    for group, by_stop in sorted(paused.items()):
        how = "ccpar-hybrid setup" if by_stop else f"pueue start -g {shlex.quote(group)}"
        print(f"group {visible(group, 60)} is paused; start it: {how}")


def _document(one: Added) -> dict[str, Any]:
    spec = one.task.spec
    return {"key": one.task.key, "id": one.pueue_id, "label": spec.label, "group": spec.group}
