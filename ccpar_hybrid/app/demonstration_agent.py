"""The demo's agent: the real Claude Code with a scripted model, or the stand-in."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccpar_hybrid.app.demonstration_home import DemoHome
from ccpar_hybrid.core.errors import CcparError, MissingPart
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.process import run

CLAUDE, STAND_IN = "claude", "demo"
INSTALL_HINT = "`demo --real` installs it, and so does ./install.sh --claude"
_VERSION_S = 30.0
_MODEL_START_S = 20.0
_LOOK_S = 0.02


@dataclass(frozen=True)
class Cast:
    """Who plays: the agent's name, words and a hint about it, its part of the environment."""

    agent: str
    words: str
    hint: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def is_there(command: str, search: str) -> bool:
    """Whether the configured command's program is on this PATH."""
    words = shlex.split(command)
    return bool(words) and shutil.which(words[0], path=search) is not None


def choose(
    wanted: str | None, command: str, home: DemoHome, environment: Mapping[str, str], script: Path
) -> Cast:
    """Start what the agent needs and say who plays.

    `wanted` None: Claude Code if it runs in a home of its own, else the stand-in. Raises
    MissingPart where Claude Code is wanted and does not.
    """
    if wanted == STAND_IN:
        return _stand_in("the stand-in for Claude Code", "", script)
    if not is_there(command, environment["PATH"]):
        trouble = f"Claude Code ({command}) is not installed"
    else:
        try:
            return _claude(command, home, environment, script)
        except CcparError as error:
            trouble = f"Claude Code does not run here: {error.message}"
    if wanted == CLAUDE:
        raise MissingPart(trouble, f"{INSTALL_HINT}; `demo --agent demo` takes the stand-in")
    return _stand_in(f"a stand-in, for {trouble}", INSTALL_HINT, script)


def _stand_in(words: str, hint: str, script: Path) -> Cast:
    return Cast(STAND_IN, words, hint, {"CCPAR_DEMO_SCRIPT": str(script)})


def _claude(command: str, home: DemoHome, environment: Mapping[str, str], script: Path) -> Cast:
    quiet = {
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "NO_PROXY": "127.0.0.1",
    }
    argv = (*shlex.split(command), "--version")
    said = run(argv, environment={**environment, **quiet}, timeout_s=_VERSION_S)
    version = (said.stdout.split() or ["of unknown version"])[0]
    key = f"demo-{secrets.token_hex(20)}"
    _skip_first_run(home, key)
    own = {
        **quiet,
        "ANTHROPIC_BASE_URL": _start_model(home, environment, script),
        "ANTHROPIC_API_KEY": key,
        "CCPAR_CLAUDE_COMMAND": command,
    }
    words = f"the real Claude Code {version}"
    return Cast(CLAUDE, words, "a script plays its model: no account, no network", own)


def _skip_first_run(home: DemoHome, key: str) -> None:
    """What a person has answered once and for all. Seen with Claude Code 2.1.197."""
    answered = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [key[-20:]], "rejected": []},
        "projects": {str(home.project): {"hasTrustDialogAccepted": True}},
    }
    write_private(home.claude / ".claude.json", json.dumps(answered, indent=1), durable=False)


def _start_model(home: DemoHome, environment: Mapping[str, str], script: Path) -> str:
    """Start the scripted model, which ends with the demo; returns its address."""
    port_file = home.root / "model.port"
    argv = [sys.executable, "-P", "-m", "ccpar_hybrid.demo.model"]
    argv += ["--script", str(script), "--port-file", str(port_file)]
    with (home.root / "model.log").open("wb") as log:
        model = subprocess.Popen(
            argv,
            env=dict(environment),
            cwd=home.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _MODEL_START_S
    while not port_file.exists():
        if model.poll() is not None or time.monotonic() > deadline:
            said = (home.root / "model.log").read_text(errors="replace").strip()
            raise MissingPart(f"the scripted model does not start: {said}")
        time.sleep(_LOOK_S)  # it tells nobody but this file
    return f"http://127.0.0.1:{port_file.read_text().strip()}"
