"""A worker whose terminal is taken away under it."""

from __future__ import annotations

import os
import pty

from ccpar_hybrid.system.terminal import is_gone


def test_a_terminal_is_gone_when_its_other_end_is_closed() -> None:
    leader, follower = pty.openpty()
    try:
        assert not is_gone(follower)
        os.close(leader)
        assert is_gone(follower)
    finally:
        os.close(follower)
