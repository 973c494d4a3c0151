"""Whose limits a session draws on, by what the program finds first, and never told in clear."""

from __future__ import annotations

import json
from pathlib import Path

from ccpar_hybrid.agents.claude_account import account_of
from ccpar_hybrid.agents.command import CommandAgent
from ccpar_hybrid.agents.registry import all_agents
from ccpar_hybrid.core.settings import Settings

KEY = "sk-ant-secret-of-a-person-0123456789"


def named(home: Path, **environment: str) -> str:
    place = {"HOME": str(home), "CLAUDE_CONFIG_DIR": str(home), **environment}
    return account_of("claude", place, home)


def configure(home: Path, **config: object) -> None:
    (home / ".claude.json").write_text(json.dumps(config), encoding="utf-8")


def test_a_key_comes_before_a_token_and_a_token_before_the_login(home: Path) -> None:
    key = named(home, ANTHROPIC_API_KEY=KEY)
    token = named(home, CLAUDE_CODE_OAUTH_TOKEN="a-token")
    login = named(home)
    assert [each.partition("-")[0] for each in (key, token, login)] == [
        "claude:key",
        "claude:token",
        "claude:login",
    ]
    assert named(home, ANTHROPIC_API_KEY=KEY, CLAUDE_CODE_OAUTH_TOKEN="a-token") == key
    assert named(home, ANTHROPIC_AUTH_TOKEN="b", ANTHROPIC_API_KEY=KEY) != key


def test_a_cloud_comes_first_and_needs_no_hash(home: Path) -> None:
    assert named(home, CLAUDE_CODE_USE_BEDROCK="1", ANTHROPIC_API_KEY=KEY) == "claude:bedrock"
    assert named(home, CLAUDE_CODE_USE_VERTEX="0", ANTHROPIC_API_KEY=KEY) != "claude:vertex"


def test_a_name_tells_nothing_of_the_secret_and_differs_by_it(home: Path) -> None:
    one, other = named(home, ANTHROPIC_API_KEY=KEY), named(home, ANTHROPIC_API_KEY=KEY + "1")
    assert one != other
    assert KEY[-8:] not in one
    assert one == named(home, ANTHROPIC_API_KEY=KEY)


def test_another_service_is_another_account(home: Path) -> None:
    here = named(home, ANTHROPIC_API_KEY=KEY)
    assert named(home, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL="http://127.0.0.1:1") != here


def test_a_key_that_the_user_refused_is_not_used(home: Path) -> None:
    configure(home, customApiKeyResponses={"approved": [], "rejected": [KEY[-20:]]})
    assert named(home, ANTHROPIC_API_KEY=KEY) == named(home)


def test_two_homes_with_the_same_login_share_its_limits(home: Path) -> None:
    places = [home / "one", home / "two", home / "three"]
    for place, login in zip(places, ("a", "a", "b"), strict=True):
        place.mkdir()
        configure(place, oauthAccount={"accountUuid": login})
    one, two, three = map(named, places)
    assert one == two != three


def test_without_a_configuration_directory_the_login_stands_in_the_home(home: Path) -> None:
    configure(home, oauthAccount={"accountUuid": "a"})
    assert account_of("claude", {"HOME": str(home)}, home / ".claude") == named(home)


def test_a_damaged_configuration_names_the_home(home: Path) -> None:
    before = named(home)
    (home / ".claude.json").write_text("[{")
    assert named(home) == before
    configure(home, oauthAccount=3, customApiKeyResponses=[])
    assert named(home, ANTHROPIC_API_KEY=KEY).startswith("claude:key-")


def test_each_agent_has_accounts_of_its_own_but_a_command_has_none(home: Path) -> None:
    agents = all_agents(Settings())
    environment = {"HOME": str(home), "ANTHROPIC_API_KEY": KEY}
    assert agents["claude"].account(environment) != agents["demo"].account(environment)
    assert CommandAgent().account(environment) is None
