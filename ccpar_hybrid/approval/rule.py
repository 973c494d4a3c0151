"""One rule of a policy: what it is about, and what is decided."""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ccpar_hybrid.approval.act import Act, Effect, Place
from ccpar_hybrid.approval.ground import Ground
from ccpar_hybrid.core.decision import Decision as Decision

_LOOPBACK = frozenset(["localhost", "127.0.0.1", "::1", "0.0.0.0"])
_PLACES = frozenset(place.value for place in Place)
_WORDS_ONLY: dict[str, set[str]] = {"Bash": {"description", "timeout"}, "WebFetch": {"prompt"}}
"""Inputs that change nothing of what a call does to files, programs and addresses."""


_WEIGHT = {Decision.ALLOW: 0, Decision.ASK: 1, Decision.DENY: 2}


def weight(decision: Decision) -> int:
    """The heaviest decision of all parts is that of the whole."""
    return _WEIGHT[decision]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _of_words(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no command: {error}") from None
        if not words:
            raise ValueError("it is empty: the first words of a command are accepted")
    return values


def _of_places(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in _PLACES and not any(letter in value for letter in "/*~."):
            places = ", ".join(sorted(_PLACES))
            raise ValueError(f"{value!r} is no place: {places} or a pattern of paths is accepted")
    return values


def _of_json(value: dict[str, Any] | None) -> dict[str, Any] | None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("no time and no infinite number is accepted") from None
    return value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Rule(BaseModel):
    """It is about an act if every criterion that it names fits; lists name alternatives.

    `where` is its file and line; `name` is what people call it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    name: str = ""
    message: str = ""
    agent: Texts = ()
    group: Texts = ()
    tool: Texts = ()
    does: Annotated[tuple[Effect, ...], BeforeValidator(_listed)] = ()
    path: Annotated[Texts, AfterValidator(_of_places)] = ()
    command: Annotated[Texts, AfterValidator(_of_words)] = ()
    host: Texts = ()
    server: Texts = ()
    directory: Texts = ()
    input: Annotated[dict[str, Any] | None, AfterValidator(_of_json)] = None
    where: str = Field(default="", exclude=True)


class Asker(BaseModel):
    """Who asks, with which tool; `input` is the whole of what the tool is given, where known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str
    agent: str = "claude"
    group: str = ""
    input: Mapping[str, Any] | None = None


def is_about(rule: Rule, act: Act, asker: Asker, ground: Ground) -> bool:
    """Whether the rule decides this act. What is not understood is allowed by no rule."""
    if rule.decision is Decision.ALLOW:
        if act.effect in (Effect.UNCLEAR, Effect.PERSON):
            return False
        if act.effect is Effect.UNKNOWN and not (rule.command or rule.tool):
            return False
    return (
        _fits(rule.agent, asker.agent)
        and _fits(rule.group, asker.group)
        and _fits(rule.tool, asker.tool)
        and (not rule.does or act.effect in rule.does)
        and (not rule.path or _is_there(rule.path, act, ground))
        and (not rule.command or any(_begins(command, act.words) for command in rule.command))
        and (not rule.host or _is_host(rule.host, act.host))
        and (not rule.server or (bool(act.server) and _fits(rule.server, act.server)))
        and (not rule.directory or _is_at(rule.directory, ground))
        and (rule.input is None or _is_given(rule.input, asker))
    )


def identity(tool: str, given: Mapping[str, Any]) -> str:
    """What tells one call of a tool from another: all of its input but what only describes it."""
    left_out = _WORDS_ONLY.get(tool, set())
    said = {name: value for name, value in given.items() if name not in left_out}
    return json.dumps(said, sort_keys=True)


def _fits(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


def _is_there(patterns: tuple[str, ...], act: Act, ground: Ground) -> bool:
    if act.spot is None:
        return False
    return any(
        Place(pattern) in act.spot.places
        if pattern in _PLACES
        else fnmatch.fnmatchcase(act.spot.path, _absolute(pattern, ground))
        for pattern in patterns
    )


def _is_at(patterns: tuple[str, ...], ground: Ground) -> bool:
    return any(fnmatch.fnmatchcase(ground.start, _of_home(pattern, ground)) for pattern in patterns)


def _is_given(wanted: Mapping[str, Any], asker: Asker) -> bool:
    """Compared as text, for to Python True is 1."""
    if asker.input is None:
        return False
    return identity(asker.tool, wanted) == identity(asker.tool, asker.input)


def _absolute(pattern: str, ground: Ground) -> str:
    return os.path.join(ground.directory, _of_home(pattern, ground))  # noqa: PTH118


def _of_home(pattern: str, ground: Ground) -> str:
    is_of_home = pattern == "~" or pattern.startswith("~/")
    return ground.home + pattern[1:] if is_of_home else pattern


def _begins(command: str, words: tuple[str, ...]) -> bool:
    wanted = shlex.split(command)
    return len(words) >= len(wanted) and all(
        fnmatch.fnmatchcase(word, pattern) for word, pattern in zip(words, wanted, strict=False)
    )


def is_own_host(host: str) -> bool:
    """Whether it is this machine."""
    return host in _LOOPBACK


def _is_host(patterns: tuple[str, ...], host: str) -> bool:
    if not host:
        return False
    return any(
        host in _LOOPBACK if pattern == "loopback" else fnmatch.fnmatchcase(host.lower(), pattern)
        for pattern in patterns
    )
