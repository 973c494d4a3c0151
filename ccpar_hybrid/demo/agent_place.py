"""Directories of the stand-in: private, with every level above them that it has to make."""

from __future__ import annotations

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make the directory and what is missing above it, all 0700; raises OSError."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
