"""Nothing of an agent outlives its reaping, wherever it hides. The worker is a process apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.system.process import is_alive, processes, signal_tree
from tests.support.waiting import wait_until

WORKER = """
import asyncio, os, subprocess, sys, time
from ccpar_hybrid.system.process import become_subreaper, descendants
from ccpar_hybrid.worker import reaper
become_subreaper()
argv = [sys.executable, "-c", sys.argv[1]]
program = subprocess.Popen(argv, stdout=subprocess.DEVNULL, start_new_session=True)
while not os.path.exists("ready"):
    time.sleep(0.01)
if sys.argv[2] == "ended":
    program.wait()
started = reaper.living([program.pid, *descendants(program.pid), *reaper.orphans(program.pid)])
asyncio.run(reaper.reap(started, 0.3))
"""
IDLE = "def idle():\n    while True: time.sleep(60)\n"
READY = "open('ready', 'w').close()\n"
START = f"import os, signal, sys, time\n{IDLE}"

DEAF = f"""{START}
for n in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(n, signal.SIG_IGN)
{READY}
idle()
"""
DOUBLE_FORK = f"""{START}
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        {READY}
        idle()
    os._exit(0)
idle()
"""
OTHER_ENVIRONMENT = f"""{START}
if os.fork() == 0:
    os.setsid()
    os.execve(sys.executable, [sys.executable, "-c", {READY + "import time; time.sleep(60)"!r},
        "ccpar-reaper-test"], {{}})
idle()
"""
STOPPED = f"""{START}
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    {READY}
    os.kill(os.getpid(), signal.SIGSTOP)
    idle()
idle()
"""
ADOPTER = f"""{START}
import ctypes
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        {READY}
        idle()
    os._exit(0)
os.wait()
idle()
"""
HOPPING = f"""{START}
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.setsid() if os.fork() == 0 else os._exit(0)
{READY}
while not os.path.exists("end"):
    open("beat", "w").close()
    if os.fork(): os._exit(0)
    time.sleep(0.002)
"""
STORM = f"""{START}
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{READY}
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        break
else:
    idle()
while not os.path.exists("end"):
    open("beat", "w").close()
    if os.fork(): os._exit(0)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    (tmp_path / "end").touch()
    for pid in living_in(tmp_path):
        signal_tree([pid], signal.SIGKILL)


def living_in(directory: Path) -> list[int]:
    """Living processes that work in the directory; all that the tests start do."""
    return [pid for pid in processes() if is_alive(pid) and works_in(pid, directory)]


def works_in(pid: int, directory: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory
    except OSError:
        return False


def is_quiet(beat: Path) -> bool:
    """One that hops from process to process faster than we look gives signs of life."""
    seen = {beat.stat().st_mtime_ns for _ in range(20) if processes() and beat.exists()}
    return len(seen) < 2


def reap(project: Path, program: str, *, when: str = "running") -> list[int]:
    """What is left once the program was reaped by a worker that lives on."""
    source = Path(__file__).parents[3]
    argv = [sys.executable, "-c", f"{WORKER}\nprint('reaped', flush=True)\nsys.stdin.read()"]
    with subprocess.Popen(
        [*argv, program, when],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(source)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        said = worker.stdout.readline()
        left = [pid for pid in living_in(project) if pid != worker.pid]
        assert is_quiet(project / "beat")
        worker.communicate("")
    assert said == "reaped\n"
    assert worker.returncode == 0
    return left


@pytest.mark.parametrize(
    "program",
    [DEAF, DOUBLE_FORK, OTHER_ENVIRONMENT, STOPPED, ADOPTER, HOPPING, STORM],
    ids=["deaf", "double-fork", "other-environment", "stopped", "adopter", "hopping", "storm"],
)
def test_nothing_of_a_running_program_is_left(project: Path, program: str) -> None:
    assert reap(project, program) == []


@pytest.mark.parametrize("program", [HOPPING], ids=["hopping"])
def test_nothing_is_left_of_a_program_that_has_ended_by_itself(project: Path, program: str) -> None:
    assert reap(project, program, when="ended") == []


def test_a_program_that_ends_when_it_is_asked_to_may_tidy_up(project: Path) -> None:
    tidy = f"""{START}
def end(*_): open('tidy', 'w').close(); sys.exit(0)
signal.signal(signal.SIGTERM, end)
{READY}
idle()
"""
    assert reap(project, tidy) == []
    wait_until(lambda: (project / "tidy").exists())
