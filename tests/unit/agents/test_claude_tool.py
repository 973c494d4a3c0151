"""Tool calls in one line."""

import pytest

from ccpar_hybrid.agents.claude_tool import WIDTH, subject, summary
from ccpar_hybrid.core.text import display_width


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("Bash", {"command": "pytest -q", "description": "run"}, "Bash(pytest -q)"),
        ("Bash", {"command": "\n\n  make \n all"}, "Bash(make)"),
        ("Write", {"file_path": "/a/b", "content": "x"}, "Write(/a/b)"),
        ("Agent", {"description": "look", "prompt": "Look at it"}, "Agent(look)"),
        ("TodoWrite", {"todos": []}, "TodoWrite"),
        ("Grep", {"pattern": 3}, "Grep"),
        ("", {}, "a tool"),
        ("A\nB", {"query": "\x1b[2J"}, "A(␛[2J)"),
    ],
)
def test_a_call_is_named_by_what_it_is_about(
    name: str, given: dict[str, object], line: str
) -> None:
    assert summary(name, given) == line


def test_a_secret_is_out_of_sight_also_where_the_line_ends() -> None:
    secret = "Zx9kQ7w" * 4
    assert (
        summary("Bash", {"command": f"tool --token {secret} x"}) == "Bash(tool --token [masked] x)"
    )
    assert "Zx9" not in summary("Bash", {"command": "y" * (WIDTH - 20) + f" --token {secret}"})


def test_a_question_is_the_subject_of_its_call() -> None:
    assert subject({"questions": [{"question": "Which?"}, {"question": "Why?"}]}) == "Which?"
    assert subject({"questions": ["odd"]}) == ""


def test_a_long_command_is_cut() -> None:
    assert display_width(summary("Bash", {"command": "日" * 500})) <= WIDTH + len("Bash()")
