from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import CommandFailed, MissingPart
from ccpar_hybrid.system import process
from tests.support.waiting import wait_until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        yield child
        child.kill()


def test_a_process_is_seen_with_its_parent_group_and_session(
    sleeper: subprocess.Popen[bytes],
) -> None:
    info = process.process(sleeper.pid)
    assert info is not None
    assert (info.ppid, info.pgid, info.session) == (os.getpid(), sleeper.pid, sleeper.pid)
    assert process.processes()[sleeper.pid].start_ticks == info.start_ticks


def test_a_process_is_ending_from_its_death_on(sleeper: subprocess.Popen[bytes]) -> None:
    assert not process.is_ending(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGKILL)
    wait_until(lambda: process.is_ending(sleeper.pid))
    sleeper.wait()
    assert process.is_ending(sleeper.pid), "gone"


def test_no_process_is_none() -> None:
    assert process.process(2**22 + 1) is None


def test_ps_tells_the_same_as_proc(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_proc = process.process(sleeper.pid)
    monkeypatch.setattr(process, "_HAS_PROC", False)
    by_ps = process.process(sleeper.pid)
    assert by_proc is not None
    assert by_ps is not None
    assert by_ps[:4] == by_proc[:4]


def test_a_name_with_parentheses_and_blanks_is_read(home: Path) -> None:
    odd = home / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as child:
        info = wait_until(lambda: process.process(child.pid))
        child.kill()
    assert info is not None
    assert info.ppid == os.getpid()


def test_a_stopped_process_is_stopped_until_it_goes_on(sleeper: subprocess.Popen[bytes]) -> None:
    assert not process.is_stopped(sleeper.pid)
    os.kill(sleeper.pid, signal.SIGSTOP)
    wait_until(lambda: process.is_stopped(sleeper.pid))
    os.kill(sleeper.pid, signal.SIGCONT)
    wait_until(lambda: not process.is_stopped(sleeper.pid))


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    assert process.is_alive(sleeper.pid)
    sleeper.kill()
    wait_until(lambda: not process.is_alive(sleeper.pid))
    assert process.process(sleeper.pid) is not None


def test_descendants_come_parents_first_and_a_signal_reaches_them_all() -> None:
    script = "sh -c 'sleep 60 & wait' & wait"
    with subprocess.Popen(["sh", "-c", script], start_new_session=True) as child:
        found = wait_until(lambda: _two_or_more(process.descendants(child.pid)))
        infos = process.processes()
        assert infos[found[0]].ppid == child.pid
        reached = process.signal_tree([child.pid, *found, 2**22 + 1], signal.SIGKILL)
    assert reached == [child.pid, *found]


def test_a_subreaper_adopts_orphans() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("subreapers are Linux's")
    script = (
        "import os, subprocess, sys\n"
        "from ccpar_hybrid.system.process import become_subreaper, descendants\n"
        "assert become_subreaper()\n"
        "subprocess.run(['sh', '-c', 'sleep 60 &'], stdin=subprocess.DEVNULL)\n"
        "(orphan,) = descendants(os.getpid())\n"
        "os.kill(orphan, 9)\n"
        "assert os.waitpid(orphan, 0)[0] == orphan\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_run_returns_what_the_command_said() -> None:
    done = process.run(["sh", "-c", "cat; echo err >&2"], input="päth\udcff", timeout_s=10)
    assert (done.stdout, done.stderr, done.code) == ("päth\ufffd", "err\n", 0)


def test_a_failing_command_carries_all_that_it_said() -> None:
    with pytest.raises(CommandFailed) as failed:
        process.run(["sh", "-c", "echo out; echo wrong >&2; exit 3"], timeout_s=10)
    assert (failed.value.code, failed.value.stdout) == (3, "out\n")
    assert "wrong" in failed.value.message
    assert process.run(["sh", "-c", "exit 3"], timeout_s=10, check=False).code == 3


def test_a_missing_program_and_a_missing_directory_are_told_apart(home: Path) -> None:
    with pytest.raises(MissingPart, match="no program 'no-such-program'"):
        process.run(["no-such-program"], timeout_s=10)
    with pytest.raises(MissingPart, match="not a directory"):
        process.run(["true"], cwd=home / "nowhere", timeout_s=10)


def test_a_command_that_does_not_end_in_time_is_ended() -> None:
    with pytest.raises(CommandFailed, match="did not end within"):
        process.run(["sleep", "60"], timeout_s=0.05)


def _two_or_more(pids: list[int]) -> list[int]:
    return pids if len(pids) >= 2 else []
