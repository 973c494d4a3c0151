"""approvals read, as a person and as a program call it."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_line import CommandLine
from tests.support.json_page import check_document

SCREENS = Path(__file__).parents[2] / "data" / "claude" / "screens"


def test_read_says_what_a_saved_screen_asks(bare: CommandLine) -> None:
    assert bare.good("approvals", "read", str(SCREENS / "idle-100x24.ans")).out == "no prompt\n"
    said = bare.good("approvals", "read", str(SCREENS / "trust-100x24.ans")).out
    assert said.startswith("trust: ")


def test_read_prints_json_as_described(bare: CommandLine) -> None:
    for name in ("idle", "trust", "permission-bash"):
        path = SCREENS / f"{name}-100x24.ans"
        check_document(bare.good("approvals", "read", str(path), "--json").json)


def test_a_missing_file_is_told(bare: CommandLine) -> None:
    found = bare("approvals", "read", "nothing.ans")
    assert found.code == 3
    assert "nothing.ans" in found.err
