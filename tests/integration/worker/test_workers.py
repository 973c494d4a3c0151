"""`workers list|health|scale|restart|drain`, and workers of another version."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.pane_program import PanePrograms
from ccpar_hybrid.app.session import Sessions
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.tmux.plan import WorkerSlot
from ccpar_hybrid.worker import wire
from tests.support.instance import GROUP, SESSION, Instance, running_instance
from tests.support.json_page import check_document
from tests.support.waiting import wait_until

LONG_S = 40.0
HOLD = "echo $CCPAR_WORKER >> workers; while [ ! -e go ]; do sleep 0.05; done"
OLD = """\
import sys
import ccpar_hybrid
from ccpar_hybrid.worker import wire
ccpar_hybrid.__version__, wire.WIRE, wire.SERVED = "0.0.1", 1, (1,)
from ccpar_hybrid.front.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def supervised() -> Iterator[Instance]:
    """With a supervisor, which takes away panes and starts workers again."""
    with running_instance(CCPAR_SUPERVISOR_RUN="true") as running:
        yield running


def busy(instance: Instance) -> list[str]:
    file = instance.file("workers")
    return file.read_text().split() if file.exists() else []


def slots(instance: Instance) -> int:
    return instance.app.scheduler.snapshot().groups[GROUP].slots


def panes(instance: Instance) -> list[str]:
    view = Sessions(instance.app)._server.find_session(SESSION)
    assert view
    return sorted(view.workers)


def names(directory: Path) -> list[str]:
    return [each.name for each in directory.iterdir()]


def make_old(instance: Instance, name: str) -> int:
    """Let the worker's pane run a worker of an earlier version; its pid."""
    file = instance.home / "old.py"
    file.write_text(OLD)
    argv = PanePrograms(instance.app, SESSION).worker(WorkerSlot(name, GROUP))
    old = (sys.executable, str(file), *argv[argv.index("worker") :])
    before = instance.worker(name).pid
    Sessions(instance.app)._server.respawn(instance.pane(name), old, kill=True)
    wait_until(lambda: name in (them := instance.workers()) and them[name].pid != before)
    return instance.worker(name).pid


def test_scaling_down_waits_for_the_busy_and_gives_their_slots_back(supervised: Instance) -> None:
    instance = supervised
    instance.setup(1)
    assert "added: w2, w3" in instance.cli("workers", "scale", "3").stdout
    assert slots(instance) == 3
    task = instance.add(HOLD)
    wait_until(lambda: busy(instance))
    worker = busy(instance)[0]
    instance.cli("workers", "drain", "w1" if worker != "w1" else "w2", "--wait")
    said = instance.cli("workers", "scale", "1").stdout
    assert slots(instance) == 1
    assert instance.view(task).state is TaskState.RUNNING
    assert "1 worker in" in said
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"
    wait_until(lambda: panes(instance) == ["w1"], timeout_s=LONG_S, message="w1 alone is left")
    instance.wait_idle("w1")
    assert instance.outcome(instance.add("true"), timeout_s=LONG_S).result == "succeeded"


def test_a_drained_worker_stays_away_until_it_is_brought_back(supervised: Instance) -> None:
    instance = supervised
    instance.setup(2)
    instance.cli("workers", "drain", "w1")
    wait_until(lambda: panes(instance) == ["w2"], timeout_s=LONG_S)
    assert slots(instance) == 1
    refused = instance.cli("workers", "drain", "w2", code=6)
    assert "w2 is the last worker of subissues" in refused.stderr
    assert instance.cli("workers", "drain", "w1", code=3).stderr
    instance.cli("workers", "scale", "2")
    assert panes(instance) == ["w1", "w2"]
    assert slots(instance) == 2


def test_a_busy_worker_is_restarted_after_its_task_or_at_once(supervised: Instance) -> None:
    instance = supervised
    instance.setup(1)
    pid = instance.worker().pid
    assert "restarted w1" in instance.cli("workers", "restart", "w1").stdout
    assert instance.wait_idle().pid != pid

    task = instance.add(HOLD)
    wait_until(lambda: busy(instance))
    pid = instance.worker().pid
    assert "when its task has ended" in instance.cli("workers", "restart", "w1").stdout
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"
    assert instance.attempts(task) == 1
    wait_until(
        lambda: "w1" in (them := instance.workers()) and them["w1"].pid != pid, timeout_s=LONG_S
    )
    instance.file("go").unlink()

    task = instance.add(HOLD)
    wait_until(lambda: len(busy(instance)) == 2, timeout_s=LONG_S)
    instance.cli("workers", "restart", "w1", "--now")
    wait_until(lambda: len(busy(instance)) == 3, timeout_s=LONG_S, message="it goes on")
    instance.file("go").touch()
    assert instance.outcome(task).result == "succeeded"
    assert instance.attempts(task) == 2


def test_without_a_supervisor_a_busy_worker_is_not_sent_away(instance: Instance) -> None:
    instance.setup(1)
    instance.add(HOLD)
    wait_until(lambda: busy(instance))
    assert "no supervisor" in instance.cli("workers", "restart", "w1", code=4).stderr
    assert not instance.worker().draining


def test_health_tells_of_the_ended_and_the_missing(instance: Instance) -> None:
    instance.setup(3)
    assert instance.cli("workers", "health").stdout.count(" ok ") == 3
    os.kill(instance.worker("w2").pid, signal.SIGKILL)
    instance.tmux.tmux("kill-pane", "-t", instance.pane("w3"))
    said = instance.cli("workers", "health", "--json", code=4).stdout
    document = json.loads(said)
    check_document(document)
    assert [each["health"] for each in document["workers"]] == ["ok", "ended", "missing"]
    document = json.loads(instance.cli("workers", "list", "--json").stdout)
    check_document(document)
    assert [each["pid"] for each in document["workers"]] == [instance.worker("w1").pid, None, None]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("scale", "0"), 2),
        (("scale", "many"), 2),
        (("scale", "2", "--group", "nobody"), 3),
        (("restart", "w9"), 3),
        (("drain", "w9"), 3),
        (("scale", "2", "--session", "nowhere"), 3),
        (("health", "--session", "nowhere"), 3),
    ],
)
def test_mistakes_are_answered_in_words(
    one_worker: Instance, words: tuple[str, ...], code: int
) -> None:
    said = one_worker.cli("workers", *words, code=code).stderr
    assert said.startswith("ccpar-hybrid: ")
    assert list(one_worker.workers()) == ["w1"]


@pytest.fixture(scope="module")
def one_worker() -> Iterator[Instance]:
    with running_instance() as running:
        running.setup(1)
        yield running


def test_setup_renews_an_idle_worker_of_another_version_at_once(instance: Instance) -> None:
    instance.setup(2)
    old, other = make_old(instance, "w1"), instance.worker("w2").pid
    assert "runs version 0.0.1: ccpar-hybrid workers restart w1" in instance.cli("status").stdout
    assert instance.cli("workers", "health", code=4).stdout.count("outdated") == 1
    report = instance.setup(2)
    assert report.restarted == ["w1"]
    assert instance.worker("w1").pid != old
    assert instance.worker("w2").pid == other
    assert "0.0.1" not in instance.cli("status").stdout


def test_a_worker_of_another_version_gets_no_task_and_the_log_says_why(instance: Instance) -> None:
    instance.setup(1)
    make_old(instance, "w1")
    task = instance.add("echo run >> runs")
    instance.wait_for(task, TaskState.OFFERED)
    offers = Path(instance.app.paths.offers(GROUP))
    wait_until(lambda: names(offers) and all(wire.whole_of(n) == n for n in names(offers)))
    with wire.Link.connect(f"{offers}/{names(offers)[0]}", 10.0) as link:
        link.send({"type": wire.CLAIM, "wire": 1, "worker": f"{SESSION}.w1"})
        assert link.receive() is None
    wait_until(
        lambda: (
            "worker w1 runs another version: `ccpar-hybrid workers restart w1`"
            in instance.log(task)
        ),
        timeout_s=LONG_S,
    )
    assert not instance.file("runs").exists()
    assert "another version waits" in instance.worker("w1").detail
    instance.setup(1)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert instance.attempts(task) == 1


def test_a_waiting_shim_of_the_version_before_is_served(instance: Instance) -> None:
    instance.setup(1)
    group = "later"
    instance.pueue("group", "add", group)
    bin_ccpar_task = Path(instance.app.paths.state, "bin", "ccpar-task")
    text = bin_ccpar_task.read_text()
    bin_ccpar_task.write_text(
        text.replace(
            "from ccpar_hybrid.worker.shim import run",
            "from ccpar_hybrid.worker import wire\nwire.WIRE = 1\n"
            "from ccpar_hybrid.worker.shim import run",
        )
    )
    task = instance.add("echo run >> runs", group=group)
    instance.wait_for(task, TaskState.OFFERED)
    instance.setup(**{GROUP: 1, group: 1})
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"


def test_a_worker_that_describes_itself_otherwise_is_told_with_its_version(
    instance: Instance,
) -> None:
    instance.setup(1)
    told = instance.worker().model_dump(mode="json") | {
        "version": "9.0",
        "wire": 9,
        "mood": "fine",
        "state": "dreaming",
    }
    status = worker_client._stranger(f"{SESSION}.w1", told)
    assert status
    assert (status.name, status.version, status.state) == ("w1", "9.0", WorkerState.UNKNOWN)
    assert worker_client.is_outdated(status)


def test_stop_now_does_not_wait_for_a_worker_that_hears_nothing(instance: Instance) -> None:
    instance.setup(1)
    file = instance.app.environment_file(SESSION)
    instance.pueue("pause", "--wait", "-g", GROUP)
    instance.add("true")
    pid = instance.worker().pid
    file.unlink()
    os.mkfifo(file)  # a worker reads it before each task, and hangs
    instance.pueue("start", "-g", GROUP)
    wait_until(lambda: not instance.workers(), timeout_s=LONG_S, message="it hangs")
    assert "stopped" in instance.cli("stop", "--now").stdout
    wait_until(lambda: pid not in instance.processes())
