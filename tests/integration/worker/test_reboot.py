"""After everything has died, and the runtime directory is another one, all goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ccpar_hybrid.app import session
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.outcome import Start
from ccpar_hybrid.system.process import is_alive
from tests.support.instance import SESSION, Instance
from tests.support.waiting import wait_until

TASKS = 3


def reboot(instance: Instance) -> None:
    """Everything is killed; sockets are gone, and they will lie elsewhere."""
    for pid in instance.processes():
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
    instance.daemon.kill()
    wait_until(lambda: not instance.processes(), timeout_s=20, message="all has died")
    shutil.rmtree(instance.app.paths.runtime)
    elsewhere = instance.home / "r2"
    elsewhere.mkdir(mode=0o700)
    instance.environment["XDG_RUNTIME_DIR"] = str(elsewhere)
    instance.app.close()
    instance.app = App(instance.environment)
    assert Path(instance.app.paths.runtime).is_relative_to(elsewhere)


def by_setup(instance: Instance) -> None:
    report = session.Sessions(instance.app).setup(session.Wanted(SESSION))
    assert report.daemon_started
    assert report.created
    assert len(report.recovered.again) == TASKS


def by_recover(instance: Instance) -> None:
    said = instance.cli("recover").stdout
    assert "started pueued" in said
    assert f"queued {TASKS} tasks again" in said
    assert f"built session {SESSION} again" in said


@pytest.mark.parametrize("bring_back", [by_setup, by_recover], ids=["setup", "recover"])
def test_all_goes_on_after_a_reboot(
    instance: Instance, bring_back: Callable[[Instance], None]
) -> None:
    instance.setup(TASKS)
    steps = [
        {"say": "Begun."},
        {
            "tool": "Bash",
            "input": {"command": "echo x >> begun; until [ -e go ]; do sleep 1; done"},
        },
    ]
    prompt = f"Do it.\nscript: {json.dumps(steps)}"
    tasks = [instance.add(prompt, agent="demo", allowed_tools=["Bash"]) for _ in range(TASKS)]
    after = instance.add("echo after > after", after=tasks)
    file = instance.file("begun")
    wait_until(
        lambda: file.exists() and len(file.read_text().split()) == TASKS,
        timeout_s=60,
        message="all have begun",
    )
    before = instance.app.ledger.last_attempts(tasks)
    reboot(instance)

    bring_back(instance)
    wait_until(
        lambda: all(instance.attempts(task) == 2 for task in tasks),
        timeout_s=60,
        message="all have begun again",
    )
    again = instance.app.ledger.last_attempts(tasks)
    assert {again[key].start for key in tasks} == {Start.RESUMED}
    assert [again[key].session_id for key in tasks] == [before[key].session_id for key in tasks]
    instance.file("go").touch()
    for task in (*tasks, after):
        assert instance.outcome(task, timeout_s=60).result == "succeeded"
    assert instance.view(after).state is TaskState.SUCCEEDED
    assert instance.cli("recover").stdout == "nothing to recover\n"
    instance.pueue("shutdown")
