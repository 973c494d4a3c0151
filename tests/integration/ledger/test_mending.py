"""A damaged ledger is mended by command and by `setup`, under running workers, and over deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.errors import Damaged
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.ledger.mend import mend
from ccpar_hybrid.ledger.store import Ledger
from tests.support.full_ledger import contents, fill, overwrite, settle_log
from tests.support.instance import Instance, running_instance
from tests.support.waiting import wait_until

MENDER = "import sys; from ccpar_hybrid.ledger.mend import mend; mend(sys.argv[1])"


def spoil(path: Path) -> None:
    settle_log(path)
    overwrite(path, 0, b"\0" * 100)


def kill_mender_at(point: str, path: Path, armed: Path) -> None:
    armed.touch()
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", MENDER, str(path)],
        env={**os.environ, "PYTHONPATH": root, "CCPAR_FAULT": f"{point}:{armed}"},
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("point", ["mend.written", "mend.ready", "mend.aside", "mend.replaced"])
def test_a_mending_that_is_cut_off_leaves_the_old_ledger_or_the_new_one(
    home: Path, point: str
) -> None:
    path = home / "state" / "ledger.db"
    with Ledger.open(str(path)) as ledger:
        fill(ledger, 20)
        held = contents(ledger)
    spoil(path)
    kill_mender_at(point, path, home / "armed")
    if point != "mend.replaced":
        with pytest.raises(Damaged):
            Ledger.open(str(path))
    assert (mend(str(path)) is None) == (point == "mend.replaced")
    with Ledger.open(str(path)) as ledger:
        assert contents(ledger) == held
    beside = {each.name.partition("-damaged-")[0] for each in path.parent.iterdir()}
    assert beside <= {"ledger", "ledger.db", "ledger.db.gate", "ledger.db.migration"}
    assert len(list(path.parent.glob("ledger-damaged-*.db"))) == 1


def test_two_who_mend_at_once_mend_once(home: Path) -> None:
    path = home / "state" / "ledger.db"
    with Ledger.open(str(path)) as ledger:
        fill(ledger, 20)
        held = contents(ledger)
    spoil(path)
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    argv = [sys.executable, "-c", MENDER, str(path)]
    menders = [subprocess.Popen(argv, env=environment) for _ in range(3)]
    assert [mender.wait(timeout=60) for mender in menders] == [0] * 3
    with Ledger.open(str(path)) as ledger:
        assert contents(ledger) == held
    assert len(list(path.parent.glob("ledger-damaged-*.db"))) == 1


def ledger_of(instance: Instance) -> Path:
    return Path(instance.app.paths.ledger)


@pytest.mark.parametrize("words", [("ledger", "mend"), ("setup", "1"), ("recover",)], ids=" ".join)
def test_a_task_that_runs_meanwhile_settles_in_the_mended_ledger(words: tuple[str, ...]) -> None:
    with running_instance(CCPAR_AGENT_DEFAULT="command") as instance:
        instance.setup(1)
        before = instance.add("echo before")
        assert instance.settled(before).result is Result.SUCCEEDED
        task = instance.add("until test -e go; do sleep 0.1; done", label="long")
        instance.wait_for(task, TaskState.RUNNING)
        spoil(ledger_of(instance))
        assert "ledger mend" in instance.cli("list", code=4).stderr
        said = instance.cli(*words)
        assert "saved into a new one: 2 tasks, 2 attempts" in said.stderr
        assert "nothing to recover" not in said.stdout
        instance.file("go").touch()
        assert instance.settled(task).result is Result.SUCCEEDED
        assert instance.attempts(task) == 1
        assert instance.outcome(before).result is Result.SUCCEEDED
        assert "the ledger is whole" in instance.cli("ledger", "mend").stdout


def test_a_task_that_ends_while_the_ledger_is_damaged_settles_once_it_is_mended() -> None:
    with running_instance(CCPAR_AGENT_DEFAULT="command") as instance:
        instance.setup(1)
        task = instance.add("until test -e go; do sleep 0.1; done; echo end >> ends")
        instance.wait_for(task, TaskState.RUNNING)
        spoil(ledger_of(instance))
        instance.file("go").touch()
        instance.wait_file("ends")
        instance.cli("ledger", "mend")
        assert instance.settled(task).result is Result.SUCCEEDED
        assert instance.attempts(task) == 1
        assert instance.wait_file("ends") == "end\n"


def test_the_supervisor_mends_by_itself_and_says_so() -> None:
    with running_instance(CCPAR_AGENT_DEFAULT="command", CCPAR_SUPERVISOR_RUN="true") as instance:
        instance.setup(1)
        task = instance.add("until test -e go; do sleep 0.1; done")
        instance.wait_for(task, TaskState.RUNNING)
        path = ledger_of(instance)
        spoil(path)
        wait_until(
            lambda: list(path.parent.glob("ledger-damaged-*.db")),
            timeout_s=60,
            message="the damaged ledger is set aside",
        )
        instance.file("go").touch()
        assert instance.outcome(task, timeout_s=30).result is Result.SUCCEEDED
        assert instance.attempts(task) == 1
