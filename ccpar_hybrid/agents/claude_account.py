"""Names the account that a Claude Code (2.1.197) works with, without telling its secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ccpar_hybrid.core.account import AccountId

_CLOUDS = (
    ("CLAUDE_CODE_USE_BEDROCK", "bedrock"),
    ("CLAUDE_CODE_USE_VERTEX", "vertex"),
    ("CLAUDE_CODE_USE_FOUNDRY", "foundry"),
)
_OFF = frozenset({"", "0", "false", "no", "off"})
_APPROVED_BY_LAST = 20
_HASH_LENGTH = 8


def account_of(agent: str, environment: Mapping[str, str], home: Path) -> AccountId:
    """In the order in which the program itself looks: cloud, token, key, login of its home."""
    for variable, cloud in _CLOUDS:
        if environment.get(variable, "").strip().lower() not in _OFF:
            return AccountId(f"{agent}:{cloud}")
    place = environment.get("ANTHROPIC_BASE_URL", "")
    config = _config(environment, home)
    if token := environment.get("ANTHROPIC_AUTH_TOKEN"):
        return _named(agent, "token", place, token)
    key = environment.get("ANTHROPIC_API_KEY")
    if key and not _is_rejected(config, key):
        return _named(agent, "key", place, key)
    if token := environment.get("CLAUDE_CODE_OAUTH_TOKEN"):
        return _named(agent, "token", place, token)
    return _named(agent, "login", place, _login(config) or str(home))


def _named(agent: str, kind: str, *secrets: str) -> AccountId:
    digest = hashlib.sha256("\0".join((agent, kind, *secrets)).encode("utf-8", "surrogateescape"))
    return AccountId(f"{agent}:{kind}-{digest.hexdigest()[:_HASH_LENGTH]}")


def _config(environment: Mapping[str, str], home: Path) -> Mapping[str, Any]:
    """What the program keeps of itself: in its own directory, else in the user's home."""
    place = home if environment.get("CLAUDE_CONFIG_DIR") else home.parent
    try:
        config = json.loads((place / ".claude.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return config if isinstance(config, dict) else {}


def _is_rejected(config: Mapping[str, Any], key: str) -> bool:
    """Whether the user told the program not to use this key."""
    answers = config.get("customApiKeyResponses")
    rejected = answers.get("rejected") if isinstance(answers, dict) else None
    return isinstance(rejected, list) and key[-_APPROVED_BY_LAST:] in rejected


def _login(config: Mapping[str, Any]) -> str | None:
    """Who is logged in: two homes with the same login share its limits."""
    account = config.get("oauthAccount")
    found = account.get("accountUuid") if isinstance(account, dict) else None
    return found if isinstance(found, str) and found else None
