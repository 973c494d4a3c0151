"""Completion as bash really does it: labels, keys, groups, agents, layouts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.paths import require_program

_PRESS = """
source "$1"; shift
complete -p ccpar-hybrid >/dev/null || exit 9
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_ccpar_hybrid_completion ccpar-hybrid
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(shared: CommandLine) -> Path:
    """What `--show-completion` gives for bash, as a file."""
    path = shared.home / "completion.bash"
    said = shared(variables={"_CCPAR_HYBRID_COMPLETE": "source_bash", "_TYPER_COMPLETE_TEST": None})
    path.write_text(said.out)
    return path


def pressed(line: CommandLine, script: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    require_program("bash")
    environment = line.environment | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{line.environment['PATH']}"
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", _PRESS, "bash", str(script), "ccpar-hybrid", *words],
        env=environment,
        cwd=line.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done
    return done.stdout.split()


def test_commands_groups_agents_and_layouts_are_offered(shared: CommandLine, script: Path) -> None:
    assert pressed(shared, script, "st") == ["stop", "status", "stats"]
    assert pressed(shared, script, "add", "--group", "") == ["default", "other", "subissues"]
    assert pressed(shared, script, "list", "--group", "o") == ["other"]
    assert pressed(shared, script, "add", "--agent", "c") == ["claude", "command"]
    assert "pages" in pressed(shared, script, "setup", "--layout", "")
    assert "--priority" in pressed(shared, script, "add", "--pr")
    assert "blocked" in pressed(shared, script, "list", "--state", "b")


def test_labels_and_keys_of_tasks_are_offered(shared: CommandLine, script: Path) -> None:
    added = shared.good("add", "--agent", "command", "--json", "--label", "parser-1", "true").json
    key = added["tasks"][0]["key"]
    for command in ("show", "log", "wait", "cancel", "restart"):
        assert pressed(shared, script, command, "pars") == ["parser-1"]
    assert pressed(shared, script, "add", "--after", "pars") == ["parser-1"]
    plain = shared.good("add", "--agent", "command", "--json", "true").json["tasks"][0]["key"]
    assert pressed(shared, script, "show", plain[:6]) == [plain]
    assert pressed(shared, script, "show", key[:6]) == [key]


def test_a_label_that_a_shell_would_run_is_never_offered(shared: CommandLine, script: Path) -> None:
    for label in ("z$(touch x)", "z;rm", "z y", "z*", "z`id`", "z'q"):
        shared.good("add", "--agent", "command", "--label", label, "true")
    assert pressed(shared, script, "show", "z") == []


def test_where_nothing_can_be_asked_nothing_is_offered_and_nothing_said(
    bare: CommandLine, script: Path
) -> None:
    assert pressed(bare, script, "add", "--group", "") == []
    assert pressed(bare, script, "show", "x") == []


@pytest.mark.parametrize(
    ("shell", "file"),
    [
        ("bash", ".bash_completions/ccpar-hybrid.sh"),
        ("zsh", ".zfunc/_ccpar-hybrid"),
        ("fish", ".config/fish/completions/ccpar-hybrid.fish"),
    ],
)
def test_it_is_installed_for_each_shell(bare: CommandLine, shell: str, file: str) -> None:
    variables = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "XDG_CONFIG_HOME": None}
    said = bare("--install-completion", shell, variables=variables)
    assert said.code == 0, said
    assert "_CCPAR_HYBRID_COMPLETE" in (bare.home / file).read_text()
