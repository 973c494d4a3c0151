"""Whether a recorded dialog of Claude Code shows a call that came by the hook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ccpar_hybrid.agents.base import ToolCall
from ccpar_hybrid.agents.claude_agree import agrees, contradicts
from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from tests.data.claude.scene_dialog import DIALOGS

DATA = Path(__file__).parents[2] / "data" / "claude" / "dialogs"
SIZES = ("80x20", "120x30", "200x50")
HOME = "/home/example/project"
OF_ONE_COMMAND = {"permission-bash", "bash-described", "touched-no"}
NOT_TO_COMPARE = {"permission-subagent", "server-tool-titled", "fetch-misleading"}


def read(name: str, size: str = "120x30") -> Prompt:
    found = read_prompt((DATA / f"{name}-{size}.ans").read_text())
    assert found is not None
    return found


def call(tool: str, directory: str = "", **given: object) -> ToolCall:
    return ToolCall(tool, given, directory)


def shown(subject: str, tool: str | None = "Bash") -> Prompt:
    return Prompt(PromptKind.PERMISSION, tool, subject=subject, whole=True)


CALLS = {
    scene.name: ToolCall(str(scene.steps[-1]["tool"]), given, HOME)
    for scene in DIALOGS
    if scene.steps
    and scene.name not in NOT_TO_COMPARE
    and isinstance(given := scene.steps[-1].get("input"), dict)
    and read(scene.name).kind is PromptKind.PERMISSION
}


def test_there_is_a_call_of_each_tool() -> None:
    tools = {each.tool for each in CALLS.values()}
    others = {"Write", "Edit", "Read", "WebFetch", "WebSearch", "mcp__box__put"}
    assert tools == {"Bash", *others}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", CALLS)
def test_each_dialog_agrees_with_its_own_call_and_contradicts_all_others(
    name: str, size: str
) -> None:
    prompt = read(name, size)
    for other, each in CALLS.items():
        is_same = each.input == CALLS[name].input or {name, other} <= OF_ONE_COMMAND
        assert agrees(prompt, each) == is_same, other
        # Both calls of a server's tool may go by any name.
        is_served = prompt.tool is None and each.tool.startswith("mcp__box__")
        assert contradicts(prompt, each) == (not is_same and not is_served), other


def test_a_dialog_that_was_not_wholly_seen_agrees_with_nothing_and_contradicts_nothing() -> None:
    prompt = replace(read("permission-bash"), whole=False)
    for command in ("touch a", "touch b"):
        assert not agrees(prompt, call("Bash", command=command))
        assert not contradicts(prompt, call("Bash", command=command))


@pytest.mark.parametrize(
    ("subject", "command"),
    [
        ("touch a      b", "touch a\tb"),
        ("touch ab", "touch a\u2060b"),
        ("touch ab  c", "touch a\u2028b c"),
        ("touch a\ufffdb", "touch a\u202eb"),
        ("touch one\ntwo", "touch one two"),
        ("touch onetwo\nthree", "touch onetwothree"),
        ("if true; then\n     touch a\nfi", "if true; then\n\ttouch a\nfi"),
        ("touch a\n\n\n  touch b", "\ntouch a   \n\n\n  touch b\n\n"),
    ],
)
def test_a_command_agrees_however_it_is_drawn(subject: str, command: str) -> None:
    assert agrees(shown(subject), call("Bash", command=command))


@pytest.mark.parametrize(
    ("subject", "command"),
    [
        ("touch a", "touch ab"),
        ("touch ab", "touch a"),
        ("touch a b", "touch ab"),
        ("touch ab", "touch a b"),
        ("touch a\ntouch b", "touch b\ntouch a"),
        ("touch a", "touch a; rm -r b"),
        ("touch a", ""),
        ("touch a", "touch A"),
    ],
)
def test_another_command_does_not_agree(subject: str, command: str) -> None:
    assert not agrees(shown(subject), call("Bash", command=command))
    assert contradicts(shown(subject), call("Bash", command=command))


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("hello.txt", f"{HOME}/hello.txt"),
        ("deep/hello.txt", f"{HOME}/deep/hello.txt"),
        ("../../../etc/hello.txt", "/etc/hello.txt"),
        ("hello.txt", f"{HOME}/he\x1b[31mllo.txt"),
        ("/etc/hostname", "/etc/hostname"),
    ],
)
def test_a_path_agrees_as_it_is_seen_from_where_the_shell_stands(subject: str, path: str) -> None:
    for directory in (HOME, ""):
        assert agrees(shown(subject, "Write"), call("Write", directory, file_path=path))


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("hello.txt", f"{HOME}/sub/hello.txt"),
        ("hello.txt", f"{HOME}/hello.txt/x"),
        ("../hello.txt", f"{HOME}/hello.txt"),
        ("/etc/hostname", f"{HOME}/etc/hostname"),
        ("hello.txt", ""),
    ],
)
def test_another_path_does_not_agree(subject: str, path: str) -> None:
    assert not agrees(shown(subject, "Write"), call("Write", HOME, file_path=path))
    assert contradicts(shown(subject, "Write"), call("Write", HOME, file_path=path))


def test_without_the_directory_the_end_of_a_path_is_compared() -> None:
    assert not agrees(shown("hello.txt", "Write"), call("Write", file_path="/a/o-hello.txt"))
    assert not agrees(shown("a/hello.txt", "Write"), call("Write", file_path="/b/hello.txt"))


def test_the_same_path_of_another_tool_is_another_call() -> None:
    edit = call("Edit", HOME, file_path=f"{HOME}/hello.txt")
    assert not agrees(shown("hello.txt", "Write"), edit)
    assert contradicts(shown("hello.txt", "Write"), edit)


def test_a_tool_of_which_the_dialog_is_not_known_is_contradicted_by_every_other() -> None:
    assert contradicts(shown("touch a"), call("NotebookEdit", notebook_path="a"))
    assert not agrees(shown("touch a"), call("NotebookEdit", notebook_path="a"))


def test_a_servers_tool_agrees_by_its_server_its_name_and_all_its_arguments() -> None:
    prompt = shown('box - put(what: "a b", n: {"a": [1, true]}) (MCP)', None)
    given = {"what": "a b", "n": {"a": [1, True]}}
    assert agrees(prompt, ToolCall("mcp__box__put", given, ""))
    assert not agrees(prompt, ToolCall("mcp__box__put", {"what": "a b"}, ""))
    assert not agrees(prompt, ToolCall("mcp__box__get", given, ""))
    assert not agrees(prompt, ToolCall("mcp__tin__put", given, ""))


def test_a_servers_tool_is_contradicted_only_by_another_server_or_another_kind_of_tool() -> None:
    prompt = shown('box - look(what: "a") (MCP)', None)
    assert not contradicts(prompt, call("mcp__box__put", what="a"))
    assert contradicts(prompt, call("mcp__tin__put", what="a"))
    assert contradicts(prompt, call("Bash", command="look"))
    assert contradicts(shown("look"), call("mcp__box__put", what="a"))


def test_the_address_agrees_as_the_program_spells_it_for_the_hook() -> None:
    prompt = read("fetch-misleading")
    url = "http://good.example%22,%20prompt:%20%22@127.0.0.1:1/"
    assert agrees(prompt, call("WebFetch", url=url, prompt="read"))
    assert contradicts(prompt, call("WebFetch", url="http://good.example/", prompt="read"))


def test_of_a_long_search_the_first_row_is_compared() -> None:
    prompt = shown(f'Web Search("{"tmux manual " * 5}tmux', "WebSearch")
    assert agrees(prompt, call("WebSearch", query="tmux manual " * 20))
    assert not agrees(prompt, call("WebSearch", query="tmux"))
    assert not agrees(shown('Web Search("a")', "WebSearch"), call("WebSearch", query='a") b'))
