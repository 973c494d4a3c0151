"""The documentation says what is so: settings, commands, links, and the picture."""

from __future__ import annotations

import contextlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.app.request import TaskRequest
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.errors import ExitCode
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.front.cli.main import main
from ccpar_hybrid.system.config_file import variable_of
from ccpar_hybrid.worker import by_hand, wire
from docs.drawing import CELL_WIDTH, MARGIN, svg

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")))
Say = Callable[..., str]
EVERYWHERE = {"--help"}
"""Options that every command has."""


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or higher."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert found, f"there is no section {heading!r}"
    rest = text[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def rows(text: str) -> Iterator[list[str]]:
    """The rows of all tables, their cells without marks of code."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def first_cells(text: str) -> set[str]:
    return {row[0].strip("`| ") for row in rows(text)}


def options_in(text: str) -> set[str]:
    return {
        option
        for row in rows(text)
        for option in re.findall(r"`(--?[a-z][a-z-]*)", row[0])
        if option.startswith("--")
    }


@pytest.fixture
def help_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.setenv("COLUMNS", "200")

    def say(*words: str) -> str:
        with contextlib.suppress(SystemExit):  # argparse, in the commands of panes
            main([*words, "--help"])
        return capsys.readouterr().out

    return say


def commands_in(text: str) -> list[str]:
    return re.findall(r"^  ([a-z-]+)(?:  |$)", text.partition("Commands:")[2], re.MULTILINE)


def options_of(text: str) -> set[str]:
    found = re.findall(r"^ +(?:-\w, )*(--[a-z][a-z-]*)", text, re.MULTILINE)
    return set(found) - EVERYWHERE


def texts(drawn: str) -> list[tuple[str, float]]:
    root = ElementTree.fromstring(drawn)
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return [(text.text or "", float(text.attrib["x"])) for text in found]


def test_each_word_of_a_screen_is_drawn_at_its_column() -> None:
    drawn = svg("ab \x1b[1;32mcd\x1b[0m  e\n漢字 f", 20, 2, "a <title>")
    assert texts(drawn) == [
        ("ab", 0.0),
        ("cd", round(3 * CELL_WIDTH, 4)),
        ("e", round(7 * CELL_WIDTH, 4)),
        ("漢字", 0.0),
        ("f", round(5 * CELL_WIDTH, 4)),
    ]


def test_a_screen_with_markup_and_escapes_is_drawn_as_text() -> None:
    drawn = svg("<script>&\x1b]0;title\x07\x1b[38;2;1;2;3mx\x1b[48;5;196m \x1b[m", 40, 1, "t")
    assert [text for text, _ in texts(drawn)] == ["<script>&", "x"]
    assert "#010203" in drawn
    assert "#ff0000" in drawn


def test_borders_are_drawn_as_lines() -> None:
    drawn = svg("┌─┐", 3, 1, "t")
    assert texts(drawn) == []
    assert "<path" in drawn
    assert f'width="{3 * CELL_WIDTH + 2 * MARGIN:g}"' in drawn


def test_the_picture_of_the_session_shows_every_state_and_no_path_of_its_maker() -> None:
    drawn = (DOCS / "images" / "session.svg").read_text(encoding="utf-8")
    shown = " ".join(text for text, _ in texts(drawn))
    for words in ("monitor", "waiting for you:", "working", "idle", "succeeded"):
        assert words in shown
    assert not re.search(r"/(tmp|home|root|Users)/", shown)


def test_every_command_and_option_is_described_and_no_other(help_of: Say) -> None:
    text = page("commands.md")
    names: list[tuple[str, ...]] = [(name,) for name in commands_in(help_of())]
    assert ("add",) in names
    for name in names:
        said = help_of(*name)
        if inner := commands_in(said):
            names += [(*name, each) for each in inner]
            continue
        described = section(text, " ".join(name))
        assert options_in(described) == options_of(said), name


def test_every_option_of_ccpar_task_is_described() -> None:
    described = options_in(section(page("commands.md"), "Tasks by hand"))
    assert described == set(by_hand._parser()._option_string_actions) - {"-h", "--help"}


def test_every_field_of_a_json_line_is_described() -> None:
    described = section(page("commands.md"), "add")
    assert [name for name in TaskRequest.model_fields if f"`{name}`" not in described] == []


def test_exit_codes_and_states_are_those_of_the_program() -> None:
    codes = section(page("commands.md"), "Exit codes")
    described = {row[0]: row[1] for row in rows(codes) if row[0].isdigit()}
    assert described == {str(int(c)): c.name.lower().replace("_", " ") for c in ExitCode}
    assert {state.value for state in TaskState} <= first_cells(section(page("commands.md"), "list"))


def test_every_setting_is_described_with_its_default_and_variable() -> None:
    described = {row[0].strip("`"): row[1:3] for row in rows(page("configuration.md"))}
    for section_name, model in Settings():
        for name, value in model:
            setting = f"{section_name}.{name}"
            default = f"`{value}`" if value not in ("", ()) else "(none)"
            assert described[setting] == [default, f"`{variable_of(setting)}`"]
    known = {f"{name}.{each}" for name, model in Settings() for each, _ in model}
    assert {name for name in described if re.fullmatch(r"[a-z]+\.[a-z_]+", name)} - {
        "ledger.db"
    } == known


def test_every_message_of_the_wire_is_described() -> None:
    described = section(page("architecture.md"), "The rendezvous")
    types = {
        value
        for name, value in vars(wire).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    }
    assert [each for each in types if f"`{each}`" not in described] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.name))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        linked = (path.parent / file) if file else path
        if "://" in target:
            continue
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_no_page_names_a_place_of_its_maker() -> None:
    for path in PAGES:
        assert not re.search(r"/(?:work|root|inst)/", path.read_text(encoding="utf-8")), path
