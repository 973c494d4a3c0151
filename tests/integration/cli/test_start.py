"""A command imports what it needs and no more, and `--help` knows every command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ccpar_hybrid.front.cli.command import COMMANDS, program
from tests.support.command_line import CommandLine

_LOOK = """
import json, sys
from ccpar_hybrid.front.cli.main import main
code = main(sys.argv[1:])
print()
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(line: CommandLine, *words: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _LOOK, *words],
        env=line.environment,
        cwd=line.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
    return {*loaded, *(name.partition(".")[0] for name in loaded)}


def test_help_is_given_without_loading_the_models(bare: CommandLine) -> None:
    assert not modules_after(bare, "--help") & {"pydantic", "sqlite3", "rich", "yaml", "libtmux"}


def test_add_and_list_load_nothing_that_only_others_need(shared: CommandLine) -> None:
    heavy = {"rich", "yaml", "libtmux", "asyncio", "ccpar_hybrid.demo", "ccpar_hybrid.tmux"}
    added = modules_after(shared, "add", "--agent", "command", "true")
    assert not added & heavy
    assert not modules_after(shared, "list") & (heavy | {"ccpar_hybrid.agents"})


def test_each_command_is_in_the_module_that_the_table_names() -> None:
    for module in dict.fromkeys(COMMANDS.values()):
        names = [name for name, where in COMMANDS.items() if where == module]
        app = program(names[:1])
        found = [
            each.name or (each.callback.__name__ if each.callback else "")
            for each in app.registered_commands
        ] + [group.name for group in app.registered_groups]
        assert sorted(map(str, found)) == sorted(names)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself(bare: CommandLine, name: str) -> None:
    said = bare(name, "--help")
    assert said.code == 0
    assert f"ccpar-hybrid {name}" in said.out


def test_help_names_all_commands_and_no_arguments_are_the_same_with_exit_code_2(
    bare: CommandLine,
) -> None:
    said = bare("--help")
    assert all(f"  {name} " in said.out for name in COMMANDS)
    nothing = bare()
    assert (nothing.code, nothing.out.strip()) == (2, said.out.strip())


def test_an_unknown_command_is_refused_with_one_that_is_near(bare: CommandLine) -> None:
    said = bare("lsit")
    assert said.code == 2
    assert "'list'" in said.err
    assert said.out == ""


def test_an_unknown_option_is_refused_with_one_that_is_near(bare: CommandLine) -> None:
    said = bare("add", "--priorty", "3", "x")
    assert said.code == 2
    assert "--priority" in said.err
