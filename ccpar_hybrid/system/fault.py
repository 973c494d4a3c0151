"""Points at which tests end a process, to see what its death there leaves.

`CCPAR_FAULT=POINT:FILE` names one point and a file: the process that first reaches the point,
and takes the file away, is ended by SIGKILL there. With `*` as the point every point is meant,
and the file of each is `FILE.POINT`. Without the variable nothing happens. Standard library
only, and as little of it as will do: the shim has points too.
"""

from __future__ import annotations

import os

VARIABLE = "CCPAR_FAULT"
ANY = "*"


def reach(point: str) -> None:
    """Say that the process is at this point, between two steps that must stand alone."""
    asked, _, file = os.environ.get(VARIABLE, "").partition(":")
    if asked == ANY:
        file = f"{file}.{point}"
    elif asked != point:
        return
    try:
        os.unlink(file)  # noqa: PTH108 - the shim starts without pathlib
    except OSError:
        return
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
