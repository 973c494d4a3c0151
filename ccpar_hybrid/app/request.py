"""One task as a person or program asks for it, before its names are resolved."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.task import PRIORITY_MAX, PRIORITY_MIN, CleanText

LABEL_LIMIT = 200
"""Characters of a label; what is longer is no name any more."""


class TaskRequest(BaseModel):
    """The fields of one JSON line of `add`; all but `prompt` may be left out.

    `after` names tasks by id, label or key, or by the label of an earlier or later line of the
    same call. `delay` is a span or a time, `timeout` a span. `env` is added to the session's
    environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: CleanText
    label: CleanText | None = Field(default=None, min_length=1, max_length=LABEL_LIMIT)
    group: CleanText | None = None
    dir: CleanText | None = None
    priority: int = Field(default=0, ge=PRIORITY_MIN, le=PRIORITY_MAX)
    after: tuple[CleanText, ...] = ()
    delay: CleanText | None = None
    agent: CleanText | None = None
    model: CleanText | None = None
    permission_mode: CleanText | None = None
    allowed_tools: tuple[CleanText, ...] = ()
    context: tuple[CleanText, ...] = ()
    env: dict[CleanText, CleanText] = Field(default_factory=dict)
    timeout: CleanText | float | None = None


def parse_lines(lines: Iterable[str]) -> list[TaskRequest]:
    """The requests of JSON lines; raises BadInput that names the line and what is accepted."""
    requests = [
        parse_one(_loaded(line, number), f"line {number}")
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not requests:
        raise BadInput("there is no task on standard input", "one JSON object a line is accepted")
    return requests


def _loaded(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise BadInput(f"line {number} is not JSON: {error}", 'such as {"prompt": "…"}') from error


def parse_one(given: Any, where: str = "") -> TaskRequest:
    """Validate one request; `where` begins the error's message."""
    try:
        request = TaskRequest.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"][:1])
        accepted = ", ".join(TaskRequest.model_fields)
        what = f"{name}: {_words(first['msg'])}" if name else _words(first["msg"])
        raise BadInput(_at(where, what), f"accepted fields are {accepted}") from error
    if not request.prompt.strip():
        raise BadInput(_at(where, "the prompt is empty"), "say what the agent shall do")
    return request


def _words(message: str) -> str:
    return message.removeprefix("Value error, ").replace(
        "Extra inputs are not permitted", "unknown"
    )


def _at(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what
