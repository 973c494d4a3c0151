"""Keeps what a bad round left, before its home is removed."""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
from pathlib import Path
from typing import Any


def keep(home: Path, place: Path, report: Any) -> Path:
    """Copy the home but for its sockets, and the report; returns the directory."""
    name = "".join(letter if letter.isalnum() else "-" for letter in report.seed)
    target = place / f"{name}-{report.profile}-{report.agent}"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(home, target, ignore=_no_files, symlinks=True, ignore_dangling_symlinks=True)
    text = json.dumps(dataclasses.asdict(report), indent=1)
    (target / "report.json").write_text(text, encoding="utf-8")
    return target


def _no_files(directory: str, names: list[str]) -> list[str]:
    """Sockets and pipes: copying one waits for ever."""
    modes = {name: Path(directory, name).lstat().st_mode for name in names}
    return [name for name, mode in modes.items() if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)]
