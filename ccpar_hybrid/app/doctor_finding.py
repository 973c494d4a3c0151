"""What an examination finds."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

INSTALL = "run ./install.sh"


class Verdict(StrEnum):
    """`FAILED`: something will not work. `UNKNOWN`: the probe failed, which proves nothing."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    FAILED = "failed"


class Finding(BaseModel):
    """One thing that was looked at. `mend` is the way to put it right, empty where all is well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    verdict: Verdict
    seen: str
    mend: str = ""


def fine(name: str, seen: str) -> Finding:
    """All is well."""
    return Finding(name=name, verdict=Verdict.OK, seen=seen)


def warning(name: str, seen: str, mend: str) -> Finding:
    """It works, but not as it should."""
    return Finding(name=name, verdict=Verdict.WARNING, seen=seen, mend=mend)


def failed(name: str, seen: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(name=name, verdict=Verdict.FAILED, seen=seen, mend=mend)


def unknown(name: str, seen: str, mend: str) -> Finding:
    """It could not be looked at."""
    return Finding(name=name, verdict=Verdict.UNKNOWN, seen=seen, mend=mend)


def command(*words: str) -> str:
    """A command for people to copy."""
    return shlex.join(words)


def worst(findings: Iterable[Finding]) -> Verdict:
    """The gravest verdict."""
    order = list(Verdict)
    return max((finding.verdict for finding in findings), key=order.index, default=Verdict.OK)
