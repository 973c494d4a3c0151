"""Hostile labels and prompts come back exactly, are shown safely, and reach nobody's argv."""

from __future__ import annotations

import json

import pytest

from ccpar_hybrid.app.assembly import App
from tests.support.command_line import CommandLine

ADD = ("add", "--agent", "command")
TEXTS = [
    "#(touch x)",
    "$(touch x) `touch x` ${HOME} %n %s {0}",
    "; rm -rf . && echo 'q' \"q\" \\ ",
    "two\nlines\r\nand\ttabs ",
    "\x1b]0;title\x07\x1b[31mred\x9b31m\x7f",
    "漢字 عربى 😀 e\u0301 \u202etxt.exe \u2028",
    "-x --help",
    "--",
    "/etc/passwd",
    "!ls",
    "@file",
    "#{pane_id} #[fg=red]",
    "=session:window",
    "{not json",
    "  spaces stay  ",
]

ACTING = {"\x1b", "\x07", "\x9b", "\x7f", "\u202e", "\r", "\u2028"}


def kept(line: CommandLine, key: str) -> dict[str, object]:
    task: dict[str, object] = line.good("show", "--json", key).json["task"]
    return task


def key_of(line: CommandLine, *words: str, input: str = "") -> str:
    key: str = line.good(*words, input=input).json["tasks"][0]["key"]
    return key


@pytest.mark.parametrize("text", TEXTS)
def test_a_prompt_by_argument_comes_back_exactly_and_is_shown_safely(
    shared: CommandLine, text: str
) -> None:
    key = key_of(shared, *ADD, "--json", "--", text)
    assert kept(shared, key)["prompt"] == text
    assert not set(shared.good("show", key).out) & ACTING


def test_a_prompt_by_file_and_input_comes_back_exactly(shared: CommandLine) -> None:
    text = "".join(TEXTS)
    file = shared.project / "prompt.txt"
    file.write_bytes(text.encode())
    for key in (
        key_of(shared, *ADD, "--json", "--prompt-file", str(file)),
        key_of(shared, *ADD, "--json", "-", input=text),
        key_of(shared, *ADD, "--json", input=text),
    ):
        assert kept(shared, key)["prompt"] == text


def test_prompts_labels_and_variables_by_json_lines_come_back_exactly(shared: CommandLine) -> None:
    given = [
        {"prompt": text, "agent": "command", "env": {"V": text}, "label": f"line {text}"}
        for text in TEXTS
    ]
    input = "\n".join(map(json.dumps, given))
    added = shared.good("add", "--jsonl", "--json", input=input).json["tasks"]
    with App(shared.environment) as app:
        specs = [app.ledger.task(task["key"]).spec for task in added]  # type: ignore[union-attr]
    assert [spec.prompt for spec in specs] == TEXTS
    assert [spec.environment for spec in specs] == [{"V": text} for text in TEXTS]
    assert [task["label"] for task in added] == [f"line {text}" for text in TEXTS]


@pytest.mark.parametrize("text", TEXTS)
def test_a_label_comes_back_exactly_and_is_shown_safely(shared: CommandLine, text: str) -> None:
    key = key_of(shared, *ADD, "--json", f"--label={text}", "true")
    assert kept(shared, key)["label"] == text
    assert kept(shared, f"label:{text}")["label"] == text
    assert not set(shared.good("show", key).out) & ACTING


def test_a_list_of_hostile_labels_is_safe(shared: CommandLine) -> None:
    given = ({"prompt": "true", "agent": "command", "label": f"a {text}"} for text in TEXTS)
    said = shared.good("add", "--jsonl", input="\n".join(map(json.dumps, given)))
    assert not set(said.out + shared.good("list", "--all").out) & ACTING


def test_pueue_holds_neither_prompts_nor_environments(shared: CommandLine) -> None:
    secret = "s3cr3t-word"
    key = key_of(shared, *ADD, "--json", "--env", f"TOKEN={secret}", f"echo {secret}")
    state = (shared.daemon.directory / "state.json").read_text()
    assert key in state
    assert secret not in state
    assert secret not in json.dumps(shared.queued())
    (task,) = [task for task in shared.queued().values() if key in task["command"]]
    assert task["command"] == f"exec ccpar-task {key}"
    assert set(task["envs"]) <= {"PATH", "HOME", "PUEUE_GROUP", "PUEUE_WORKER_ID"}
    for words in (("show", key), ("show", "--json", key), ("list", "--json")):
        said = shared.good(*words).out
        assert f"TOKEN={secret}" not in said
        assert f'"TOKEN": "{secret}"' not in said


def test_a_prompt_of_200_kb_arrives_whole_by_argument_file_and_input(shared: CommandLine) -> None:
    limit = 120_000  # Linux takes 128 KiB in one argument
    text = "".join(f"{number} ñ 漢\n" for number in range(17_000))
    assert len(text.encode()) > 200_000
    file = shared.project / "long.txt"
    file.write_text(text, encoding="utf-8")
    by_line = json.dumps({"prompt": text, "agent": "command"})
    for key in (
        key_of(shared, *ADD, "--json", "-f", str(file)),
        key_of(shared, *ADD, "--json", input=text),
        key_of(shared, "add", "--jsonl", "--json", input=by_line),
    ):
        assert kept(shared, key)["prompt"] == text
    key = key_of(shared, *ADD, "--json", "x" * limit)
    assert kept(shared, key)["prompt"] == "x" * limit
    assert len(shared.good("show", key).out) < 10_000
