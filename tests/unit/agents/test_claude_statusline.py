"""A user's own status line command is found where Claude Code would find it."""

import json
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_statusline import users_command


def write(path: Path, command: object, kind: str = "command") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"statusLine": {"type": kind, "command": command}}))


def test_the_nearest_settings_win(home: Path) -> None:
    project, environment = home / "p", {"HOME": str(home)}
    assert users_command(environment, project) is None
    write(home / ".claude" / "settings.json", "user")
    assert users_command(environment, project) == "user"
    write(project / ".claude" / "settings.json", "project")
    assert users_command(environment, project) == "project"
    write(project / ".claude" / "settings.local.json", "local")
    assert users_command(environment, project) == "local"


def test_the_configuration_may_lie_elsewhere(home: Path) -> None:
    write(home / "else" / "settings.json", "mine")
    write(home / ".claude" / "settings.json", "not this")
    environment = {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / "else")}
    assert users_command(environment, home / "p") == "mine"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"statusLine": 3}', "\xff", '{"statusLine": {}}'])
def test_settings_that_say_nothing_are_passed_over(home: Path, text: str) -> None:
    path = home / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    assert users_command({"HOME": str(home)}, home / "p") is None
    assert users_command({}, home / "p") is None


def test_a_status_line_of_another_kind_is_none(home: Path) -> None:
    write(home / ".claude" / "settings.json", 3)
    assert users_command({"HOME": str(home)}, home) is None
    write(home / ".claude" / "settings.json", "x", kind="static")
    assert users_command({"HOME": str(home)}, home) is None
