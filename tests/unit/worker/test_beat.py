"""A worker's heartbeat."""

import asyncio
import os
from pathlib import Path

import pytest

from ccpar_hybrid.worker.beat import Beat
from tests.support.waiting import wait_until

EVERY_S = 0.02


async def later(file: Path, than_ns: int) -> None:
    def is_later() -> bool:
        return file.exists() and file.stat().st_mtime_ns > than_ns

    await asyncio.to_thread(wait_until, is_later, timeout_s=20)


@pytest.fixture
def file(home: Path) -> Path:
    return home / "run" / "b" / "session.w1"


async def test_a_worker_beats_until_it_stops_and_leaves_no_file(file: Path) -> None:
    beat = Beat(str(file), EVERY_S)
    await beat.start()
    assert file.read_text() == str(os.getpid())
    assert file.stat().st_mode & 0o777 == 0o600
    await later(file, file.stat().st_mtime_ns)
    await beat.stop()
    assert not file.exists()


async def test_a_beat_that_a_cleaner_removed_comes_back(file: Path) -> None:
    beat = Beat(str(file), EVERY_S)
    await beat.start()
    file.unlink()
    await later(file, 0)
    await beat.stop()
    assert not file.exists()


async def test_a_worker_whose_directory_cannot_be_written_goes_on(file: Path) -> None:
    file.parent.mkdir(parents=True, mode=0o700)
    file.mkdir()
    beat = Beat(str(file), EVERY_S)
    await beat.start()
    file.rmdir()
    await later(file, 0)
    await beat.stop()


async def test_a_stopping_worker_leaves_its_successors_file(file: Path) -> None:
    first, second = Beat(str(file), 60.0), Beat(str(file), 60.0)
    await first.start()
    await second.start()
    await first.stop()
    assert file.exists()
    await second.stop()
