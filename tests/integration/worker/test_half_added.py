"""An `add` or `restart` that is killed half-way: its tasks come whole, or not at all."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ccpar_hybrid.app.add_lock import adding
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec, new_key
from ccpar_hybrid.system.fault import VARIABLE
from tests.integration.worker.test_crash import crash_daemon
from tests.support.instance import GROUP, Instance
from tests.support.ledger import SOME_TIME

LINES = "".join(
    json.dumps(each) + "\n"
    for each in (
        {"prompt": "echo last >> order", "label": "last", "after": ["first", "second"]},
        {"prompt": "echo first >> order", "label": "first"},
        {"prompt": "echo second >> order", "label": "second", "after": ["first"]},
    )
)


def die_at(instance: Instance, point: str, *words: str, input: str = "") -> None:
    """Run our command, which is killed at that point."""
    trigger = instance.file("trigger")
    trigger.touch()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ccpar_hybrid", *words],
        env={**instance.environment, VARIABLE: f"{point}:{trigger}"},
        cwd=instance.project,
        input=input,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -9, f"{done.stdout}{done.stderr}"


def by_label(instance: Instance) -> dict[str, TaskKey]:
    tasks = instance.app.ledger.tasks(newest_first=False)
    return {task.spec.label or "": task.key for task in tasks}


@pytest.mark.parametrize("point", ["add.kept", "submit.held", "submit.released", "add.queued"])
def test_what_is_in_the_ledger_comes_whole(instance: Instance, point: str) -> None:
    instance.setup(1)
    instance.pueue("pause", "--group", GROUP)
    recover(instance.app)
    die_at(instance, point, "add", "--jsonl", input=LINES)
    tasks = by_label(instance)
    assert set(tasks) == {"first", "second", "last"}

    recover(instance.app)
    assert recover(instance.app).is_nothing
    states = {label: instance.view(key).state for label, key in tasks.items()}
    assert states == {
        "first": TaskState.QUEUED,
        "second": TaskState.BLOCKED,
        "last": TaskState.BLOCKED,
    }
    assert len(instance.app.scheduler.snapshot().jobs) == 3
    instance.pueue("start", "--group", GROUP)
    assert instance.outcome(tasks["last"]).result == "succeeded"
    assert instance.file("order").read_text().split() == ["first", "second", "last"]


def test_half_an_add_survives_the_daemon_too(instance: Instance) -> None:
    instance.setup(1)
    instance.pueue("pause", "--group", GROUP)
    recover(instance.app)
    die_at(instance, "submit.held", "add", "--jsonl", input=LINES)
    crash_daemon(instance)
    assert set(recover(instance.app).completed) == set(by_label(instance).values())
    instance.pueue("start", "--group", GROUP)
    assert instance.outcome(by_label(instance)["last"]).result == "succeeded"
    assert instance.file("order").read_text().split() == ["first", "second", "last"]


@pytest.mark.parametrize("cleaned", [False, True])
def test_a_restart_that_was_cut_off_is_completed(instance: Instance, cleaned: bool) -> None:
    instance.setup(1)
    task = instance.add("echo run >> runs; [ -e good ]")
    assert instance.settled(task).result == "failed"
    instance.file("good").touch()
    if cleaned:
        instance.pueue("clean")
    die_at(instance, "restart.reopened", "restart", task)
    assert recover(instance.app).completed == (task,)
    assert instance.outcome(task).result == "succeeded"
    assert instance.file("runs").read_text().split() == ["run", "run"]


def test_a_task_that_somebody_is_adding_is_neither_lost_nor_added_again(
    instance: Instance,
) -> None:
    instance.setup(1)
    spec = TaskSpec(prompt="echo x", directory=str(instance.project), agent="command")
    task = Task(key=new_key(), spec=spec, source=TaskSource.ADDED, created_at=SOME_TIME)
    with adding(instance.app.paths, [task.key]):
        instance.app.ledger.add([task])
        assert recover(instance.app).is_nothing
        view = instance.view(task.key)
        assert (view.state, view.detail) == (TaskState.QUEUED, "is being added")
    assert recover(instance.app).completed == (task.key,)
    assert instance.outcome(task.key).result == "succeeded"
