"""What a benchmark found: samples, and figures that are held against a goal."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field


class Samples(BaseModel):
    """One series of measurements. `unit` is that of all values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    unit: str
    values: tuple[float, ...] = Field(min_length=1)

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The 10th and the 90th percentile; least and greatest where there are few values."""
        if len(self.values) < 10:
            return min(self.values), max(self.values)
        tenths = statistics.quantiles(self.values, n=10, method="inclusive")
        return tenths[0], tenths[-1]


class Figure(BaseModel):
    """One number that the project promises, or only reports (`goal` None).

    `at_least`: the goal is a lower bound, else an upper one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


class Result(BaseModel):
    """What one benchmark found. `load` is the machine's load average before and after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmark: str
    figures: tuple[Figure, ...]
    samples: tuple[Samples, ...] = ()
    load: tuple[float, float] = (0.0, 0.0)


def samples(name: str, unit: str, values: Sequence[float]) -> Samples:
    """A series, rounded to what the clock can tell."""
    return Samples(name=name, unit=unit, values=tuple(round(value, 4) for value in values))


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]
