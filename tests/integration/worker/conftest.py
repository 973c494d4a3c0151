"""A private instance for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.instance import Instance, running_instance


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A real pueued and tmux server of the test's own; call `setup` for the session."""
    with running_instance() as running:
        yield running
