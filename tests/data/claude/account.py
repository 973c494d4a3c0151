"""Accounts that do not exist, for a Claude Code that talks to the scripted model only."""

from __future__ import annotations

from collections.abc import Mapping

KEY = "sk-ant-local-0123456789abcdefghij"
PROJECT = "PROJECT"
"""Stands for the path of the project until it is known."""

UNKNOWN_KEY: Mapping[str, object] = {
    "hasCompletedOnboarding": True,
    "theme": "dark",
    "projects": {PROJECT: {"hasTrustDialogAccepted": True}},
}
TRUSTING: Mapping[str, object] = {
    **UNKNOWN_KEY,
    "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
}
"""The contents of `.claude.json` with which no dialog comes at the start."""


def oauth() -> Mapping[str, str]:
    """What makes the program think that it belongs to a subscriber."""
    return {"CLAUDE_CODE_OAUTH_TOKEN": "sk-ant-oat01-" + "a" * 80}
