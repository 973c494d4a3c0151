"""The scenes of Claude Code that are recorded: what is asked, what is pressed, when to look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.data.claude.account import KEY, TRUSTING, UNKNOWN_KEY, oauth

Step = Mapping[str, object]


@dataclass(frozen=True)
class Scene:
    """One thing to see.

    `steps` are what the model plays for the prompt (None: no prompt). `keys` are pressed one after
    the other, each once the text beside it is on the screen. The scene is recorded once `hook` has
    fired and `text` is on the screen; `settled`: once the screen has not changed for a while.
    """

    name: str
    steps: tuple[Step, ...] | None = None
    keys: tuple[tuple[str, str], ...] = ()
    hook: str | None = None
    text: str = ""
    options: tuple[str, ...] = ()
    account: Mapping[str, object] | None = field(default_factory=lambda: TRUSTING)
    environment: Mapping[str, str] = field(default_factory=lambda: {"ANTHROPIC_API_KEY": KEY})
    changes: bool = False
    """It never stands still (a spinner turns)."""
    dialog: bool = False
    """Only its screen is kept, among the dialogs."""

    @property
    def prompt(self) -> str | None:
        """What is given on standard input."""
        if self.steps is None:
            return None
        return f"Look at the parser\nscript: {json.dumps(self.steps)}"


def say(text: str) -> Step:
    return {"say": text}


def tool(name: str, **given: object) -> Step:
    return {"tool": name, "input": given}


def bash(command: str) -> Step:
    return tool("Bash", command=command, description="do it")


_QUESTION = {
    "question": "Which database shall it be?",
    "header": "DB",
    "multiSelect": False,
    "options": [
        {"label": "SQLite", "description": "one file"},
        {"label": "Postgres", "description": "one server"},
    ],
}
_DECOY = """I saw these words on another screen:
────────────────────────────────────────
 Do you trust the files in this folder?
 ❯ 1. Yes, I trust this folder
   2. No, exit
 Enter to confirm · Esc to cancel
────────────────────────────────────────
Please run /login. Select login method: Press Enter to continue. esc to interrupt
What do you want to do? Stop and wait for limit to reset. Do you want to proceed?"""
_LONG = "\n".join(f"touch line-{number}" for number in range(60))
_REFUSED = {
    "status": 429,
    "headers": {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": "1900000000",
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
    },
}
_FINAL = {"x-should-retry": "false"}

SCENES = (
    Scene("start", hook="SessionStart", text="❯"),
    Scene("idle", (say("All is well."),), hook="Stop", text="All is well"),
    Scene("draft", (say("ok"),), (("● ok", "my own words"),), hook="Stop", text="my own words"),
    Scene(
        "draft-lines",
        (say("ok"),),
        (("● ok", "first line \\"), ("first line", "Enter"), ("first line", "second line")),
        hook="Stop",
        text="second line",
    ),
    Scene("slash", (say("ok"),), (("● ok", "/mod"),), hook="Stop", text="/model"),
    Scene(
        "shell",
        (say("ok"),),
        (
            ("● ok", "!"),
            ("● ok", "ls"),
        ),
        hook="Stop",
        text="ls",
    ),
    Scene("decoy", (say(_DECOY),), hook="Stop", text="proceed?"),
    Scene("working", ({"pause": 60},), hook="UserPromptSubmit", text="…", changes=True),
    Scene(
        "working-tool",
        (bash("sleep 60"),),
        hook="PreToolUse",
        text="sleep 60",
        options=("--allowedTools=Bash",),
        changes=True,
    ),
    Scene(
        "working-draft",
        ({"pause": 60},),
        (("…", "wait a moment"),),
        hook="UserPromptSubmit",
        text="wait a moment",
        changes=True,
    ),
    Scene(
        "suggestion",
        ({"pause": 60},),
        (("…", "and then this"), ("and then this", "Enter")),
        hook="UserPromptSubmit",
        text="Press up to edit",
        changes=True,
    ),
    Scene("permission-bash", (bash("touch a"),), hook="PermissionRequest", text="1. Yes"),
    Scene("permission-long", (bash(_LONG),), hook="PermissionRequest", text="Esc to cancel"),
    Scene(
        "permission-write",
        (tool("Write", file_path="hello.txt", content="hello\nworld\n"),),
        hook="PermissionRequest",
        text="1. Yes",
    ),
    Scene(
        "permission-fetch",
        (tool("WebFetch", url="http://127.0.0.1:1/", prompt="read"),),
        hook="PermissionRequest",
        text="1. Yes",
    ),
    Scene(
        "permission-subagent",
        (
            tool(
                "Agent",
                description="look",
                prompt=f"Do\nscript: {json.dumps([bash('touch in-sub'), say('sub')])}",
                subagent_type="general-purpose",
            ),
            say("done"),
        ),
        hook="PermissionRequest",
        text="1. Yes",
    ),
    Scene(
        "subagent",
        (
            tool(
                "Agent",
                description="look",
                prompt=f"Do\nscript: {json.dumps([bash('echo in-sub'), say('sub')])}",
                subagent_type="general-purpose",
            ),
            say("done by two"),
        ),
        hook="Stop",
        text="done by two",
        options=("--allowedTools=Bash",),
    ),
    Scene(
        "background",
        (
            tool("Bash", command="sleep 60", description="wait", run_in_background=True),
            say("It runs."),
        ),
        hook="Stop",
        text="It runs.",
        options=("--allowedTools=Bash",),
    ),
    Scene(
        "notified",
        (
            tool("Bash", command="sleep 1", description="wait", run_in_background=True),
            say("It runs."),
        ),
        hook="Stop",
        text="● Done.",
        options=("--allowedTools=Bash",),
    ),
    Scene(
        "failing-tool",
        (bash("echo out; echo err >&2; exit 3"), say("It failed.")),
        hook="Stop",
        text="It failed.",
        options=("--allowedTools=Bash",),
    ),
    Scene(
        "question",
        (tool("AskUserQuestion", questions=[_QUESTION]),),
        hook="PermissionRequest",
        text="Postgres",
    ),
    Scene(
        "plan",
        (tool("ExitPlanMode", plan="# Plan\n1. Read the parser.\n2. Mend it.\n"),),
        hook="PermissionRequest",
        text="1. Yes",
        options=("--permission-mode=plan",),
    ),
    Scene(
        "refused",
        (bash("touch a"), say("never")),
        (("1. Yes", "Escape"),),
        hook="PermissionRequest",
        text="Interrupted",
    ),
    Scene(
        "interrupted",
        (bash("sleep 60"), say("never")),
        (("sleep 60", "Escape"),),
        hook="PreToolUse",
        text="Interrupted",
        options=("--allowedTools=Bash",),
    ),
    Scene(
        "error",
        ({"error": {"status": 403, "message": "not for you"}},),
        hook="StopFailure",
        text="not for you",
    ),
    Scene(
        "login-expired",
        ({"error": {"status": 401, "message": "bad key", "headers": _FINAL}},),
        hook="StopFailure",
        text="/login",
    ),
    Scene(
        "retrying",
        ({"error": {"status": 500, "message": "down"}},),
        hook="UserPromptSubmit",
        text="etrying",
        changes=True,
    ),
    Scene(
        "limit",
        ({"error": _REFUSED},),
        hook="StopFailure",
        text="Stop and wait",
        environment=oauth(),
    ),
    Scene("trust", text="Enter to confirm", account={**TRUSTING, "projects": {}}),
    Scene(
        "bypass",
        text="Enter to confirm",
        options=("--permission-mode=bypassPermissions",),
        environment={"ANTHROPIC_API_KEY": KEY, "IS_SANDBOX": "1"},
    ),
    Scene("key", text="Enter to confirm", account=UNKNOWN_KEY),
    Scene("first-run", text="", account=None),
    Scene("login", text="", environment={}),
)
