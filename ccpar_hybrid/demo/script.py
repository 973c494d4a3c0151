"""The script that the local model and the stand-in agent play for one prompt.

A script is a JSON array of steps. It stands in a prompt, after a line's first word
``script:``, or in a file of rules, each with a regular expression for the prompts it is for.
Standard library only, so that both players can be started without the rest of the package.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.demo.step import (
    Fail,
    Headers,
    Limit,
    Pause,
    Say,
    ScriptError,
    Step,
    Tool,
    Usage,
    Windows,
    kind_of,
    parse_steps,
)

__all__ = [
    "Fail",
    "Headers",
    "Limit",
    "Pause",
    "Rule",
    "Rules",
    "Say",
    "ScriptError",
    "Step",
    "Tool",
    "Turn",
    "Usage",
    "Windows",
    "load_rules",
    "parse_steps",
    "script_of",
    "steps_for",
    "turns",
]

Turn = tuple[Step, ...]
_MARK = re.compile(r"^script:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """``steps`` are for prompts in which ``match`` is found."""

    match: re.Pattern[str]
    steps: tuple[Step, ...]


Rules = tuple[Rule, ...]


def script_of(prompt: str) -> tuple[Step, ...] | None:
    """The steps after the prompt's last line that begins with ``script:``; None without one.

    The array may go over several lines, and what stands after it is ignored. Raises ScriptError.
    """
    marks = list(_MARK.finditer(prompt))
    if not marks:
        return None
    text = prompt[marks[-1].end() :].lstrip()
    try:
        raw, _ = json.JSONDecoder().raw_decode(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ScriptError(f"after 'script:' stands no JSON array: {error}") from error
    return parse_steps(raw)


def load_rules(path: Path) -> Rules:
    """The rules in a UTF-8 JSON file: ``[{"match": REGEX, "steps": [...]}, ...]``.

    Raises ScriptError for its content and OSError where it can't be read.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ScriptError(f"{path} is not JSON: {error}") from error
    if not isinstance(raw, list):
        raise ScriptError(f"{path} holds {kind_of(raw)}, not a JSON array of rules")
    return tuple(_rule(f"{path}: rule {index}", item) for index, item in enumerate(raw))


def steps_for(prompt: str, rules: Rules = ()) -> tuple[Step, ...]:
    """What to play for a prompt: the first rule that fits, else its own script, else an echo.

    The echo says the prompt's first line. Raises ScriptError for a broken script in the prompt.
    """
    for rule in rules:
        if rule.match.search(prompt):
            return rule.steps
    script = script_of(prompt)
    if script is not None:
        return script
    return (Say(next(iter(prompt.strip().splitlines()), "")),)


def turns(steps: tuple[Step, ...]) -> tuple[Turn, ...]:
    """The steps cut into answers: each ends with a run of consecutive tools, or with the script.

    An answer that calls tools has to end there, for only the next request brings their results.
    """
    found: list[Turn] = []
    begin = 0
    for end, step in enumerate(steps, start=1):
        following = steps[end] if end < len(steps) else None
        if following is None or (isinstance(step, Tool) and not isinstance(following, Tool)):
            found.append(steps[begin:end])
            begin = end
    return tuple(found)


def _rule(where: str, raw: object) -> Rule:
    if not isinstance(raw, dict) or set(raw) != {"match", "steps"}:
        raise ScriptError(f'{where} is not {{"match": REGEX, "steps": [...]}}')
    match = raw["match"]
    if not isinstance(match, str):
        raise ScriptError(f"{where}: match is {kind_of(match)}, not a regular expression")
    try:
        return Rule(re.compile(match), parse_steps(raw["steps"]))
    except re.error as error:
        raise ScriptError(f"{where}: match is no regular expression: {error}") from error
    except ScriptError as error:
        raise ScriptError(f"{where}: {error}") from error
