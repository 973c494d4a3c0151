from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path

from ccpar_hybrid.system.socket_table import holders_of_locks, listening_paths


def test_a_bound_socket_is_listed_by_the_path_it_was_bound_to(home: Path) -> None:
    path = home / "a socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.rename(home / "other")
        found = listening_paths()
        assert found is not None
        assert str(path) in found
    assert str(path) not in (listening_paths() or ())


def test_the_holder_of_a_lock_is_known_by_the_files_inode(home: Path) -> None:
    descriptor = os.open(home / "lease", os.O_RDWR | os.O_CREAT, 0o600)
    inode = os.fstat(descriptor).st_ino
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert (holders_of_locks() or {})[inode] == os.getpid()
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    assert inode not in (holders_of_locks() or {})
    os.close(descriptor)
