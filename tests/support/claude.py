"""The real Claude Code in an instance of a test's own, answered by the scripted model.

CCPAR_CLAUDE_COMMAND names the program where `claude` is not on PATH. Nothing of the user's
configuration or account is used.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.demo.model import ScriptedModel
from tests.support.instance import Instance, running_instance

KEY = "sk-ant-a-key-of-no-account-0123456789"


def claude_command() -> str:
    """The program's path; without it the test is skipped here and fails in CI."""
    found = shutil.which(os.environ.get("CCPAR_CLAUDE_COMMAND") or "claude")
    if found is None:
        missing = "Claude Code is neither on PATH nor named by CCPAR_CLAUDE_COMMAND"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def prepare(home: Path, *trusted: Path) -> None:
    """A configuration whose first-run questions are answered, in `home`/claude."""
    place = home / "claude"
    place.mkdir(mode=0o700, exist_ok=True)
    config = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
        "projects": {str(folder): {"hasTrustDialogAccepted": True} for folder in trusted},
    }
    (place / ".claude.json").write_text(json.dumps(config), encoding="utf-8")


class ClaudeBench:
    """An instance whose agent is Claude Code, and the model that it talks to."""

    def __init__(self, instance: Instance, model: ScriptedModel) -> None:
        self.instance = instance
        self.model = model

    def prompts(self) -> list[str]:
        """The user's texts of every conversation that the model was sent, as they arrived."""
        return [text for messages in self.conversations() for text in _user_texts(messages)]

    def conversations(self) -> list[list[dict[str, Any]]]:
        """The messages of every request for an answer."""
        return [
            json.loads(seen.body)["messages"]
            for seen in list(self.model.requests)
            if seen.method == "POST" and b'"messages"' in seen.body
        ]

    def requests(self) -> int:
        """How many answers were asked for."""
        return len(self.conversations())


def script(*steps: object, text: str = "Do it.") -> str:
    """A prompt that makes the model play these steps."""
    return f"{text}\nscript: {json.dumps(steps)}"


def bash(command: str, **more: object) -> dict[str, object]:
    """A step that calls the Bash tool."""
    return {"tool": "Bash", "input": {"command": command, "description": "a step", **more}}


def red_or_blue() -> dict[str, object]:
    """A step that asks the person which of two it shall be."""
    question = {
        "question": "Which one?",
        "header": "Pick",
        "multiSelect": False,
        "options": [
            {"label": "Red", "description": "the red one"},
            {"label": "Blue", "description": "the blue one"},
        ],
    }
    return {"tool": "AskUserQuestion", "input": {"questions": [question]}}


def _user_texts(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message["content"]
        if message["role"] == "user":
            if isinstance(content, str):
                yield content
            else:
                yield from (part["text"] for part in content if part.get("type") == "text")


@contextmanager
def running_bench(*, trust: bool = True, **variables: str) -> Iterator[ClaudeBench]:
    """Model, instance and configuration, for the length of the block."""
    command = claude_command()
    with ScriptedModel() as model:
        given = {
            "ANTHROPIC_BASE_URL": model.url,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "CCPAR_CLAUDE_COMMAND": command,
            **variables,
        }
        with running_instance(**given) as instance:
            prepare(instance.home, *([instance.project] if trust else []))
            yield ClaudeBench(instance, model)
