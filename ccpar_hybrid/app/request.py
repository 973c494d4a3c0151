"""One task as a person or program asks for it, before its names are resolved."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.task import PRIORITY_MAX, PRIORITY_MIN, RETRIES_MAX, CleanText, OnLimit
from ccpar_hybrid.core.text import visible

LABEL_LIMIT = 200
"""Characters of a label; what is longer is no name any more."""


def _of_characters(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"is not UTF-8 at position {error.start}; UTF-8 is accepted") from None
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


Text = Annotated[CleanText, AfterValidator(_of_characters)]
Name = Annotated[Text, AfterValidator(_not_blank)]
Span = Name | Annotated[float, Field(strict=True)]
_RANGES = {"priority": (PRIORITY_MIN, PRIORITY_MAX), "retries": (0, RETRIES_MAX)}
_SPANS = frozenset({"timeout", "backoff", "idle"})


class TaskRequest(BaseModel):
    """The fields of one JSON line of `add`; all but `prompt` may be left out.

    `after` names tasks by id, label or key, or by the label of an earlier or later line of the
    same call. `delay` is a span or a time; `timeout`, `backoff` and `idle` are spans; `memory` is
    an amount with its unit.
    `env` is added to the session's environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: Text
    label: Name | None = Field(default=None, max_length=LABEL_LIMIT)
    group: Name | None = None
    dir: Name | None = None
    priority: int = Field(default=0, ge=PRIORITY_MIN, le=PRIORITY_MAX, strict=True)
    after: tuple[Name, ...] = ()
    delay: Name | None = None
    agent: Name | None = None
    model: Name | None = None
    permission_mode: Name | None = None
    allowed_tools: tuple[Name, ...] = ()
    context: tuple[Name, ...] = ()
    env: dict[Name, Text] = Field(default_factory=dict)
    timeout: Span | None = None
    retries: int | None = Field(default=None, ge=0, le=RETRIES_MAX, strict=True)
    backoff: Span | None = None
    idle: Span | None = None
    on_limit: OnLimit | None = None
    ignore_reserve: bool = Field(default=False, strict=True)
    memory: Name | None = None
    cpus: Annotated[float, Field(strict=True)] | None = None


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
        return json.loads(line, object_pairs_hook=_each_once)
    except BadInput as error:
        raise BadInput(f"line {number}: {error.message}", error.hint) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"line {number} is not JSON: {error}", 'such as {"prompt": "…"}') from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadInput(f"{visible(name, 60)} is given twice", "each name once is accepted")
        found[name] = value
    return found


def parse_one(given: Any, where: str = "") -> TaskRequest:
    """Validate one request; `where` begins the error's message."""
    try:
        request = TaskRequest.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what, accepted = _told(first)
        raise BadInput(_at(where, what), accepted) from error
    if not request.prompt.strip():
        raise BadInput(_at(where, "the prompt is empty"), "say what the agent shall do")
    return request


_TYPES = {
    "string_type": "text is accepted",
    "int_type": "a whole number is accepted",
    "int_from_float": "a whole number is accepted",
    "float_type": "a number is accepted",
    "finite_number": "a whole number is accepted",
    "tuple_type": "a list of texts is accepted",
    "dict_type": "an object of texts is accepted",
    "enum": "wait, ask or fail is accepted",
    "bool_type": "true or false is accepted",
    "string_unicode": "UTF-8 is accepted",
}


def _told(error: ErrorDetails) -> tuple[str, str]:
    """What was wrong, and what is accepted, in the words of people who know no pydantic."""
    kind, context = error["type"], error.get("ctx", {})
    name = visible(str(error["loc"][0]), 60) if error["loc"] else ""
    fields = f"accepted fields are {', '.join(TaskRequest.model_fields)}"
    if kind == "string_unicode" and not error["loc"]:
        return "a field's name is not UTF-8", fields
    if kind in ("model_type", "model_attributes_type"):
        return "is no object", fields
    if kind == "extra_forbidden":
        return f"there is no field {name}", fields
    if kind == "missing":
        return f"{name} is missing", 'such as {"prompt": "…"}'
    if kind == "value_error":
        what, _, accepted = str(context.get("error", error["msg"])).partition("; ")
        return f"{name} {what}", accepted or "leave it out, or give a text"
    if kind in ("less_than_equal", "greater_than_equal"):
        least, most = _RANGES[name]
        accepted = f"{least} to {most} is accepted"
        return f"{name} {visible(str(error['input']), 40)} is out of range", accepted
    if kind in ("too_long", "string_too_long"):
        return f"{name} is too long", f"at most {LABEL_LIMIT} characters are accepted"
    shown = visible(json.dumps(error["input"], default=str), 40)
    if name in _SPANS:
        return f"{name} cannot be {shown}", "a number of seconds or a text is accepted, as 10min"
    return f"{name} cannot be {shown}", _TYPES.get(kind, error["msg"])


def _at(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what
