"""What a shim tells a worker, and what it does when that worker is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.system.paths import resolve
from ccpar_hybrid.worker import wire
from tests.support.waiting import wait_until

KEY = "tabcdefgh"
_SHIM = "from ccpar_hybrid.worker.shim import run; run()"
Shim = subprocess.Popen[bytes]


@pytest.fixture
def runs(environment: dict[str, str]) -> Iterator[socket.socket]:
    """Where the key's runs listen, as in a worker."""
    path = Path(resolve(environment).run_socket(KEY))
    path.parent.mkdir(parents=True, mode=0o700)
    path.parent.parent.chmod(0o700)
    with socket.socket(fileno=wire.listen(str(path)).detach()) as listener:
        listener.settimeout(10)
        yield listener


@pytest.fixture
def shim(environment: dict[str, str], runs: socket.socket) -> Iterator[Shim]:
    with subprocess.Popen(
        [sys.executable, "-c", _SHIM, KEY],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        yield process
        process.kill()


def next_link(runs: socket.socket) -> wire.Link:
    """The shim's next connection, after it has named its task."""
    connection, _ = runs.accept()
    connection.settimeout(10)
    link = wire.Link(connection)
    told = link.receive()
    assert told
    assert (told["type"], told["key"]) == (wire.TASK, KEY)
    return link


def kind(link: wire.Link) -> str:
    message = link.receive()
    assert message
    return str(message["type"])


def test_a_wish_to_end_outlives_the_worker_that_was_told_of_it(
    shim: Shim, runs: socket.socket
) -> None:
    with next_link(runs) as link:
        os.kill(shim.pid, signal.SIGTERM)
        assert kind(link) == wire.CANCEL
    assert shim.wait(timeout=10) == 143


def test_the_next_worker_is_told_of_the_daemons_death_as_well(
    shim: Shim, runs: socket.socket
) -> None:
    assert shim.stdin
    shim.stdin.close()
    with next_link(runs) as link:
        assert kind(link) == wire.DAEMON_GONE
    with next_link(runs) as link:
        assert kind(link) == wire.DAEMON_GONE
        link.send({"type": wire.OUTCOME, "exit_code": 5})
    assert shim.wait(timeout=10) == 5


def test_a_shim_that_cannot_offer_tries_again(environment: dict[str, str]) -> None:
    offers = Path(resolve(environment).offers("subissues"))
    offers.parent.parent.mkdir(parents=True, mode=0o700)
    offers.parent.write_text("in the way")
    argv = [sys.executable, "-c", _SHIM, KEY]
    with subprocess.Popen(
        argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        said = process.stdout.readline().decode()
        assert "cannot offer the task, trying again" in said
        offers.parent.unlink()
        wait_until(lambda: offers.is_dir() and list(offers.iterdir()), message="it has offered")
        process.terminate()
        assert process.wait(20) == 143


def test_a_shim_without_its_daemon_offers_nothing(environment: dict[str, str]) -> None:
    offers = Path(resolve(environment).offers("subissues"))
    argv = [sys.executable, "-c", _SHIM, KEY]
    with subprocess.Popen(
        argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        wait_until(lambda: offers.is_dir() and list(offers.iterdir()), message="it has offered")
        assert process.stdin
        process.stdin.close()
        assert process.wait(20) == 143
        assert not list(offers.iterdir())
