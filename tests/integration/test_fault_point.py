"""A process that dies between any two of our writes: people mend, and the checker is content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import ledger_trial
from tests.chaos.trial import TRIALS, Ground
from tests.support.instance import running_instance


class Grounds:
    """One instance for all trials, as long as they go well."""

    def __init__(self) -> None:
        self._open: Iterator[Ground] | None = None
        self._ground: Ground | None = None

    def take(self) -> Ground:
        if self._ground is None:
            self._open = _ground()
            self._ground = next(self._open)
        self._ground.begin()
        return self._ground

    def leave(self) -> None:
        opened, self._open, self._ground = self._open, None, None
        if opened is not None:
            list(opened)


def _ground() -> Iterator[Ground]:
    with running_instance() as instance:
        ground = Ground(instance)
        try:
            yield ground
        finally:
            ground.end()


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    held = Grounds()
    yield held
    held.leave()


@pytest.mark.slow
@pytest.mark.parametrize("point", TRIALS)
def test_whoever_dies_there_all_is_well_after_setup(grounds: Grounds, point: str) -> None:
    ground = grounds.take()
    try:
        TRIALS[point](ground, point)
    except BaseException:
        grounds.leave()  # the next trial gets a new one
        raise


@pytest.mark.parametrize("point", ledger_trial.STEPS)
def test_a_step_of_the_ledger_is_there_as_a_whole_or_not_at_all(home: Path, point: str) -> None:
    before, step = ledger_trial.STEPS[point]
    file, whole = home / "l" / "ledger.db", home / "w" / "ledger.db"
    if before:
        assert ledger_trial.run(file, before) == 0
    assert ledger_trial.run(whole, before + step) == 0
    (home / "armed").touch()
    if before or step:
        assert ledger_trial.run(file, before and "") == 0
    untouched = ledger_trial.content(file) if file.exists() else []

    assert ledger_trial.run(file, step, f"{point}:{home}/armed") == -9
    if point in ledger_trial.IS_THERE:
        assert ledger_trial.content(file) != untouched
        assert ledger_trial.run(file, "") == 0
    else:
        assert ledger_trial.content(file) == untouched
        assert ledger_trial.run(file, step) == 0
    assert ledger_trial.content(file) == ledger_trial.content(whole)
