"""add: one task, or many in one call."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli import add_option as option
from ccpar_hybrid.front.cli.option import Group, Json, Session
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
    call: typer.Context,
    prompt: option.Prompt = None,
    prompt_file: option.PromptFile = None,
    jsonl: option.JsonLines = False,
    label: option.Label = None,
    priority: option.Priority = None,
    after: option.After = None,
    delay: option.Delay = None,
    group: Group = None,
    dir: option.Directory = None,
    context: option.Context = None,
    agent: option.Agent = None,
    model: option.Model = None,
    permission_mode: option.PermissionMode = None,
    allowed_tools: option.AllowedTools = None,
    env: option.Variables = None,
    timeout: option.Timeout = None,
    retries: option.Retries = None,
    backoff: option.Backoff = None,
    idle: option.Idle = None,
    on_limit: option.WhenLimited = None,
    ignore_reserve: option.IgnoreReserve = False,
    memory: option.Memory = None,
    cpus: option.Cpus = None,
    session: Session = None,
    json: Json = False,
) -> None:
    """Queue a task; many with --jsonl, all or none."""
    from ccpar_hybrid.app.request import parse_one

    text = _text(prompt, prompt_file, jsonl=jsonl)
    given = _given(call.params)
    if jsonl or _is_json_lines(prompt, prompt_file, text):
        requests = _many(text)
        if given:
            name = next(iter(given)).replace("_", "-")
            raise BadInput(f"--{name} beside JSON lines", "put it into each line")
    else:
        requests = [parse_one({"prompt": text, **given})]
    _tell(_added(requests, session), json=json)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that stand for a field of a request, as far as they are given."""
    from ccpar_hybrid.app.request import TaskRequest

    fields = (name for name in TaskRequest.model_fields if name != "prompt")
    found = {name: options[name] for name in fields}
    found["env"] = _variables(options["env"] or ())
    return {
        name: value
        for name, value in found.items()
        if value not in (None, (), {}) and value is not False
    }


def _added(requests: list[TaskRequest], session: str | None) -> list[Added]:
    from ccpar_hybrid.app.enqueue import Enqueuer

    with App(os.environ) as app:
        if session is not None and app.session_record(session) is None:
            name = visible(session, 60)
            raise NotFound(f"there is no session {name!r}", "make it: ccpar-hybrid setup")
        name = session or app.settings.session.name
        return Enqueuer(app, str(Path.cwd()), name).add(requests)


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


def _variables(given: Iterable[str]) -> dict[str, str]:
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
