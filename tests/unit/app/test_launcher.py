"""The starter that Pueue's tasks run."""

import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.app import launcher
from ccpar_hybrid.system.paths import make_private, record_runtime, resolve
from tests.support.waiting import wait_until


def test_the_starter_is_private_short_and_written_once(
    home: Path, environment: dict[str, str]
) -> None:
    paths = resolve(environment)
    starter = Path(launcher.install(paths, environment), "ccpar-task")
    first = starter.stat()
    assert first.st_mode & 0o777 == 0o700
    assert starter.parent.stat().st_mode & 0o777 == 0o700
    launcher.install(paths, environment)
    assert starter.stat().st_ino == first.st_ino
    starter.write_text("spoiled")
    launcher.install(paths, environment)
    assert starter.read_text().startswith("#!")


@pytest.mark.parametrize("place", ["plain", "with a blank and it's quote"])
def test_it_knows_its_instance_without_any_environment(
    place: str, home: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = home / place / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    odd = {**environment, "HOME": f"{home}/it's; $(touch x) home", "XDG_STATE_HOME": ""}
    Path(odd["HOME"]).mkdir()
    paths = resolve(odd)
    make_private(paths.runtime)
    record_runtime(paths)
    starter = Path(launcher.install(paths, odd), "ccpar-task")
    shim = subprocess.Popen(
        [starter, "tabcdefgh"],
        env={"PATH": "/bin:/usr/bin", "PUEUE_GROUP": "g"},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    offers = Path(paths.offers("g"))
    try:
        wait_until(lambda: offers.is_dir() and list(offers.iterdir()), message="it offers there")
    finally:
        shim.terminate()
        shim.communicate()
    assert shim.returncode == 143
    assert not (home / "x").exists()


def test_pueue_is_told_the_key_and_a_path_and_no_more(environment: dict[str, str]) -> None:
    paths = resolve(environment)
    assert launcher.command_for("tkey") == "exec ccpar-task tkey"
    assert launcher.task_environment(paths, environment) == {
        "PATH": f"{paths.state}/bin:/bin:/usr/bin",
        "HOME": environment["HOME"],
    }
