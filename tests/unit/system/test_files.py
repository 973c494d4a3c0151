from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import Refused
from ccpar_hybrid.system.files import (
    file_lock,
    lock_holder,
    write_private,
)


def test_a_private_file_is_replaced_whole_and_only_its_owner_reads_it(home: Path) -> None:
    target = home / "settings.json"
    target.write_text("old")
    target.chmod(0o644)
    write_private(target, "new \udcff ü")
    assert target.read_text(encoding="utf-8", errors="surrogateescape") == "new \udcff ü"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in home.iterdir() if "settings" in entry.name] == [target.name]


def test_a_failed_write_leaves_the_old_text_and_no_rest(home: Path) -> None:
    target = home / "settings.json"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_private(target, "\ud800")
    assert target.read_text() == "old"
    assert len([entry for entry in home.iterdir() if "settings" in entry.name]) == 1


def test_a_held_lock_is_refused_with_the_holders_pid(home: Path) -> None:
    with (
        file_lock(home / "lock", wait_s=0),
        pytest.raises(Refused, match=f"held by process {os.getpid()}"),
        file_lock(home / "lock", wait_s=0.05),
    ):
        pass


def test_a_released_lock_can_be_had_again(home: Path) -> None:
    for _ in range(2):
        with file_lock(home / "lock", wait_s=0):
            pass


def test_the_lock_of_a_killed_process_is_free(home: Path) -> None:
    script = (
        "import sys\nfrom ccpar_hybrid.system.files import file_lock\n"
        "with file_lock(sys.argv[1], wait_s=0):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait(timeout=10)
    with file_lock(home / "lock", wait_s=1):
        pass


def test_who_holds_a_lock_can_be_asked_without_taking_it(home: Path) -> None:
    assert lock_holder(home / "lock") is None
    with file_lock(home / "lock", wait_s=0):
        assert lock_holder(home / "lock") == os.getpid()
    assert lock_holder(home / "lock") is None
    with file_lock(home / "lock", wait_s=0):
        pass
