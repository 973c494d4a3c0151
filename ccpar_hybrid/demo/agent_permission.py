"""Which tool calls need a person's leave. Standard library only.

Much plainer than the real program's rules, and never laxer for what is not understood.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

Input = Mapping[str, object]


class Mode(StrEnum):
    """``--permission-mode``."""

    DEFAULT = "default"
    ACCEPT_EDITS = "acceptEdits"
    PLAN = "plan"
    BYPASS = "bypassPermissions"
    DONT_ASK = "dontAsk"


class Ruling(StrEnum):
    """What the rules say of one call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


CYCLE = (Mode.DEFAULT, Mode.ACCEPT_EDITS, Mode.PLAN)
EDITING = frozenset({"Write", "Edit", "MultiEdit", "NotebookEdit"})
ASKING = frozenset({"Bash", "WebFetch", "WebSearch", "ExitPlanMode", "AskUserQuestion", "Skill"})
_READING = frozenset(
    {"ls", "cat", "echo", "pwd", "head", "tail", "wc", "grep", "cut", "true", "false", "sleep"}
    | {"which", "test", "whoami", "uname", "stat", "seq", "printf", "cd", "basename", "dirname"}
)
_GIT_READING = frozenset({"status", "log", "diff", "show", "rev-parse", "ls-files", "blame"})
_CHANGING = frozenset({"touch", "mkdir", "rm", "rmdir", "cp", "mv", "sed", "ln", "tee"})
_RULE = re.compile(r"([A-Za-z_][\w-]*|\*)(?:\((.*)\))?", re.DOTALL)


def split_rules(text: str) -> tuple[str, ...]:
    """The rules of ``--allowedTools``: separated by commas or blanks outside of brackets."""
    return tuple(each.strip() for each in re.findall(r"[^\s,(]+(?:\([^)]*\))?", text))


def is_plain(command: str) -> bool:
    """Whether the command has nothing that makes another command or writes a file unseen."""
    return not re.search(r"[`\n]|\$\(|<<|<\(|>\(|\$\{", command)


def parts(command: str) -> list[str]:
    """The simple commands of a plain one."""
    return [each.strip() for each in re.split(r"&&|\|\||[;|&]", command) if each.strip()]


def touches_folder(command: str) -> bool:
    """Whether the command is plain and changes files by the common programs for that."""
    return is_plain(command) and any(_word(each) in _CHANGING for each in parts(command))


def command_pattern(command: str) -> str:
    """What "don't ask again" would allow: the first part that needs leave, less its arguments."""
    asking = [each for each in parts(command) if not _is_reading(each)] or [command]
    words = asking[0].split()
    known = len(words) > 1 and not words[1].startswith("-") and words[1].isalpha()
    return f"{' '.join(words[:2])} *" if known and len(words) > 2 else asking[0]


def host_of(url: str) -> str:
    """The host that a plain URL names; ``?`` for any other. (urllib costs each agent memory.)"""
    found = re.match(r"https?://([A-Za-z0-9.-]+)(?=[:/?#]|$)", url)
    return found[1].lower() if found else "?"


def _word(part: str) -> str:
    return part.split(None, 1)[0] if part.split() else ""


def _is_reading(part: str) -> bool:
    if re.search(r"[<>]", part.replace("2>&1", "").replace("2>/dev/null", "")):
        return False
    words = part.split()
    if words[:1] == ["git"]:
        return len(words) > 1 and words[1] in _GIT_READING
    return _word(part) in _READING


class Policy:
    """The mode and the rules of a session; a person's "don't ask again" adds to them."""

    def __init__(self, mode: Mode, allowed: Iterable[str] = (), denied: Iterable[str] = ()) -> None:
        self.mode = mode
        self._allowed, self._denied = list(allowed), list(denied)

    def cycle(self) -> None:
        """Go to the next mode, as shift+tab does."""
        at = CYCLE.index(self.mode) + 1 if self.mode in CYCLE else 0
        self.mode = CYCLE[at % len(CYCLE)]

    def ruling(self, name: str, given: Input) -> Ruling:
        """Whether this call is allowed, has to be asked for, or is denied."""
        if any(_covers(rule, name, given) for rule in self._denied):
            return Ruling.DENY
        if name in ("AskUserQuestion", "ExitPlanMode"):
            return Ruling.DENY if self.mode is Mode.DONT_ASK else Ruling.ASK
        if self._is_allowed(name, given):
            return Ruling.ALLOW
        return Ruling.DENY if self.mode is Mode.DONT_ASK else Ruling.ASK

    def _is_allowed(self, name: str, given: Input) -> bool:
        if self.mode is Mode.BYPASS or any(_covers(rule, name, given) for rule in self._allowed):
            return True
        if name == "Bash":
            return self._is_allowed_command(str(given.get("command", "")))
        if name in EDITING:
            return self.mode is Mode.ACCEPT_EDITS
        return name not in ASKING and not name.startswith("mcp__")

    def _is_allowed_command(self, command: str) -> bool:
        if not is_plain(command):
            return False
        return all(self._is_allowed_part(part) for part in parts(command))

    def _is_allowed_part(self, part: str) -> bool:
        if _is_reading(part):
            return True
        if self.mode is Mode.ACCEPT_EDITS and _word(part) in _CHANGING:
            return True
        return any(_covers(rule, "Bash", {"command": part}) for rule in self._allowed)

    def suggestions(self, name: str, given: Input) -> list[dict[str, object]]:
        """What ``remember`` would change, as the PermissionRequest hook is told it."""
        command = str(given.get("command", ""))
        if name in EDITING or (name == "Bash" and touches_folder(command)):
            return [{"type": "setMode", "mode": "acceptEdits", "destination": "session"}]
        rule = {"toolName": name} | (
            {"ruleContent": content} if (content := _content(name, given)) else {}
        )
        return [
            {
                "type": "addRules",
                "rules": [rule],
                "behavior": "allow",
                "destination": "localSettings",
            }
        ]

    def remember(self, name: str, given: Input) -> None:
        """Don't ask again for calls like this one."""
        if name in EDITING or (name == "Bash" and touches_folder(str(given.get("command", "")))):
            self.mode = Mode.ACCEPT_EDITS
        else:
            content = _content(name, given)
            self._allowed.append(f"{name}({content})" if content else name)


def _content(name: str, given: Input) -> str:
    if name == "Bash":
        return command_pattern(str(given.get("command", "")))
    if name == "WebFetch":
        return f"domain:{host_of(str(given.get('url', '')))}"
    return ""


def _covers(rule: str, name: str, given: Input) -> bool:
    parsed = _RULE.fullmatch(rule.strip())
    if parsed is None or not (
        parsed[1] in (name, "*") or (parsed[1] == "Edit" and name in EDITING)
    ):
        return False
    if parsed[2] is None or parsed[2] == "*":
        return True
    if name == "Bash":
        return _covers_command(parsed[2], str(given.get("command", "")).strip())
    if parsed[2].startswith("domain:"):
        return host_of(str(given.get("url", ""))) == parsed[2].removeprefix("domain:")
    return fnmatch.fnmatchcase(str(given.get("file_path", "")), parsed[2])


def _covers_command(pattern: str, command: str) -> bool:
    if command == pattern:
        return True
    prefix = pattern.removesuffix(":*").removesuffix(" *")
    if prefix == pattern or not is_plain(command) or len(parts(command)) != 1:
        return False
    return command == prefix or command.startswith(f"{prefix} ")
