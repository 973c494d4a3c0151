"""A real tmux server for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.tmux_server import TmuxServer, running_tmux


@pytest.fixture
def tmux(environment: dict[str, str]) -> Iterator[TmuxServer]:
    """A private server that plain `tmux` reaches with the `environment` fixture."""
    with running_tmux(environment) as server:
        yield server
