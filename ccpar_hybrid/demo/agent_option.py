"""The agent's command line and the files it names. Standard library only."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.demo.agent_permission import Mode, split_rules
from ccpar_hybrid.demo.agent_place import make_private
from ccpar_hybrid.demo.script import Rules, load_rules


@dataclass(frozen=True, slots=True)
class Options:
    """What the agent was started with; ``home`` holds its sessions and what it trusts."""

    session_id: str | None
    resume: str | None
    settings: Mapping[str, object]
    mode: Mode
    allowed: tuple[str, ...]
    denied: tuple[str, ...]
    model: str
    rules: Rules
    added: tuple[Path, ...]
    prompt: str | None
    folder: Path
    home: Path


def read_options(argv: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Read the command line. Exits with a message for what is not accepted.

    Raises OSError, ValueError or ScriptError for a file that can't be used.
    """
    given = _parser().parse_args(argv)
    settings = _settings(given.settings)
    script = given.script or environment.get("CCPAR_DEMO_SCRIPT")
    return Options(
        session_id=given.session_id,
        resume=given.resume,
        settings=settings,
        mode=Mode.BYPASS if given.dangerously_skip_permissions else Mode(given.permission_mode),
        allowed=(*_rules(given.allowed), *_permissions(settings, "allow")),
        denied=(*_rules(given.denied), *_permissions(settings, "deny")),
        model=given.model,
        rules=load_rules(Path(script)) if script else (),
        added=tuple(Path(each) for each in given.add_dir),
        prompt=given.prompt,
        folder=Path.cwd(),
        home=demo_home(environment),
    )


def demo_home(environment: Mapping[str, str]) -> Path:
    """Where the agent keeps its sessions: never the real program's own ``~/.claude``."""
    for name in ("CLAUDE_CONFIG_DIR", "CCPAR_DEMO_HOME"):
        if value := environment.get(name):
            return Path(value).absolute()
    state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "ccpar-hybrid" / "demo"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ccpar_hybrid.demo.agent",
        description="A stand-in for Claude Code's terminal program: it plays scripts.",
    )
    parser.add_argument("prompt", nargs="?", help="the first prompt")
    parser.add_argument("--session-id", metavar="UUID", help="the new session's id")
    parser.add_argument("--resume", metavar="UUID", help="go on with a session")
    parser.add_argument("--settings", metavar="FILE_OR_JSON", help="hooks, permissions, statusLine")
    parser.add_argument("--permission-mode", choices=list(Mode), default=Mode.DEFAULT)
    parser.add_argument("--dangerously-skip-permissions", action="store_true")
    parser.add_argument(
        "--allowedTools", "--allowed-tools", dest="allowed", action="append", default=[]
    )
    parser.add_argument(
        "--disallowedTools", "--disallowed-tools", dest="denied", action="append", default=[]
    )
    parser.add_argument("--model", default="scripted")
    parser.add_argument("--script", metavar="FILE", help="rules: which prompt plays which steps")
    parser.add_argument("--add-dir", action="append", default=[], metavar="DIR")
    return parser


def _settings(given: str | None) -> Mapping[str, object]:
    if given is None:
        return {}
    text = given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8")
    settings = json.loads(text)
    if not isinstance(settings, dict):
        raise ValueError("--settings holds no JSON object")
    return settings


def _rules(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(rule for each in given for rule in split_rules(each))


def _permissions(settings: Mapping[str, object], name: str) -> tuple[str, ...]:
    permissions = settings.get("permissions")
    rules = permissions.get(name) if isinstance(permissions, Mapping) else None
    return tuple(map(str, rules)) if isinstance(rules, list) else ()


SANDBOXED = "CLAUDE_CODE_SANDBOXED"
"""Set to 1 it says that no folder's trust needs to be asked for."""


class Trust:
    """The folders that a person trusts, in ``<home>/.claude.json`` as the real one keeps them.

    As seen at 2.1.197, a folder's trust holds for what lies below it and for its git worktrees.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / ".claude.json"

    def holds_for(self, folder: Path) -> bool:
        """Whether the folder, or one above it, was trusted."""
        projects = self._read().get("projects")
        if not isinstance(projects, dict):
            return False
        main = _main_repository(folder)
        places = [folder, *folder.parents, *([main, *main.parents] if main else [])]
        return any(_is_trusted(projects.get(str(each))) for each in places)

    def accept(self, folder: Path) -> None:
        """Keep that a person trusts the folder; other keys of the file stay."""
        config = self._read()
        projects = config.get("projects")
        known = projects if isinstance(projects, dict) else {}
        entry = known.get(str(folder))
        entry = {**(entry if isinstance(entry, dict) else {}), "hasTrustDialogAccepted": True}
        config["projects"] = {**known, str(folder): entry}
        make_private(self._path.parent)
        part = self._path.with_name(f".claude.json.{os.getpid()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(config, file, indent=2)
        part.replace(self._path)

    def _read(self) -> dict[str, object]:
        try:
            config = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return config if isinstance(config, dict) else {}


def _main_repository(folder: Path) -> Path | None:
    """The main repository if the folder is in a git worktree of another one."""
    for each in (folder, *folder.parents):
        if (each / ".git").is_file():
            text = (each / ".git").read_text(errors="replace").removeprefix("gitdir:").strip()
            main, found, _ = text.partition("/.git/worktrees/")
            return Path(main) if found else None
    return None


def _is_trusted(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("hasTrustDialogAccepted") is True
