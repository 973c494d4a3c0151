"""Only one process at a time has the right to run a key."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.system.paths import Paths, resolve
from ccpar_hybrid.worker.lease import lease
from tests.support.waiting import wait_until

_HOLDER = """
import os, sys
from ccpar_hybrid.system.paths import resolve
from ccpar_hybrid.worker.lease import lease
with lease(resolve(os.environ), "tkey") as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def paths(environment: dict[str, str]) -> Paths:
    found = resolve(environment)
    Path(found.runtime).mkdir(parents=True, mode=0o700, exist_ok=True)
    return found


def test_a_second_holder_is_told_that_it_has_no_right(paths: Paths) -> None:
    with lease(paths, "tkey") as first, lease(paths, "tkey") as second, lease(paths, "tb") as other:
        assert (first, second, other) == (True, False, True)
    with lease(paths, "tkey") as again:
        assert again
    assert not Path(paths.lease("tkey")).exists()


def test_it_is_given_back_when_its_holder_fails(paths: Paths) -> None:
    with pytest.raises(RuntimeError), lease(paths, "tkey"):
        raise RuntimeError
    with lease(paths, "tkey") as ours:
        assert ours


def test_the_kernel_releases_it_when_its_holder_is_killed(
    paths: Paths, environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER],
        env=environment,
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with lease(paths, "tkey") as ours:
            assert not ours
        holder.kill()
    assert Path(paths.lease("tkey")).exists()
    with lease(paths, "tkey") as ours:
        assert ours


def test_the_lock_is_private_and_no_child_inherits_it(paths: Paths) -> None:
    with lease(paths, "tkey"):
        path = Path(paths.lease("tkey"))
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        child = os.fork()
        if child == 0:
            os.execv("/bin/sleep", ["sleep", "100"])
        wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
    try:
        with lease(paths, "tkey") as ours:
            assert ours
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
