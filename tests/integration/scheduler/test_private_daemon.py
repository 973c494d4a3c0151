from __future__ import annotations

import json

from ccpar_hybrid.system.process import is_alive
from tests.support.pueue_daemon import PueueDaemon


def test_a_tests_own_daemon_is_found_by_the_environment(pueue_daemon: PueueDaemon) -> None:
    assert pueue_daemon.socket.is_socket()
    assert json.loads(pueue_daemon.pueue("status", "--json"))["tasks"] == {}


def test_a_crashed_daemon_keeps_its_tasks(pueue_daemon: PueueDaemon) -> None:
    pueue_daemon.pueue("add", "--stashed", "--", "true")
    old = pueue_daemon.pid
    pueue_daemon.kill()
    assert not is_alive(old)
    pueue_daemon.start()
    assert list(json.loads(pueue_daemon.pueue("status", "--json"))["tasks"]) == ["0"]
