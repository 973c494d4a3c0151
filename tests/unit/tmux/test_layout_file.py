"""Layout files are found by name, and say where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import BadInput, CcparError, NotFound
from ccpar_hybrid.tmux.layout_file import choose, load, names

GOOD = "windows:\n- {window_name: mine, panes: [monitor, workers]}\n"


def written(home: Path, text: str, name: str = "mine.yaml") -> Path:
    path = home / "layouts" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_ones_are_there_and_the_users_own_comes_first(home: Path) -> None:
    written(home, GOOD, "grid.yaml")
    written(home, GOOD)
    assert names(str(home)) == ("auto", "focus", "grid", "mine", "pages")
    assert load("grid", str(home)).windows[0].window_name == "mine"
    assert load("grid", "/nowhere").windows[0].window_name == "workers"


def test_a_path_is_taken_as_it_is(home: Path) -> None:
    path = written(
        home, '{"windows": [{"window_name": "j", "panes": ["monitor", "worker"]}]}', "j.json"
    )
    assert load(str(path), "/nowhere").name == str(path)


def test_a_chosen_layout_is_known_by_its_own_name(home: Path) -> None:
    assert choose("auto", str(home), 4).name == "grid"
    assert choose("auto", str(home), 5).name == "pages"


def test_a_layout_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(NotFound) as caught:
        load("gird", "/nowhere")
    assert "auto, focus, grid, pages" in caught.value.hint
    with pytest.raises(NotFound):
        load("./none.yaml", "/nowhere")


@pytest.mark.parametrize("name", ["", "a b", "-x", "a;b", "x" * 33, "#(touch x)"])
def test_names_that_tmux_would_read_as_signs_are_refused(name: str) -> None:
    with pytest.raises(CcparError):
        load(name, "/nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a\n", "not a mapping"),
        ("windows: [\n", "line 2"),
        ("windows: \x01\n", "special characters are not allowed"),
        ("windows:\n- window_name: a\n  panes: [monitor, woker]\n", "line 3: windows.0.panes.1"),
        (
            "windows:\n- window_name: a\n  layuot: x\n  panes: [monitor]\n",
            "line 3: windows.0.layuot",
        ),
        (
            "windows:\n- window_name: a\n  layout: x\n  panes: [monitor]\n",
            "line 3: windows.0.layout",
        ),
        ("windows:\n- window_name: 'a:b'\n  panes: [monitor]\n", "line 2: windows.0.window_name"),
        ("windows:\n- window_name: '7'\n  panes: [monitor]\n", "begins with a letter"),
        ("windows:\n- window_name: a\n  panes: [worker]\n", "one 'monitor'"),
        ("windows:\n- window_name: a\n  panes: [monitor]\n", "it needs a worker"),
        ("windows:\n- window_name: a\n  panes: [workers, worker]\n", "can only come last"),
        ("windows: []\nwindows: []\n", "line 2: 'windows' is given twice"),
        ("session_name: x\n", "at least one is needed"),
        ("ccpar: {choose: [{up_to: 3, layout: grid}]}\n", "the last entry has no up_to"),
        ("options: {history-limit: 5}\n" + GOOD, "line 1: options.history-limit"),
        ("name: x\n" + GOOD, "line 1: name is not known"),
        ("x: " + "[" * 5000 + "\n", "layout"),
        ("# " + "x" * 70_000, "too large"),
    ],
)
def test_a_mistake_is_told_with_its_place(home: Path, text: str, said: str) -> None:
    path = written(home, text)
    with pytest.raises(BadInput) as caught:
        load(str(path), "/nowhere")
    assert said in caught.value.message
    assert str(path) in caught.value.message


def test_what_would_be_accepted_is_said(home: Path) -> None:
    path = written(home, "windows:\n- {window_name: a, panes: [monitor, top]}\n")
    with pytest.raises(BadInput) as caught:
        load(str(path), "/nowhere")
    assert "monitor, worker or workers" in caught.value.hint
