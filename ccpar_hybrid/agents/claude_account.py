"""Names the account that a Claude Code (2.1.197) works with, without telling its secret."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

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
    config = _config(_config_file(environment, home))
    if token := environment.get("ANTHROPIC_AUTH_TOKEN"):
        return _named(agent, "token", place, token)
    key = environment.get("ANTHROPIC_API_KEY")
    if key and key[-_APPROVED_BY_LAST:] not in config.rejected:
        return _named(agent, "key", place, key)
    if token := environment.get("CLAUDE_CODE_OAUTH_TOKEN"):
        return _named(agent, "token", place, token)
    return _named(agent, "login", place, config.login or str(home))


def _named(agent: str, kind: str, *secrets: str) -> AccountId:
    digest = hashlib.sha256("\0".join((agent, kind, *secrets)).encode("utf-8", "surrogateescape"))
    return AccountId(f"{agent}:{kind}-{digest.hexdigest()[:_HASH_LENGTH]}")


@dataclass(frozen=True)
class _Config:
    """What matters of the program's own file: keys that the user refused, and who is logged in."""

    rejected: frozenset[str] = frozenset()
    login: str | None = None


def _config_file(environment: Mapping[str, str], home: Path) -> Path:
    """In the program's own directory, if one is given, else in the user's home."""
    return (home if environment.get("CLAUDE_CONFIG_DIR") else home.parent) / ".claude.json"


def _config(file: Path) -> _Config:
    try:
        seen = file.stat()
        return _read(file, seen.st_mtime_ns, seen.st_size)
    except (OSError, ValueError, RecursionError):
        return _Config()


@lru_cache(maxsize=4)
def _read(file: Path, mtime_ns: int, size: int) -> _Config:
    """The file may have megabytes, and is asked for each second while a task is held."""
    config = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        return _Config()
    answers, account = config.get("customApiKeyResponses"), config.get("oauthAccount")
    rejected = answers.get("rejected") if isinstance(answers, dict) else None
    # Two homes with the same login share its limits.
    login = account.get("accountUuid") if isinstance(account, dict) else None
    return _Config(
        frozenset(each for each in rejected if isinstance(each, str))
        if isinstance(rejected, list)
        else frozenset(),
        login if isinstance(login, str) and login else None,
    )
