"""Reads how much of the machine a task may use. Pure."""

from __future__ import annotations

import math
import re

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.text import visible

MEMORY = "accepted are 512M, 2G, 1.5GiB: from 16M on, a G has 1,024 M"
CPUS = "accepted are 0.1 to 1024, such as 1.5"
_LEAST_MIB = 16
_MOST_MIB = 1 << 30
_LEAST_CPUS, _MOST_CPUS = 0.1, 1024.0
_UNITS_MIB = {"m": 1, "g": 1 << 10, "t": 1 << 20}
_FORM = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([mgt])i?b?", re.ASCII | re.IGNORECASE)


def mebibytes(text: str) -> int:
    """An amount of memory such as `512M`, `2G`, as whole MiB; raises BadInput."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise BadInput(f"{visible(text, 40)!r} is no amount of memory", MEMORY)
    amount_mib = round(float(found[1]) * _UNITS_MIB[found[2].lower()])
    if not _LEAST_MIB <= amount_mib <= _MOST_MIB:
        raise BadInput(f"{visible(text, 40)!r} of memory is out of range", MEMORY)
    return amount_mib


def cores(number: float) -> float:
    """A number of processor cores; raises BadInput."""
    if not math.isfinite(number) or not _LEAST_CPUS <= number <= _MOST_CPUS:
        raise BadInput(f"{number:g} cpus is out of range", CPUS)
    return number


def written(amount_mib: float) -> str:
    """An amount of memory for people: `512 MiB`, `2.3 GiB`."""
    if amount_mib < 1 << 10:
        return f"{amount_mib:.0f} MiB"
    return f"{amount_mib / (1 << 10):.1f}".removesuffix(".0") + " GiB"
