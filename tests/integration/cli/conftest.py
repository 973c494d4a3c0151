"""One command line for the tests of a module; a bare one, where nothing is installed yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, command_line


@pytest.fixture(scope="module")
def shared() -> Iterator[CommandLine]:
    """With the groups `subissues` and `other`, paused; tests of a module share its tasks."""
    with command_line(groups={"subissues": 2, "other": 1}) as line:
        yield line


@pytest.fixture
def bare(home: Path) -> CommandLine:
    """A home where nothing has been done, with no pueued."""
    return CommandLine(home)
