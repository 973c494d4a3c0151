"""Reads a dialog of Claude Code (2.1.197) off its screen, or says that it is not sure. Pure."""

from __future__ import annotations

from ccpar_hybrid.agents import claude_screen
from ccpar_hybrid.agents.prompt import Prompt, PromptKind

_KINDS = {
    "trust this folder": PromptKind.TRUST,
    "API key approval": PromptKind.API_KEY,
    "bypass permissions mode": PromptKind.BYPASS,
    claude_screen.USAGE_LIMIT: PromptKind.LIMIT,
    "login": PromptKind.LOGIN,
    "plan": PromptKind.PLAN,
    "question": PromptKind.QUESTION,
    "press Enter": PromptKind.PRESS_ENTER,
}


def read_prompt(screen: str) -> Prompt | None:
    """What the visible screen, with its colours as escape sequences, asks; None: nothing."""
    waiting = claude_screen.read_screen(screen).waiting
    return None if waiting is None else Prompt(_KINDS.get(waiting, PromptKind.UNKNOWN))
