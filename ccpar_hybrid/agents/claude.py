"""The agent `claude`: the interactive Claude Code, as it is for a person, with hooks of ours.

Read from Claude Code 2.1.197.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.agents.base import (
    Launch,
    LaunchContext,
    Observation,
    Screen,
    Terminal,
    ToolCall,
    Transcript,
)
from ccpar_hybrid.agents.claude_hook import (
    EVENTS,
    PERMISSION,
    asked,
    carried_out,
    leave,
    observe,
)
from ccpar_hybrid.agents.claude_prompt import full_prompt, pasteable, same_prompt, submittable
from ccpar_hybrid.agents.claude_statusline import users_command
from ccpar_hybrid.agents.claude_transcript import ClaudeTranscript, has_transcript
from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.core.account import AccountId
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.settings import ClaudeSettings
from ccpar_hybrid.system.files import write_private

HOOK_TIMEOUT_S = 15
PERMISSION_TIMEOUT_S = 7 * 24 * 3600
"""A hook that asks leave waits for a person, if need be over a long weekend."""


class ClaudeAgent:
    """Starts the TUI with a session id of our choice; the prompt is pasted when it is ready."""

    interactive = True
    start_memory_mib = 350

    def __init__(self, settings: ClaudeSettings, name: str = "claude") -> None:
        self.name = name
        self._settings = settings

    def missing(self, environment: Mapping[str, str]) -> str | None:
        """Whether the program can be found with this PATH."""
        program = self.command(environment)[0]
        if shutil.which(program, path=environment.get("PATH")):
            return None
        return (
            f"there is no program {program!r} on PATH; install Claude Code "
            "(npm install -g @anthropic-ai/claude-code) or set claude.command"
        )

    def command(self, environment: Mapping[str, str]) -> tuple[str, ...]:
        """The program and the words that always come first."""
        return tuple(shlex.split(self._settings.command))

    def account(self, environment: Mapping[str, str]) -> AccountId | None:
        """By the token or key that the environment gives, else by the login of its home."""
        from ccpar_hybrid.agents.claude_account import account_of

        return account_of(self.name, environment, self._home(environment))

    def launch(self, context: LaunchContext) -> Launch:
        """Write the settings file with our hooks, and say how to start."""
        settings = context.scratch / "settings.json"
        write_private(settings, json.dumps(self._hooks(context), indent=1), durable=False)
        home = self._home(context.environment)
        resume = context.resume and has_transcript(home, context.session_id)
        session = "--resume" if resume else "--session-id"
        argv = (
            *self.command(context.environment),
            session,
            context.session_id,
            "--settings",
            str(settings),
            *self._options(context),
        )
        prompt = full_prompt(
            context.spec, opening=context.opening if resume or not context.resume else ""
        )
        return Launch(
            argv,
            self._environment(context.environment),
            Terminal.FOREGROUND,
            prompt=pasteable(prompt),
            stdin=self._standard_input(context, prompt),
        )

    def _home(self, environment: Mapping[str, str]) -> Path:
        """Where it keeps its sessions."""
        default = Path(environment.get("HOME") or "/nonexistent", ".claude")
        return Path(environment.get("CLAUDE_CONFIG_DIR") or default)

    def _environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        return environment

    def _standard_input(self, context: LaunchContext, prompt: str) -> Path | None:
        """Claude Code submits what stands on its standard input, and takes keys from the pane."""
        path = context.scratch / "prompt"
        write_private(path, submittable(prompt), durable=False)
        return path

    def _options(self, context: LaunchContext) -> list[str]:
        """Each with `=`, so that a value that begins with a dash stays a value."""
        spec = context.spec
        allowed = [*self._settings.allowed_tools, *spec.allowed_tools]
        allowed += [rule for path in spec.context if (rule := _may_read(path))]
        options: list[str] = []
        if model := spec.model or self._settings.model:
            options.append(f"--model={model}")
        if mode := spec.permission_mode or self._settings.permission_mode:
            options.append(f"--permission-mode={mode}")
        if allowed:
            options.append(f"--allowedTools={','.join(allowed)}")
        return options

    def _hooks(self, context: LaunchContext) -> dict[str, object]:
        command = shlex.join(context.hook_argv)
        hook = {"type": "command", "command": command, "timeout": HOOK_TIMEOUT_S}
        patient = {**hook, "timeout": PERMISSION_TIMEOUT_S}
        return {
            "hooks": {
                event: [{"hooks": [patient if event == PERMISSION else hook]}] for event in EVENTS
            },
            "statusLine": {
                "type": "command",
                "command": f"{command} --status-line{self._users_status_line(context)}",
            },
        }

    def _users_status_line(self, context: LaunchContext) -> str:
        """A user's own status line goes on working: our command runs it as well."""
        command = users_command(context.environment, Path(context.spec.directory))
        if command is None:
            return ""
        script = context.scratch / "statusline.sh"
        write_private(script, command + "\n", durable=False)
        return f" {shlex.quote(str(script))}"

    def observe(self, event: Mapping[str, object]) -> Observation | None:
        """What a hook's JSON says."""
        return observe(event, datetime.now(UTC))

    def asked(self, event: Mapping[str, object]) -> ToolCall | None:
        """By the PermissionRequest hook, which brings the whole tool input."""
        return asked(event)

    def carried_out(self, event: Mapping[str, object]) -> ToolCall | None:
        """By the hooks that come after a tool."""
        return carried_out(event)

    def leave(self, decision: Decision, message: str) -> str:
        """The JSON that answers the dialog."""
        return leave(decision, message)

    def is_same_prompt(self, taken: str, given: str) -> bool:
        """By what the TUI leaves of a text."""
        return same_prompt(taken, given)

    def read_screen(self, screen: str) -> Screen:
        """What the TUI shows."""
        from ccpar_hybrid.agents.claude_screen import read_screen  # 13 ms of patterns

        return read_screen(screen)

    def read_prompt(self, screen: str, columns: int) -> Prompt | None:
        """The TUI's dialogs."""
        from ccpar_hybrid.agents.claude_dialog import read_prompt

        return read_prompt(screen, columns)

    def agrees(self, prompt: Prompt, call: ToolCall) -> bool | None:
        """By all that the TUI draws of a call."""
        from ccpar_hybrid.agents.claude_agree import agrees, contradicts

        if agrees(prompt, call):
            return True
        return False if contradicts(prompt, call) else None

    def transcript(self, path: Path) -> Transcript | None:
        """The session's JSON lines."""
        return ClaudeTranscript(path)


def _may_read(path: str) -> str | None:
    """A permission rule for one file; None where its name would be read as a pattern."""
    if any(character in path for character in "*?[]{}(),!\\\n") or not path.startswith("/"):
        return None
    return f"Read(/{path})"
