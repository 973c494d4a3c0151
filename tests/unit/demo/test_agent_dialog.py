"""The demo agent's dialogs are drawn so that the reader of the real program's reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from ccpar_hybrid.demo.agent_dialog import Dialog, limit_dialog, trust_dialog
from ccpar_hybrid.demo.agent_request import dialog_for, question_dialog

WIDTHS = (80, 120)


def read(dialog: Dialog, width: int) -> Prompt | None:
    """What is read of the dialog, drawn below some text."""
    rows = (
        "".join(f"\x1b[{style}m{text}\x1b[0m" for style, text in row) for row in dialog.lines(width)
    )
    return read_prompt("● I go on.\n\n" + "\n".join(rows), width)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("tool", "given", "told"),
    [
        ("Bash", {"command": "touch a", "description": "do it"}, {"command": "touch a"}),
        ("Bash", {"command": "curl -s localhost"}, {"command": "curl -s localhost"}),
        ("Bash", {"command": "touch a; touch b"}, {"command": "touch a; touch b"}),
        ("Bash", {"command": "touch $HOME"}, None),
        ("Write", {"file_path": "a.txt", "content": "b\n"}, {"file_path": "a.txt"}),
        (
            "Edit",
            {"file_path": "c.txt", "old_string": "c", "new_string": "d"},
            {"file_path": "c.txt"},
        ),
        ("WebFetch", {"url": "http://a.example/", "prompt": "read"}, {"url": "http://a.example/"}),
    ],
)
def test_permissions_are_read(
    tmp_path: Path,
    tool: str,
    given: Mapping[str, object],
    told: Mapping[str, object] | None,
    width: int,
) -> None:
    (tmp_path / "c.txt").write_text("c\n")
    found = read(dialog_for(tool, given, tmp_path), width)
    assert found is not None
    assert (found.kind, found.tool, found.input) == (PromptKind.PERMISSION, tool, told)


@pytest.mark.parametrize("width", WIDTHS)
def test_dialogs_for_people_are_read(width: int) -> None:
    question = {"question": "Which?", "header": "Way", "options": [{"label": "One"}]}
    dialogs = (trust_dialog("/home/example"), limit_dialog(), question_dialog(question))
    kinds = [found.kind for dialog in dialogs if (found := read(dialog, width))]
    assert kinds == [PromptKind.TRUST, PromptKind.LIMIT, PromptKind.QUESTION]
