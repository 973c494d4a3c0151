"""Settings, each with where it came from."""

from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.system.config_file import Origin, load, variable_of

TEXT = """# mine
[session]
workers = 4
"layout" = "grid"

[agent]
# settle_s = 9
settle_s = 2
"""


def write(home: Path, text: str) -> str:
    (home / "config.toml").write_text(text)
    return str(home)


def test_without_anything_all_is_default(home: Path) -> None:
    found = load(str(home), {})
    assert found.settings == Settings()
    assert {story.origin for story in found.stories} == {Origin.DEFAULT}


def test_the_later_wins_and_tells_its_place(home: Path) -> None:
    place = write(home, TEXT)
    environment = {"CCPAR_SESSION_WORKERS": "5", "CCPAR_PUEUE_SOCKET": "false"}
    found = load(place, environment, {"session.layout": "focus"})
    told = {story.name: (story.value, story.origin, story.where) for story in found.stories}
    assert told["agent.settle_s"] == (2.0, Origin.FILE, f"{home}/config.toml:8")
    assert told["session.workers"] == (5, Origin.ENVIRONMENT, "$CCPAR_SESSION_WORKERS")
    assert told["session.layout"] == ("focus", Origin.FLAG, "--layout")
    assert told["pueue.socket"][0] is False
    assert load(place, {}).story("session.layout").where.endswith(":4")


def test_lists_come_from_variables_with_commas(home: Path) -> None:
    variable = variable_of("claude.allowed_tools")
    found = load(str(home), {variable: "Read, Bash(git log:*) ,"})
    assert found.settings.claude.allowed_tools == ("Read", "Bash(git log:*)")
    assert load(str(home), {variable: ""}).settings.claude.allowed_tools == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[session]\nworkers = 999\n", "config.toml:2: session.workers = 999"),
        ("[session]\n\nworkres = 1\n", "config.toml:3: there is no setting session.workres"),
        ("[sessions]\nworkers = 1\n", "config.toml:2: there is no setting sessions.workers"),
        ("workers = 1\n", "workers stands in no section"),
        ("[session\n", "cannot read"),
        ("[session]\nname = 3\n", "config.toml:2: session.name = 3"),
    ],
)
def test_a_bad_file_is_named_with_its_line(home: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        load(write(home, text), {})
    assert said in refused.value.message
    assert refused.value.hint


def test_a_bad_variable_is_named(home: Path) -> None:
    with pytest.raises(BadInput, match=r"\$CCPAR_AGENT_SETTLE_S: agent.settle_s = 'soon'"):
        load(str(home), {"CCPAR_AGENT_SETTLE_S": "soon"})


def test_a_file_that_is_no_text_is_refused(home: Path) -> None:
    (home / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="cannot read"):
        load(str(home), {})
