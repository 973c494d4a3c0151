from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import MissingPart, Refused
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_daemon import (
    answers,
    client_version,
    daemon_version,
    pueue_directory,
    start_daemon,
)
from ccpar_hybrid.scheduler.pueue_socket import PueueConnection
from ccpar_hybrid.system.process import is_alive, process
from tests.support.paths import require_program
from tests.support.pueue_daemon import write_config
from tests.support.waiting import wait_until


@pytest.fixture(params=["configured", "by default"])
def place(
    request: pytest.FixtureRequest, home: Path, environment: dict[str, str]
) -> Iterator[dict[str, str]]:
    """An environment with or without a configuration of Pueue, whose daemon is ended."""
    require_program("pueued")
    if request.param == "configured":
        write_config(home)
    else:
        del environment["PUEUE_CONFIG_PATH"]
    yield environment
    file = read_config(environment).pid_file
    if file.exists():
        pid = int(file.read_text())
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_alive(pid))


def test_a_daemon_is_started_once_privately_and_away_from_the_terminal(
    place: dict[str, str],
) -> None:
    assert not answers(place)
    assert start_daemon(place)
    assert answers(place)
    assert not start_daemon(place)
    config = read_config(place)
    pid = int(config.pid_file.read_text())
    daemon = process(pid)
    assert daemon is not None
    assert daemon.session != os.getsid(0)
    assert b"MALLOC_ARENA_MAX=1" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert pueue_directory(place).stat().st_mode & 0o777 == 0o700
    for file in ("state.json", "shared_secret"):
        assert not (config.directory / file).stat().st_mode & 0o077
    with PueueConnection(config) as connection:
        assert connection.protocol == "0.31.1"


def test_a_daemon_that_cannot_start_says_why(home: Path, environment: dict[str, str]) -> None:
    require_program("pueued")
    write_config(home)
    (home / "pueue" / "certs").write_text("in the way")
    with pytest.raises(MissingPart, match=r"pueued does not start: Failed to create certificates"):
        start_daemon(environment)


def test_a_too_long_socket_path_is_said_with_its_mending(
    home: Path, environment: dict[str, str]
) -> None:
    require_program("pueued")
    del environment["PUEUE_CONFIG_PATH"]
    long = home / ("x" * 110)
    long.mkdir(mode=0o700)
    with pytest.raises(MissingPart, match="SUN_LEN") as missing:
        start_daemon({**environment, "XDG_RUNTIME_DIR": str(long)})
    assert "XDG_RUNTIME_DIR" in missing.value.hint


@pytest.mark.parametrize("place", ["by default"], indirect=True)
def test_no_second_daemon_is_started_over_the_state_of_one_that_listens_elsewhere(
    place: dict[str, str],
) -> None:
    assert start_daemon(place)
    without = {name: value for name, value in place.items() if name != "XDG_RUNTIME_DIR"}
    with pytest.raises(Refused, match="runs already") as refused:
        start_daemon(without)
    assert refused.value.hint.endswith(f"export XDG_RUNTIME_DIR={place['XDG_RUNTIME_DIR']}")
    assert not answers(without)


def test_versions_are_told(environment: dict[str, str]) -> None:
    require_program("pueue")
    assert client_version(environment).split(".")[0] == "4"
    assert daemon_version(environment).split(".")[0] == "4"


def test_a_missing_pueue_is_said_with_what_to_install(environment: dict[str, str]) -> None:
    environment["PATH"] = "/nowhere"
    for ask in (client_version, daemon_version, start_daemon):
        with pytest.raises(MissingPart) as missing:
            ask(environment)
        assert "cargo install" in missing.value.hint
