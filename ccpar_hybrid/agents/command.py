"""The agent `command`: the prompt is a shell command."""

from __future__ import annotations

from collections.abc import Mapping
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
from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.core.account import AccountId
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.system.files import write_private


class CommandAgent:
    """Runs the prompt by `sh`, from a private file: nothing of it is in an argv.

    Context files are named in the file that CCPAR_CONTEXT names, one a line.
    """

    name = "command"
    interactive = False
    start_memory_mib = 16

    def missing(self, environment: Mapping[str, str]) -> str | None:
        """`sh` is everywhere."""
        return None

    def account(self, environment: Mapping[str, str]) -> AccountId | None:
        """What a command uses is its own affair."""
        return None

    def launch(self, context: LaunchContext) -> Launch:
        """Write the script and the list of context files, and say how to run them."""
        script = context.scratch / "command.sh"
        write_private(script, context.spec.prompt + "\n", durable=False)
        environment = dict(context.environment)
        if context.spec.context:
            files = context.scratch / "context"
            write_private(
                files, "".join(f"{path}\n" for path in context.spec.context), durable=False
            )
            environment["CCPAR_CONTEXT"] = str(files)
        return Launch(("/bin/sh", str(script)), environment, Terminal.RELAYED)

    def observe(self, event: Mapping[str, object]) -> Observation | None:
        """It has no hooks."""
        return None

    def asked(self, event: Mapping[str, object]) -> ToolCall | None:
        """It asks nobody."""
        return None

    def carried_out(self, event: Mapping[str, object]) -> ToolCall | None:
        """It tells of none."""
        return None

    def leave(self, decision: Decision, message: str) -> str:
        """It hears no answer."""
        return ""

    def is_same_prompt(self, taken: str, given: str) -> bool:
        """It takes none."""
        return False

    def read_screen(self, screen: str) -> Screen:
        """Its screen is its own affair."""
        return Screen()

    def read_prompt(self, screen: str, columns: int) -> Prompt | None:
        """It asks nobody."""
        return None

    def agrees(self, prompt: Prompt, call: ToolCall) -> bool | None:
        """There is none to compare."""
        return None

    def transcript(self, path: Path) -> Transcript | None:
        """Its output is all there is."""
        return None
