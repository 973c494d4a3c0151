"""The starter that Pueue's tasks run."""

import subprocess
from pathlib import Path

from ccpar_hybrid.app import launcher
from ccpar_hybrid.system.paths import resolve


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
    assert starter.read_text().startswith("#!/bin/sh\n")


def test_it_knows_its_instance_without_any_environment(
    home: Path, environment: dict[str, str]
) -> None:
    odd = {**environment, "HOME": f"{home}/it's; $(touch x) home"}
    starter = Path(launcher.install(resolve(environment), odd), "ccpar-task")
    kept = starter.read_text().replace("exec ", "env; exit; exec ", 1)
    said = subprocess.run(
        ["/bin/sh", "-c", kept], env={"PATH": "/bin:/usr/bin"}, capture_output=True, text=True
    )
    assert f"HOME={odd['HOME']}\n" in said.stdout
    assert not (home / "x").exists()


def test_pueue_is_told_the_key_and_a_path_and_no_more(environment: dict[str, str]) -> None:
    paths = resolve(environment)
    assert launcher.command_for("tkey") == "exec ccpar-task tkey"
    assert launcher.task_environment(paths) == {"PATH": f"{paths.state}/bin:/bin:/usr/bin"}
