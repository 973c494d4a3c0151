"""What the programs of a session's windows share."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.front.window import say, take_environment, window_parser


def test_a_window_takes_the_saved_environment_and_what_its_pane_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"TMUX_PANE": "%7", "OF_ANOTHER_SHELL": "1"})
    saved = tmp_path / "environment.json"
    saved.write_text(json.dumps({"HOME": "/home/ada", "TMUX_PANE": "%1"}), encoding="utf-8")
    take_environment(str(saved))
    assert os.environ == {"HOME": "/home/ada", "TMUX_PANE": "%7"}


def test_without_a_saved_environment_it_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"HOME": "/home/ada"})
    take_environment(None)
    assert os.environ == {"HOME": "/home/ada"}


def test_an_environment_that_cannot_be_read_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"HOME": "/home/ada"})
    with pytest.raises(MissingPart, match="cannot read"):
        take_environment(str(tmp_path / "none.json"))
    assert os.environ == {"HOME": "/home/ada"}


def test_a_line_that_is_said_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("deleted\x1b[2K\rall is well\nsecond")
    line = capsys.readouterr().out
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "\r" not in line


def test_the_options_of_a_window() -> None:
    options = window_parser("approver", "Decides.").parse_args(["--session", "s"])
    assert options.session == "s"
    assert options.environment is None
