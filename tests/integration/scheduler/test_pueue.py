"""What is Pueue's own, beyond the contract of every scheduler."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.task import TaskKey, new_key
from ccpar_hybrid.scheduler import pueue_socket
from ccpar_hybrid.scheduler.base import JobState, Submission
from ccpar_hybrid.scheduler.pueue import PueueScheduler
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_socket import PueueConnection, SocketUnusable
from tests.support.paths import require_program
from tests.support.pueue_daemon import PueueDaemon
from tests.support.scheduler import install_shim, shim_command
from tests.support.waiting import wait_until

ways = pytest.mark.parametrize("use_socket", [True, False], ids=["socket", "command"])


def scheduler_of(daemon: PueueDaemon, *, use_socket: bool = True) -> PueueScheduler:
    minimal = {"PATH": daemon.environment["PATH"], "HOME": str(daemon.home)}
    return PueueScheduler(daemon.environment, minimal, shim_command, use_socket=use_socket)


def jobs_of(home: Path, count: int) -> list[Submission]:
    return [Submission(key=new_key(), group="default", directory=str(home)) for _ in range(count)]


def test_the_hot_ways_need_no_pueue_command(pueue_daemon: PueueDaemon) -> None:
    environment = {**pueue_daemon.environment, "PATH": "/nowhere"}
    scheduler = PueueScheduler(environment, {"A": "b"}, shim_command)
    pueue_daemon.pueue("pause")
    scheduler.submit(jobs_of(pueue_daemon.home, 3))
    assert len(scheduler.snapshot().jobs) == 3


@ways
def test_a_job_stores_the_minimal_environment(
    pueue_daemon: PueueDaemon, use_socket: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of the caller")
    pueue_daemon.pueue("pause")
    scheduler_of(pueue_daemon, use_socket=use_socket).submit(jobs_of(pueue_daemon.home, 1))
    (task,) = json.loads(pueue_daemon.pueue("status", "--json"))["tasks"].values()
    finders = {
        "PUEUE_CONFIG_PATH",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "PWD",
        "_",
        "SHLVL",
    }
    assert set(task["envs"]) - (set() if use_socket else finders) == {"PATH", "HOME"}


@ways
def test_an_interrupted_submission_takes_back_what_it_had_queued(
    pueue_daemon: PueueDaemon, use_socket: bool
) -> None:
    wanted = jobs_of(pueue_daemon.home, 20)
    pueue_daemon.pueue("add", "--stashed", "--", "true")

    def command_for(key: TaskKey) -> str:
        if key == wanted[11].key:
            raise KeyboardInterrupt
        return shim_command(key)

    scheduler = PueueScheduler(
        pueue_daemon.environment, {"PATH": ""}, command_for, use_socket=use_socket
    )
    with pytest.raises(KeyboardInterrupt):
        scheduler.submit(wanted)
    assert list(scheduler.snapshot().jobs) == [0]


@ways
def test_a_daemon_that_crashes_after_a_submission_has_its_jobs_queued(
    pueue_daemon: PueueDaemon, use_socket: bool
) -> None:
    scheduler = scheduler_of(pueue_daemon, use_socket=use_socket)
    pueue_daemon.pueue("pause")
    numbers = scheduler.submit(jobs_of(pueue_daemon.home, 5))
    scheduler.ensure_group("default", 7)
    pueue_daemon.kill()
    pueue_daemon.start()
    queue = scheduler.snapshot()
    assert [queue.jobs[number].state for number in numbers] == [JobState.QUEUED] * 5
    assert queue.groups["default"].slots == 7


def test_more_jobs_than_fit_into_the_socket_at_once_are_queued_in_order(
    pueue_daemon: PueueDaemon,
) -> None:
    pueue_daemon.pueue("pause")
    wanted = jobs_of(pueue_daemon.home, 200)
    chained = [
        each.model_copy(update={"after_batch": (index - 1,)} if index % 50 else {})
        for index, each in enumerate(wanted)
    ]
    scheduler = scheduler_of(pueue_daemon)
    numbers = scheduler.submit(chained)
    jobs = scheduler.snapshot().jobs
    assert numbers == list(range(200))
    assert [jobs[number].key for number in numbers] == [each.key for each in wanted]
    assert jobs[120].after == (119,)
    assert jobs[100].after == ()


def test_a_task_by_hand_keeps_its_identity_over_restart_and_crash(
    pueue_daemon: PueueDaemon,
) -> None:
    path = f"{install_shim(pueue_daemon.home)}:{pueue_daemon.environment['PATH']}"
    pueue_daemon.environment["PATH"] = path
    by_socket = scheduler_of(pueue_daemon)
    by_command = scheduler_of(pueue_daemon, use_socket=False)
    pueue_daemon.pueue("pause")
    pueue_daemon.pueue("add", "-l", "fix-1", "--", "ccpar-task --prompt 'Fix the parser'")
    pueue_daemon.pueue("add", "--", "make")
    job, other = by_socket.snapshot().jobs.values()
    assert (job.by_hand, job.key, other.by_hand) == (True, None, False)
    assert by_command.snapshot().jobs[job.id].identity == job.identity
    pueue_daemon.kill()
    pueue_daemon.environment["TZ"] = "Asia/Kolkata"
    pueue_daemon.start()
    pueue_daemon.pueue("start", str(job.id))
    wait_until(lambda: by_socket.snapshot().jobs[job.id].state is JobState.ENDED)
    by_socket.restart(job.id)
    found = by_command.snapshot().of_key(job.task or TaskKey(""))
    assert found is not None
    assert found.id == job.id


def test_words_are_joined_without_quotes_when_pueue_gets_several(
    pueue_daemon: PueueDaemon,
) -> None:
    # Pueue 4.0.4: so a prompt in several words reaches the shim as several arguments.
    pueue_daemon.pueue("add", "--stashed", "--", "ccpar-task", "--prompt", "Fix the parser")
    (job,) = scheduler_of(pueue_daemon).snapshot().jobs.values()
    assert job.command == "ccpar-task --prompt Fix the parser"
    assert job.by_hand


def test_an_unknown_protocol_leads_to_the_command(
    pueue_daemon: PueueDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pueue_socket, "KNOWN_PROTOCOLS", frozenset({"9.9.9"}))
    with pytest.raises(SocketUnusable, match=r"unknown protocol 0\.31\.1"):
        PueueConnection(read_config(pueue_daemon.environment))
    assert scheduler_of(pueue_daemon).snapshot().groups["default"].slots == 1


def test_a_wrong_secret_is_said_in_words(pueue_daemon: PueueDaemon) -> None:
    (pueue_daemon.directory / "shared_secret").write_text("wrong")
    with pytest.raises(MissingPart, match="does not answer"):
        scheduler_of(pueue_daemon).snapshot()


@ways
def test_no_daemon_is_said_with_the_way_to_start_it(
    pueue_daemon: PueueDaemon, use_socket: bool
) -> None:
    pueue_daemon.stop()
    with pytest.raises(MissingPart, match="pueued does not answer") as missing:
        scheduler_of(pueue_daemon, use_socket=use_socket).snapshot()
    assert "ccpar-hybrid setup" in missing.value.hint


def test_no_pueue_is_said_with_what_to_install(home: Path) -> None:
    with pytest.raises(MissingPart, match="'pueue'") as missing:
        PueueScheduler({"HOME": str(home), "PATH": "/nowhere"}, {}, shim_command).snapshot()
    assert "cargo install" in missing.value.hint


def test_a_state_of_a_later_pueue_is_refused_with_its_version(
    home: Path, environment: dict[str, str]
) -> None:
    require_program("sh")
    fake = home / "pueue"
    state = '{"tasks": {}, "groups": {"default": {"status": "Melting", "parallel_tasks": 1}}}'
    fake.write_text(
        f"#!/bin/sh\ncase \"$*\" in *--version*) echo pueue 9.1;; *) echo '{state}';; esac\n"
    )
    fake.chmod(0o755)
    environment["PATH"] = f"{home}:{environment['PATH']}"
    with pytest.raises(MissingPart, match=r"pueue 9\.1 .* 'Melting'"):
        PueueScheduler(environment, {}, shim_command, use_socket=False).snapshot()
