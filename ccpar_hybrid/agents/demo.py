"""The agent `demo`: a stand-in with the same face, for trying things without any account."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from ccpar_hybrid.agents.base import LaunchContext
from ccpar_hybrid.agents.claude import ClaudeAgent


class DemoAgent(ClaudeAgent):
    """Everything is as with Claude Code, but the program is ours and plays a script."""

    start_memory_mib = 32

    def missing(self, environment: Mapping[str, str]) -> str | None:
        """It ships with the package."""
        return None

    def command(self, environment: Mapping[str, str]) -> tuple[str, ...]:
        """This Python, isolated from the directory it works in."""
        return (sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent")

    # What follows imports the stand-in only where it is used: every `add` knows this class.

    def _home(self, environment: Mapping[str, str]) -> Path:
        from ccpar_hybrid.demo.agent_option import demo_home

        return demo_home(environment)

    def _environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """A folder's trust is not asked for, unless the environment says that it shall be."""
        from ccpar_hybrid.demo.agent_option import SANDBOXED

        return {SANDBOXED: "1", **environment}

    def _standard_input(self, context: LaunchContext, prompt: str) -> Path | None:
        """It is given its prompt as a person would: pasted."""
        return None
