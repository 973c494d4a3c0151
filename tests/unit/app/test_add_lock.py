"""Who is adding what: told by a lock that the kernel releases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.app import add_lock
from ccpar_hybrid.core.task import new_key
from ccpar_hybrid.system.paths import Paths, resolve

_HOLD = """\
import sys, time
from ccpar_hybrid.app.add_lock import adding
from ccpar_hybrid.system.paths import resolve
with adding(resolve({"HOME": sys.argv[1]}), sys.argv[2:]):
    print("holds", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def paths(home: Path) -> Paths:
    return resolve({"HOME": str(home)})


def test_what_is_being_added_is_under_way_and_nothing_is_left(paths: Paths) -> None:
    keys = [new_key(), new_key()]
    with add_lock.adding(paths, keys):
        assert add_lock.under_way(paths) == set(keys)
        assert add_lock.left(paths) == {}
    assert add_lock.named(paths) == set()
    assert list(Path(paths.state, "adding").iterdir()) == []


def test_an_error_leaves_nothing(paths: Paths) -> None:
    with pytest.raises(KeyboardInterrupt), add_lock.adding(paths, [new_key()]):
        raise KeyboardInterrupt
    assert add_lock.left(paths) == {}


def test_what_a_dead_process_was_adding_is_left(paths: Paths, home: Path) -> None:
    keys = [new_key(), new_key()]
    argv = [sys.executable, "-c", _HOLD, str(home), *keys]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"holds\n"
        assert add_lock.under_way(paths) == set(keys)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
    assert add_lock.under_way(paths) == set()
    ((file, left),) = add_lock.left(paths).items()
    assert left == keys
    assert file.stat().st_mode & 0o777 == 0o600
    file.unlink()
    assert add_lock.named(paths) == set()


def test_adding_nothing_makes_no_file(paths: Paths) -> None:
    with add_lock.adding(paths, []):
        assert add_lock.named(paths) == set()
