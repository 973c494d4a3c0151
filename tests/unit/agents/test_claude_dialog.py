"""Dialogs of Claude Code as they were recorded from the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.claude_screen import read_screen
from ccpar_hybrid.agents.prompt import Meaning, Prompt, PromptKind
from tests.data.claude.scene_dialog import DIALOGS

DATA = Path(__file__).parents[2] / "data" / "claude"
FILES = sorted([*DATA.glob("screens/*.ans"), *DATA.glob("dialogs/*.ans")])
SIZES = ("80x20", "120x30", "200x50")
FOR_PEOPLE = {
    "trust": PromptKind.TRUST,
    "limit": PromptKind.LIMIT,
    "plan": PromptKind.PLAN,
    "question": PromptKind.QUESTION,
    "question-forged": PromptKind.QUESTION,
    "question-several": PromptKind.QUESTION,
    "touched-amended": PromptKind.UNKNOWN,
    "touched-typed": PromptKind.UNKNOWN,
    "touched-second": PromptKind.UNKNOWN,
    "touched-explained": PromptKind.UNKNOWN,
    "touched-refused": PromptKind.UNKNOWN,
    "touched-refused-typed": PromptKind.UNKNOWN,
    "touched-refused-write": PromptKind.UNKNOWN,
    "write-long": PromptKind.UNKNOWN,
    "write-coloured": PromptKind.UNKNOWN,
    "write-broken": PromptKind.UNKNOWN,
    "read-broken": PromptKind.UNKNOWN,
}
PAGE: dict[str, object] = {"url": "http://127.0.0.1:1/"}
LONG_PAGE: dict[str, object] = {"url": "http://127.0.0.1:1/a?b=c"}
MISLEADING_PAGE: dict[str, object] = {"url": "http://good.example%22,%20prompt:%20%22@127.0.0.1:1/"}
CALLS: dict[str, tuple[str | None, dict[str, object] | None, bool]] = {
    "permission-bash": ("Bash", {"command": "touch a"}, False),
    "touched-no": ("Bash", {"command": "touch a"}, False),
    "permission-subagent": ("Bash", {"command": "touch in-sub"}, False),
    "bash-approval": ("Bash", {"command": "curl -s http://127.0.0.1:1/"}, False),
    "bash-described": ("Bash", {"command": "touch a"}, False),
    "bash-warned": ("Bash", None, False),
    "bash-lines": ("Bash", None, False),
    "bash-wrapped": ("Bash", None, False),
    "bash-hidden": ("Bash", None, False),
    "bash-tab": ("Bash", None, False),
    "permission-write": ("Write", {"file_path": "hello.txt"}, False),
    "overwrite": ("Write", {"file_path": "notes.txt"}, False),
    "edit": ("Edit", {"file_path": "notes.txt"}, False),
    "write-outside": ("Write", None, False),
    "write-swallowed": ("Write", {"file_path": "a.txt"}, False),
    "read-outside": ("Read", None, False),
    "permission-fetch": ("WebFetch", PAGE, True),
    "fetch-long": ("WebFetch", LONG_PAGE, True),
    "fetch-misleading": ("WebFetch", MISLEADING_PAGE, True),
    "search": ("WebSearch", {}, True),
    "server-tool": (None, None, False),
    "server-tool-titled": (None, None, False),
}
SHORT = ("bash-warned",)
"""Those that the program offers no lasting answer for."""


def read(name: str, size: str, folder: str = "dialogs") -> Prompt:
    found = read_prompt((DATA / folder / f"{name}-{size}.ans").read_text())
    assert found is not None
    return found


def test_every_dialog_was_recorded_at_three_sizes_and_is_tested() -> None:
    names = {scene.name for scene in DIALOGS}
    assert names == {*FOR_PEOPLE, *CALLS}
    recorded = {path.stem for path in DATA.glob("dialogs/*.ans")}
    assert recorded == {f"{name}-{size}" for name in names for size in SIZES}


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.stem}" for path in FILES])
def test_a_prompt_is_read_just_where_a_dialog_waits(path: Path) -> None:
    screen = path.read_text()
    assert (read_prompt(screen) is not None) == (read_screen(screen).waiting is not None)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_every_dialog_for_people_has_its_kind_and_no_input(name: str, size: str) -> None:
    found = read(name, size)
    assert found.kind is FOR_PEOPLE[name]
    assert found.tool is None
    assert found.input is None


@pytest.mark.parametrize("name", ["bypass", "key", "first-run", "permission-long"])
def test_dialogs_of_the_start_and_a_long_command_have_no_input(name: str) -> None:
    kinds = [read(name, size, "screens").kind for size in ("80x20", "100x24", "200x50")]
    expected = {
        "bypass": PromptKind.BYPASS,
        "key": PromptKind.API_KEY,
        "first-run": PromptKind.LOGIN,
        "permission-long": PromptKind.UNKNOWN,
    }
    assert kinds == [expected[name]] * 3


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CALLS)
def test_every_permission_is_read_with_its_call(name: str, size: str) -> None:
    found = read(name, size)
    assert (found.kind, found.whole) == (PromptKind.PERMISSION, True)
    assert (found.tool, found.input, found.exact) == CALLS[name]
    lasting = [] if name in SHORT else [Meaning.ALWAYS]
    meanings = [option.meaning for option in found.options]
    assert meanings == [Meaning.ONCE, *lasting, Meaning.NO]
    assert [option.number for option in found.options] == list(range(1, len(meanings) + 1))
    chosen = [option.meaning for option in found.options if option.chosen]
    assert chosen == [Meaning.NO if name == "touched-no" else Meaning.ONCE]


def test_what_is_shown_of_a_call_is_told_to_people_also_where_it_is_not_judged() -> None:
    assert read("bash-warned", "80x20").subject == "cd /usr && git status"
    assert read("bash-lines", "80x20").subject == "touch a\n\n  touch b"
    assert read("write-outside", "80x20").subject == "../../../etc/hello.txt"
    assert read("server-tool", "80x20").subject.startswith("box - put(what: ")
    assert read("read-outside", "80x20").question == "Do you want to proceed?"


def test_an_answer_is_found_by_what_it_means() -> None:
    found = read("permission-bash", "80x20")
    once, no = found.option(Meaning.ONCE), found.option(Meaning.NO)
    assert once is not None
    assert no is not None
    assert (once.number, no.number) == (1, 3)
    assert found.option(Meaning.OTHER) is None


def test_a_screen_cut_off_above_its_options_is_unknown() -> None:
    screen = (DATA / "dialogs" / "permission-bash-80x20.ans").read_text()
    found = read_prompt(screen[screen.rindex("Do you want") :])
    assert found is not None
    assert (found.kind, found.whole, found.options) == (PromptKind.UNKNOWN, False, ())


@pytest.mark.parametrize("size", SIZES)
def test_an_edit_is_not_read_before_it_is_drawn_in_full(size: str) -> None:
    """Until the program has reckoned the change it draws an ellipsis in its place."""
    lines = (DATA / "dialogs" / f"edit-{size}.ans").read_text().split("\n")
    first, last = (number for number, line in enumerate(lines) if "╌╌" in line)
    begun = [*lines[: first + 1], "\x1b[39m…", *lines[last:]]
    found = read_prompt("\n".join(begun))
    assert found is not None
    assert (found.kind, found.whole) == (PromptKind.UNKNOWN, False)


@pytest.mark.parametrize("size", SIZES)
def test_trust_names_its_folder_and_lasts(size: str) -> None:
    found = read("trust", size)
    assert found.subject == "/home/example/project"
    assert [option.meaning for option in found.options] == [Meaning.ALWAYS, Meaning.NO]
