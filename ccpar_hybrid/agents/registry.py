"""The agents that there are, by the names that `--agent` takes."""

from __future__ import annotations

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.agents.claude import ClaudeAgent
from ccpar_hybrid.agents.command import CommandAgent
from ccpar_hybrid.agents.demo import DemoAgent
from ccpar_hybrid.core.settings import Settings


def all_agents(settings: Settings) -> dict[str, Agent]:
    """One of each kind, set up as the user has configured it."""
    agents: list[Agent] = [
        ClaudeAgent(settings.claude),
        CommandAgent(),
        DemoAgent(settings.claude.model_copy(update={"model": ""}), name="demo"),
    ]
    return {agent.name: agent for agent in agents}
