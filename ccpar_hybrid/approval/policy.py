"""A policy: the deny list, the user's rules, the profile's; the first that fits decides."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ccpar_hybrid.approval.rule import Decision, Rule
from ccpar_hybrid.core.errors import BadInput

FILE_NAME = "policy.toml"


class Profile(StrEnum):
    """The shipped sets of rules."""

    CAREFUL = "careful"  # reading
    STANDARD = "standard"  # reading, editing, building and testing inside the task's directory
    TRUSTING = "trusting"  # the network and other places too


class PolicyFile(BaseModel):
    """What `policy.toml` may hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Profile = Profile.CAREFUL
    rule: tuple[Rule, ...] = Field(default=())


@dataclass(frozen=True)
class Policy:
    """All rules in force, in the order in which they are asked. `where` is the user's file."""

    profile: Profile
    denied: tuple[Rule, ...]
    own: tuple[Rule, ...]
    shipped: tuple[Rule, ...]
    where: str = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The deny list comes first: no other rule overrides it."""
        return self.denied + self.own + self.shipped


def load(path: Path | None, profile: Profile | None = None) -> Policy:
    """The policy of a file; without one, the profile's alone.

    Raises BadInput with file and line, and what is accepted. `profile` wins over the file's.
    """
    found = PolicyFile()
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"cannot read {path}: {error}", "name a policy file") from error
        found = parse(text, str(path))
    chosen = profile or found.profile
    return Policy(
        profile=chosen,
        denied=_shipped("deny").rule,
        own=found.rule,
        shipped=_shipped(chosen.value).rule,
        where=str(path) if path else "",
    )


def parse(text: str, where: str) -> PolicyFile:
    """A policy's text; raises BadInput with file and line."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.search(r"^(.*) \(at line (\d+)", str(error))
        line, what = (said[2], said[1]) if said else (str(len(text.splitlines())), str(error))
        raise BadInput(f"{where}:{line}: {what}", "it is no TOML") from error
    try:
        found = PolicyFile.model_validate(data)
    except ValidationError as error:
        raise _explained(error, text, where) from error
    lines = _rule_lines(text)
    rules = tuple(
        rule.model_copy(update={"where": f"{where}:{line}"})
        for rule, line in zip(found.rule, lines + [1] * len(found.rule), strict=False)
    )
    return found.model_copy(update={"rule": rules})


def _explained(error: ValidationError, text: str, where: str) -> BadInput:
    first = error.errors()[0]
    place: list[Any] = list(first["loc"])
    line = _line_of(text, place)
    name = str(place[2] if len(place) > 2 and place[0] == "rule" else place[0])
    if first["type"] == "extra_forbidden":
        model = Rule if place[0] == "rule" else PolicyFile
        accepted = ", ".join(each for each in model.model_fields if each != "where")
        return BadInput(f"{where}:{line}: there is no {name}", f"accepted are {accepted}")
    if first["type"] == "missing":
        return BadInput(f"{where}:{line}: {name} is missing", "allow, ask or deny is accepted")
    said = first["msg"].removeprefix("Value error, ").replace("Input should be", "accepted is")
    return BadInput(f"{where}:{line}: {name} = {first['input']!r}", said)


def _rule_lines(text: str) -> list[int]:
    return [
        n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)
    ]


def _line_of(text: str, place: list[Any]) -> int:
    """Where a name is set: in the n-th rule, or at the top."""
    start, key = 0, str(place[0])
    starts = _rule_lines(text)
    if (
        place[0] == "rule"
        and len(place) > 1
        and isinstance(place[1], int)
        and place[1] < len(starts)
    ):
        start = starts[place[1]]
        key = str(place[2]) if len(place) > 2 else ""
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        if key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
        if start and re.match(r"\s*\[", line):
            break
    return start or 1


@cache
def _shipped(name: str) -> PolicyFile:
    text = files("ccpar_hybrid.approval").joinpath("profiles", f"{name}.toml").read_text("utf-8")
    return parse(text, f"{name}.toml")


def doubts(policy: Policy) -> list[tuple[str, str]]:
    """What is legal but seldom meant: pairs of a place and a sentence."""
    found = []
    for number, rule in enumerate(policy.own):
        said = rule.model_dump(exclude={"decision", "name", "message"}, exclude_defaults=True)
        if not said:
            found.append((rule.where, f"it decides everything that follows: {rule.decision.value}"))
        if rule.decision is not Decision.DENY and rule.message:
            found.append((rule.where, "only a denial tells its message to the agent"))
        for earlier in policy.own[:number]:
            before = earlier.model_dump(
                exclude={"decision", "name", "message"}, exclude_defaults=True
            )
            if all(said.get(key) == value for key, value in before.items()):
                found.append((rule.where, f"it is never reached: {earlier.where} decides first"))
                break
    return found
