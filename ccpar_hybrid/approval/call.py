"""A tool call of an agent, and what it would do. Names and inputs are those of Claude Code 2.1."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from ccpar_hybrid.approval.act import Act, Effect, Place, Spot, unclear
from ccpar_hybrid.approval.ground import Ground, is_secret_pattern
from ccpar_hybrid.approval.shell import judge
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
            if isinstance(path, str) and path and not re.search("[\x00-\x1f]", path):
                home = ground.home + path[1:] if path.startswith("~/") else path
                spot = ground.spot(home, ground.start)
                return [Act(effect, spot.path, spot=spot)]
        return [unclear(tool, f"it names no path ({keys[0]})")]

    return found


def _search(tool: str, given: Input, ground: Ground) -> list[Act]:
    """Glob and Grep: where they look, and whether they are made to find secrets."""
    place = given.get("path") or ground.start
    pattern = given.get("pattern") if tool == "Glob" else given.get("glob")
    if not isinstance(place, str) or not isinstance(pattern, str | None):
        return [unclear(tool, "its input is not plain")]
    pattern = pattern or ""
    if ".." in pattern.split("/") or pattern.startswith("~"):
        return [unclear(f"{tool} {pattern}", "a pattern that leads upward")]
    spot = ground.spot(place, ground.start)
    found = [Act(Effect.READ, spot.path, spot=spot)]
    if pattern.startswith("/"):
        fixed = os.path.dirname(re.split(r"[*?\[{]", pattern)[0])  # noqa: PTH120
        found.append(Act(Effect.READ, pattern, spot=ground.spot(fixed or "/", "/")))
    if tool == "Grep" and pattern and is_secret_pattern(pattern):
        found.append(Act(Effect.READ, pattern, spot=Spot(pattern, frozenset({Place.SECRET}))))
    return found


def _fetch(tool: str, given: Input, ground: Ground) -> list[Act]:
    url = given.get("url")
    parts = urllib.parse.urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return [unclear(f"{tool} {url}", "the address is not plain")]
    if parts.username or parts.password or re.search(r"[\s\\]", str(url)):
        return [unclear(f"{tool} {url}", "the address is not plain")]
    return [Act(Effect.FETCH, str(url), host=parts.hostname)]


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
    "ExitPlanMode": _plain(Effect.PERSON),
    "EnterPlanMode": _plain(Effect.PERSON),
    "AskUserQuestion": _plain(Effect.PERSON),
}
