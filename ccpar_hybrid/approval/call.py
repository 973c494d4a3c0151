"""A tool call of an agent, and what it would do. Names and inputs are those of Claude Code 2.1.

`Trust` is no tool of it: that is how its dialog for a new folder is judged, with the `path`.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from ccpar_hybrid.approval import below
from ccpar_hybrid.approval.act import Act, Effect, Place, Spot, unclear
from ccpar_hybrid.approval.ground import Ground, is_below, is_secret_pattern
from ccpar_hybrid.approval.shell import judge
from ccpar_hybrid.approval.syntax import UNSEEN
from ccpar_hybrid.approval.tool import Tools

Input = Mapping[str, Any]
_BASH_INPUTS = frozenset(["command", "description", "timeout", "run_in_background"])


def acts(tool: str, given: Input, ground: Ground, tools: Tools) -> tuple[Act, ...]:
    """Everything that the call would do; what is not known of is unclear."""
    if tool == "Bash":
        return _bash(given, ground, tools)
    if tool.startswith("mcp__"):
        return (_server_tool(tool),)
    if handler := _TOOLS.get(tool):
        return tuple(handler(tool, given, ground))
    return (Act(Effect.UNKNOWN, tool, why="nothing is known of this tool"),)


def _bash(given: Input, ground: Ground, tools: Tools) -> tuple[Act, ...]:
    command = given.get("command")
    if not isinstance(command, str) or not command.strip():
        return (unclear("Bash", "there is no command"),)
    found = judge(command, ground, tools)
    if extra := sorted(set(given) - _BASH_INPUTS):
        return (*found, unclear(f"Bash: {extra[0]}", "nothing is known of this input"))
    return found


def _server_tool(tool: str) -> Act:
    server, _, name = tool.removeprefix("mcp__").partition("__")
    return Act(Effect.SERVER_TOOL, f"{server}: {name}", server=f"{server}__{name}")


def _paths(effect: Effect, *keys: str) -> Callable[[str, Input, Ground], list[Act]]:
    """Acts on the path that one of the keys names."""

    def found(tool: str, given: Input, ground: Ground) -> list[Act]:
        for key in keys:
            path = given.get(key)
            if isinstance(path, str) and path:
                if problem := _problem(path, effect):
                    return [unclear(f"{tool} {path}", problem)]
                spot = ground.spot(_at_home(path, ground), ground.start)
                return [Act(effect, spot.path, spot=spot)]
        return [unclear(tool, f"it names no path ({keys[0]})")]

    return found


def _at_home(path: str, ground: Ground) -> str:
    return ground.home + path[1:] if path == "~" or path.startswith("~/") else path


def _problem(path: str, effect: Effect) -> str:
    """Why a path may be read as another one."""
    if UNSEEN.search(path) or "\n" in path or "\t" in path or path != path.strip():
        return "the path holds what is not seen"
    if effect is Effect.WRITE and os.path.basename(path).startswith("-"):  # noqa: PTH119
        return "the file's name looks like an option"
    return ""


def _search(tool: str, given: Input, ground: Ground) -> list[Act]:
    """Glob and Grep: where they look, and whether they are made to find secrets."""
    place = given.get("path") or ground.start
    pattern = given.get("pattern") if tool == "Glob" else given.get("glob")
    if not isinstance(place, str) or not isinstance(pattern, str | None):
        return [unclear(tool, "its input is not plain")]
    pattern = pattern or ""
    if problem := _problem(place, Effect.READ):
        return [unclear(f"{tool} {place}", problem)]
    if ".." in pattern or pattern.startswith("~") or re.search(r"[{(|,]/", pattern):
        return [unclear(f"{tool} {pattern}", "a pattern that leads elsewhere")]
    spot = ground.spot(_at_home(place, ground), ground.start)
    found = [Act(Effect.READ, spot.path, spot=spot)]
    if tool == "Glob" and not pattern.startswith("/"):
        spots = ground.spots(pattern, spot.path)
        found += [Act(Effect.READ, each.path, spot=_unread(each)) for each in spots]
    if pattern.startswith("/"):
        fixed = os.path.dirname(re.split(r"[*?\[{]", pattern)[0])  # noqa: PTH120
        found.append(Act(Effect.READ, pattern, spot=ground.spot(fixed or "/", "/")))
    if tool == "Grep" and pattern and is_secret_pattern(pattern):
        found.append(Act(Effect.READ, pattern, spot=Spot(pattern, frozenset({Place.SECRET}))))
    if tool == "Grep" and given.get("output_mode") == "content" and not _is_narrow(given):
        secret = below.secret(ground, spot.path, hidden=True)
        if secret is None:
            found.append(unclear(tool, "it searches too many files to look at each"))
        elif secret:
            found.append(unclear(tool, f"it would print what {secret} holds, a secret"))
    return found


def _unread(spot: Spot) -> Spot:
    """Only its name is told."""
    return Spot(spot.path, spot.places - {Place.SECRET})


def _is_narrow(given: Input) -> bool:
    """Whether only files of some names are searched, none of them such as secrets have."""
    pattern = re.sub(r"\{[^}]*\}", "*", str(given.get("glob") or ""))
    is_plain = any(letter.isalnum() for letter in pattern) and not pattern.startswith("!")
    return bool(given.get("type")) or (is_plain and not is_secret_pattern(pattern))


def _fetch(tool: str, given: Input, ground: Ground) -> list[Act]:
    url = given.get("url")
    try:
        parts = urllib.parse.urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return [unclear(f"{tool} {url}", "the address is not plain")]
    if parts.username or parts.password or re.search(r"[\s\\]|#.*@", str(url)):
        return [unclear(f"{tool} {url}", "the address is not plain")]
    return [Act(Effect.FETCH, str(url), host=parts.hostname)]


def _trust(tool: str, given: Input, ground: Ground) -> list[Act]:
    """Of the task's own directory alone, and not where all that a person has would be trusted."""
    path = given.get("path")
    if not isinstance(path, str) or not path or set(given) != {"path"}:
        return [unclear(tool, "it names no folder")]
    if problem := _problem(path, Effect.READ):
        return [unclear(f"{tool} {path}", problem)]
    spot = ground.spot(path, ground.directory)
    if spot.path != os.path.realpath(ground.directory) or not path.startswith("/"):
        return [unclear(f"{tool} {path}", "it is not the task's directory")]
    if is_below(os.path.realpath(ground.home), spot.path):
        return [unclear(f"{tool} {path}", "the home directory is not trusted by a rule")]
    return [Act(Effect.TRUST, spot.path, spot=spot)]


def _plain(effect: Effect) -> Callable[[str, Input, Ground], list[Act]]:
    return lambda tool, given, ground: [Act(effect, tool)]


_TOOLS: dict[str, Callable[[str, Input, Ground], list[Act]]] = {
    "Read": _paths(Effect.READ, "file_path"),
    "NotebookRead": _paths(Effect.READ, "notebook_path"),
    "LS": _paths(Effect.READ, "path"),
    "Edit": _paths(Effect.WRITE, "file_path"),
    "MultiEdit": _paths(Effect.WRITE, "file_path"),
    "Write": _paths(Effect.WRITE, "file_path"),
    "NotebookEdit": _paths(Effect.WRITE, "notebook_path"),
    "Glob": _search,
    "Grep": _search,
    "WebFetch": _fetch,
    "WebSearch": _plain(Effect.SEARCH),
    "Task": _plain(Effect.DELEGATE),
    "Agent": _plain(Effect.DELEGATE),
    "TodoWrite": _plain(Effect.NOTE),
    "TaskCreate": _plain(Effect.NOTE),
    "TaskUpdate": _plain(Effect.NOTE),
    "TaskList": _plain(Effect.NOTE),
    "TaskGet": _plain(Effect.NOTE),
    "TaskOutput": _plain(Effect.NOTE),
    "BashOutput": _plain(Effect.NOTE),
    "KillShell": _plain(Effect.PROCESS),
    "TaskStop": _plain(Effect.PROCESS),
    "Trust": _trust,
    "ExitPlanMode": _plain(Effect.PERSON),
    "EnterPlanMode": _plain(Effect.PERSON),
    "AskUserQuestion": _plain(Effect.PERSON),
}
