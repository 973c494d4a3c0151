"""`ledger export` and `ledger import` between two homes, and what happens on the way."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import PROGRAM, CommandLine, command_line

ADD = ("add", "--agent", "command")


@pytest.fixture(scope="module")
def exported(shared: CommandLine) -> str:
    """Three tasks, one of them with a secret variable."""
    shared.good(*ADD, "-l", "one", "--env", "TOKEN=secret", "true")
    shared.good(*ADD, "-l", "two", "true")
    shared.good(*ADD, "-l", "three", "--after", "two", "true")
    return shared.good("ledger", "export").out


@pytest.fixture
def other() -> Iterator[CommandLine]:
    """A second home with a queue of its own."""
    with command_line(groups={"subissues": 2}) as line:
        yield line


def test_an_export_is_a_private_file_with_a_line_for_each_task(
    shared: CommandLine, exported: str
) -> None:
    said = shared.good("ledger", "export", "copy.jsonl")
    assert "wrote 3 tasks to copy.jsonl (0600: it holds prompts and variables)" in said.out
    file = shared.project / "copy.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    header, *records = map(json.loads, file.read_text().splitlines())
    assert (header["tasks"], header["environment"]) == (3, True)
    assert [each["task"]["spec"]["label"] for each in records] == ["one", "two", "three"]
    assert records == [json.loads(line) for line in exported.splitlines()[1:]]


def test_an_export_can_name_its_tasks_and_leave_out_their_variables(
    shared: CommandLine, exported: str
) -> None:
    said = shared.good("ledger", "export", "--task", "three", "--task", "one", "--since", "1h")
    labels = [json.loads(line)["task"]["spec"]["label"] for line in said.out.splitlines()[1:]]
    assert labels == ["one", "three"]
    plain = shared.good("ledger", "export", "--without-environment").out
    assert "secret" in exported
    assert "secret" not in plain
    assert shared("ledger", "export", "--task", "nothing").code == 3
    assert shared("ledger", "export", str(shared.project)).code == 4


def test_imported_tasks_are_there_and_can_be_queued_later(
    exported: str, other: CommandLine
) -> None:
    said = other.good("ledger", "import", "-", input=exported)
    assert "imported 3 tasks" in said.out
    assert "3 tasks not settled and not in the queue" in said.out
    assert "ledger import --queue -" in said.out
    assert [task["label"] for task in other.tasks()] == ["one", "two", "three"]
    assert other.queued() == {}
    again = other.good("ledger", "import", "-", input=exported)
    assert "imported 0 tasks; 3 were there already" in again.out
    later = other.good("ledger", "import", "--queue", "-", input=exported)
    assert "queued 3 tasks" in later.out
    assert len(other.queued()) == 3
    changed = other("ledger", "import", "--queue", "-", input=exported)
    assert changed.code == 2
    assert "in the ledger already, with other" in changed.err


def test_imported_tasks_can_be_queued_at_once_with_what_they_wait_for(
    exported: str, other: CommandLine
) -> None:
    strange = exported.replace('"group":"subissues"', '"group":"nowhere"')
    said = other("ledger", "import", "--queue", "-", input=strange)
    assert said.code == 3
    assert "no group 'nowhere'; nothing was imported" in said.err
    assert other.tasks() == []
    said = other.good("ledger", "import", "--queue", "-", input=exported)
    assert "queued 3 tasks" in said.out
    states = {task["label"]: task["state"] for task in other.tasks()}
    assert states == {"one": "queued", "two": "queued", "three": "blocked"}


def test_a_bad_line_imports_nothing_and_is_named(exported: str, other: CommandLine) -> None:
    first, second, *_ = exported.splitlines()
    file = other.project / "bad.jsonl"
    file.write_text(f"{first}\n{second}\n{{}}\n")
    said = other("ledger", "import", "bad.jsonl")
    assert said.code == 2
    assert "line 3: task: Field required" in said.err
    assert "nothing was imported" in said.err
    assert other.tasks() == []
    assert other("ledger", "import", "no-such-file").code == 4


def test_an_import_that_is_cut_off_leaves_nothing(exported: str, home: Path) -> None:
    line = CommandLine(home)
    armed = home / "armed"
    armed.touch()
    done = subprocess.run(
        [*PROGRAM, "ledger", "import", "-"],
        input=exported.encode(),
        env={**line.environment, "CCPAR_FAULT": f"import.kept:{armed}"},
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    assert line.tasks() == []
    line.good("ledger", "import", "-", input=exported)
    assert len(line.tasks()) == 3


def test_a_whole_ledger_needs_no_mending(bare: CommandLine) -> None:
    assert bare.good("ledger", "mend").out == "the ledger is whole\n"
    assert not bare.state.exists()
