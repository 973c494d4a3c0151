from __future__ import annotations

import os
from pathlib import Path

from ccpar_hybrid.demo.agent_place import make_private


def test_every_level_that_is_made_is_private_and_those_above_stay(home: Path) -> None:
    (home / "mine").mkdir()
    (home / "mine").chmod(0o755)
    before = os.umask(0o022)
    try:
        for _ in range(2):
            make_private(home / "mine" / "demo" / "projects" / "p")
    finally:
        os.umask(before)
    modes = [each.stat().st_mode & 0o777 for each in (home / "mine").rglob("*")]
    assert modes == [0o700] * 3
    assert (home / "mine").stat().st_mode & 0o777 == 0o755
