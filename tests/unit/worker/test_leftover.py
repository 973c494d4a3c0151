"""What a killed worker left behind is found by its mark, or by the record of its run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.system.paths import Paths, resolve
from ccpar_hybrid.system.process import is_alive, processes
from ccpar_hybrid.worker.leftover import MARK, end_leftovers, mark_of
from ccpar_hybrid.worker.stray import Strays, recorded, stray_groups, strays
from tests.support.paths import private_environment
from tests.support.waiting import wait_until

KEY = TaskKey("tleftover")
CHAIN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(4000):  # where nobody reaps them, each stays in the table of processes
    open("beat", "w").close()
    if os.fork(): os._exit(0)
    time.sleep(0.002)
"""


@pytest.fixture
def paths(home: Path) -> Paths:
    return resolve(private_environment(home))


@pytest.fixture
def chain(home: Path, paths: Paths) -> Iterator[int]:
    """The process group of a chain that beats in `beat`; ended with the test."""
    pid = orphan(home, CHAIN, {**os.environ, MARK: mark_of(paths, KEY, 1)})
    yield pid
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def orphan(home: Path, code: str, environment: dict[str, str]) -> int:
    """The pid of a process of a session of its own, whose parent has ended."""
    hand_on = "import os\nif os.fork(): os._exit(0)\nos.setsid()\nprint(os.getpid(), flush=True)\n"
    argv = [sys.executable, "-c", hand_on + code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment, cwd=home) as parent:
        assert parent.stdout is not None
        return int(parent.stdout.readline())


async def test_one_with_another_environment_is_found_by_the_record(
    home: Path, paths: Paths
) -> None:
    pid = orphan(home, "import time; time.sleep(60)", {})
    Strays(paths, KEY).note(lambda: [pid], 0.0)
    assert (strays(paths, KEY), recorded(paths)) == ([pid], [KEY])
    await end_leftovers(paths, KEY, 0.2)
    wait_until(lambda: not is_alive(pid))
    assert recorded(paths) == []


async def test_a_chain_of_processes_is_ended_by_its_group(
    home: Path, paths: Paths, chain: int
) -> None:
    Path(paths.processes).mkdir(parents=True, mode=0o700)
    Path(paths.processes, KEY).write_text(f"[[{chain}, 1, {chain}]]")
    beat = home / "beat"
    wait_until(beat.exists)
    assert stray_groups(paths, KEY) == {chain}
    await end_leftovers(paths, KEY, 0.2)
    assert len({beat.stat().st_mtime_ns for _ in range(20) if processes()}) == 1


async def test_a_group_whose_number_is_anothers_by_now_is_let_alone(
    home: Path, paths: Paths
) -> None:
    pid = orphan(home, "import time; time.sleep(60)", {})
    Path(paths.processes).mkdir(parents=True, mode=0o700)
    Path(paths.processes, KEY).write_text(f"[[{pid}, 1, {pid}]]")
    await end_leftovers(paths, KEY, 0.2)
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


async def test_a_damaged_record_names_nobody(paths: Paths) -> None:
    Path(paths.processes).mkdir(parents=True, mode=0o700)
    for text in ("", "{}", "[1]", '[["a", 1, 2]]'):
        Path(paths.processes, KEY).write_text(text)
        assert (strays(paths, KEY), stray_groups(paths, KEY)) == ([], set())
    assert await end_leftovers(paths, KEY, 0.2) == 0
