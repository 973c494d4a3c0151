"""A real tmux with a session, and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ccpar_hybrid.tmux.control import Control
from tests.support.tmux_server import TmuxServer, running_tmux


@pytest.fixture
def tmux(environment: dict[str, str]) -> Iterator[TmuxServer]:
    """A private server with the session `s`."""
    with running_tmux(environment) as server:
        server.start_session("s")
        yield server


@pytest.fixture(params=["client", "process"])
async def control(request: pytest.FixtureRequest, tmux: TmuxServer) -> AsyncIterator[Control]:
    """One that has its client, and one that takes a process for each question."""
    session = "s" if request.param == "client" else "there is no such session"
    async with Control(session, tmux.environment, timeout_s=30.0) as control:
        yield control
