"""Dialogs into which Claude Code 2.1.197 has let stand what was on the screen before.

It draws what has changed since its last picture, and now and then reckons with blanks where there
are none: of three calls at once in a pane of 20 rows, in the second dialog. A new width of the
pane makes it draw everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import PromptKind
from ccpar_hybrid.approval.reply import key_for
from ccpar_hybrid.core.decision import Decision

FILES = sorted((Path(__file__).parents[2] / "data" / "claude" / "remnants").glob("*.ans"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dialog_with_remnants_is_not_read_and_has_no_key(file: Path) -> None:
    prompt = read_prompt(file.read_text(encoding="utf-8"), 120)
    assert prompt is not None
    assert prompt.kind is PromptKind.UNKNOWN
    assert prompt.input is None
    assert key_for(prompt, Decision.ALLOW) is None
    assert key_for(prompt, Decision.DENY) is None
