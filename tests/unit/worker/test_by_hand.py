"""The options of a task that somebody queues with plain Pueue."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.task import TaskSpec
from ccpar_hybrid.worker.by_hand import parse


def test_words_that_pueue_has_joined_are_the_prompt() -> None:
    assert parse(["--prompt", "Fix", "the", "parser"], {}) == {"prompt": "Fix the parser"}


def test_only_what_was_given_is_there_and_it_makes_a_specification(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    (home / "p").write_text("Fix it\n", encoding="utf-8")
    words = shlex.split(
        "--prompt-file p --agent demo --model opus --permission-mode plan --dir sub "
        "--context a --context /b --allowed-tools Read,Write --allowed-tools Bash "
        "--env A=1=2 --env B --env C= --timeout 1.5 --retries 0 --idle 90 --memory 512"
    )
    given_fields = parse(words, {"B": "two"})
    assert given_fields == {
        "prompt": "Fix it\n",
        "agent": "demo",
        "model": "opus",
        "permission_mode": "plan",
        "directory": str(home / "sub"),
        "context": [str(home / "a"), "/b"],
        "allowed_tools": ["Read", "Write", "Bash"],
        "environment": {"A": "1=2", "B": "two", "C": ""},
        "timeout_s": 1.5,
        "retries": 0,
        "idle_s": 90.0,
        "memory_mib": 512,
    }
    assert TaskSpec.model_validate(given_fields).prompt == "Fix it\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--prompt"),
        (["--prompt", " "], "empty"),
        (["--prompt", "a", "--prompt-file", "b"], "one of"),
        (["--prompt-file", "/missing"], "cannot read"),
        (["--prompt", "a", "--env", "=x"], "NAME"),
        (["--prompt", "a", "--env", "UNSET"], "NAME"),
    ],
)
def test_bad_options_are_refused_in_words(words: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(words, {})


def test_a_prompt_file_that_is_no_text_is_refused(home: Path) -> None:
    (home / "p").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="cannot read"):
        parse(["--prompt-file", str(home / "p")], {})


@given(st.lists(st.text().filter(lambda word: not word.startswith("-")), min_size=1))
def test_no_word_of_a_prompt_is_lost(words: list[str]) -> None:
    joined = " ".join(words)
    if joined.strip():
        assert parse(["--prompt", *words], {})["prompt"] == joined
