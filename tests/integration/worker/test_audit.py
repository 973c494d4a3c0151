"""`audit` on a live session: silent while tasks come and go, and it sees what is broken."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.app.audit import audit
from ccpar_hybrid.app.snapshot import TaskState
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.worker.leftover import MARK, mark_of
from tests.support.instance import Instance, running_instance
from tests.support.json_page import check_document


@pytest.fixture(scope="module")
def session() -> Iterator[Instance]:
    """Three workers, a finished task and one that runs all the time."""
    with running_instance(CCPAR_AGENT_DEFAULT="command") as instance:
        instance.setup(3)
        instance.settled(instance.add("true", label="done"))
        instance.add("setsid sleep 600 & sleep 600", label="long")
        yield instance


def broken(instance: Instance) -> set[tuple[str, str]]:
    """What two looks find."""
    found = audit(instance.app, pause_s=0.5)
    assert found.picture.unseen == ()
    return {(breach.promise, breach.where) for breach in found.breaches}


def test_a_busy_session_breaks_no_promise(session: Instance) -> None:
    first = session.add("sleep 0.4", label="first")
    tasks = [session.add(f"sleep 0.{n}; test {n} -ne 2", after=["first"]) for n in range(6)]
    said = session.cli("audit")
    assert said.stdout.startswith("every promise is kept")
    for task in (first, *tasks):
        session.outcome(task, timeout_s=60)
    document = json.loads(session.cli("audit", "--json").stdout)
    check_document(document)
    assert document["breaches"] == document["unseen"] == []
    assert document["looked_at"]["workers"] == 3
    assert document["looked_at"]["processes"] >= 2


def test_a_process_that_a_run_has_left_is_found(session: Instance) -> None:
    key = session.app.ledger.with_label("done")[0].key
    paths = session.app.paths
    left = subprocess.Popen(
        ["sleep", "600"], env={**session.environment, MARK: mark_of(paths, key, 1)}
    )
    try:
        assert broken(session) == {("no-orphans", f"process {left.pid}")}
        said = session.cli("audit", code=5).stdout
        assert f"kill {left.pid}" in said
        assert "1 promise broken" in said
    finally:
        left.kill()
        left.wait()


def test_files_that_others_can_read_and_leases_that_nobody_holds_are_found(
    session: Instance,
) -> None:
    lease = Path(session.app.paths.lease("taaaaaaaa"))
    lease.touch()
    lease.chmod(0o644)
    try:
        assert broken(session) == {("nothing-stale", str(lease)), ("files-private", str(lease))}
    finally:
        lease.unlink()


def test_a_task_that_pueue_has_forgotten_is_found(session: Instance) -> None:
    task = session.add("true", label="late", delay="1h")
    assert broken(session) == set()
    session.pueue("remove", session.id(task))
    assert broken(session) == {("nothing-lost", task)}
    session.cli("cancel", task)
    assert broken(session) == set()


def test_what_pueue_calls_done_and_the_ledger_does_not_is_found(session: Instance) -> None:
    task = session.add("true")
    session.settled(task)
    session.app.ledger.reopen(task)
    assert broken(session) == {("none-done-that-is-not", task)}
    outcome = session.app.ledger.attempts(task)[-1].outcome
    assert outcome is not None
    failed = outcome.model_copy(update={"result": Result.FAILED, "exit_code": 1})
    session.app.ledger.settle(task, failed)
    assert broken(session) == {("pueue-agrees", task)}
    session.app.ledger.reopen(task)
    session.app.ledger.settle(task, outcome)
    assert broken(session) == set()


def test_without_pueue_the_rest_is_looked_at_and_that_is_said() -> None:
    with running_instance(CCPAR_AGENT_DEFAULT="command") as instance:
        instance.setup(1)
        task = instance.add("sleep 600")
        instance.wait_for(task, TaskState.RUNNING)
        instance.daemon.kill()
        said = instance.cli("audit", code=4)
        assert "not seen" in said.stdout
        assert "Pueue" in said.stdout
