"""What holds for every test: a private home, and a guard over the real one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.paths import (
    FORBIDDEN,
    isolation,
    make_home,
    private_environment,
    watched_names,
)
from tests.support.pueue_daemon import PueueDaemon, running_daemon

# How long an example takes says nothing of it: the machine has other work.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _untouched_user() -> Iterator[None]:
    """Isolates what runs outside any one test, and fails the run if the user's files changed."""
    real = Path(os.environ.get("HOME") or "~").expanduser()
    before = watched_names(real)
    place = make_home()
    with pytest.MonkeyPatch.context() as patch:
        _isolate(patch, place)
        yield
    shutil.rmtree(place, ignore_errors=True)
    touched = [str(path) for path, names in watched_names(real).items() if names != before[path]]
    assert not touched, f"the tests touched the user's own {touched}"


@pytest.fixture
def home() -> Iterator[Path]:
    """A short private directory (0700) that stands for the user's home; removed afterwards."""
    place = make_home()
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(autouse=True)
def _isolated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _isolate(monkeypatch, home)


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The whole environment for programs under test; everything in it lies below `home`."""
    return private_environment(home)


@pytest.fixture
def pueue_daemon(home: Path, environment: dict[str, str]) -> Iterator[PueueDaemon]:
    """A real pueued of the test's own, which `environment` and os.environ lead to."""
    with running_daemon(home, environment) as daemon:
        yield daemon


def _isolate(patch: pytest.MonkeyPatch, place: Path) -> None:
    for name, value in isolation(place).items():
        patch.setenv(name, value)
    for name in FORBIDDEN:
        patch.delenv(name, raising=False)
