"""A file system of a few MiB of a test's own, which a test can fill and free."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_CHUNK = 4096
_MOST_FILES = 100_000


class SmallDisk:
    """A mounted tmpfs; what fills it lies in a directory `filled`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filled = path / "filled"

    def fill(self) -> None:
        """Take every block; what is there can still be read."""
        self._filled.mkdir(exist_ok=True)
        with (
            suppress(OSError),
            (self._filled / "blocks").open("ab", buffering=0) as file,
        ):
            while file.write(b"\0" * _CHUNK):
                pass
        assert os.statvfs(self.path).f_bavail == 0

    def take_files(self) -> None:
        """Take every inode: nothing new can be made, neither file nor socket."""
        self._filled.mkdir(exist_ok=True)
        with suppress(OSError):
            for number in range(_MOST_FILES):
                (self._filled / str(number)).touch()
        assert os.statvfs(self.path).f_favail == 0

    def free(self) -> None:
        """Give everything back."""
        for file in self._filled.iterdir():
            file.unlink()


@contextmanager
def small_disk(path: Path, mib: int = 16) -> Iterator[SmallDisk]:
    """Mounted at `path` (made where it is not there); skips where that is not allowed."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = f"size={mib}m,nr_inodes=4k,mode=0700"
    argv = ["mount", "-t", "tmpfs", "-o", options, "ccpar-test", str(path)]
    if os.geteuid() != 0 or subprocess.run(argv, capture_output=True, timeout=30).returncode:
        pytest.skip("only who may mount can fill a disk")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True, timeout=30)
