"""A stand-in for `systemd-run`: notes how it was called, and becomes the program."""

from __future__ import annotations

from pathlib import Path

_SCRIPT = """#!/bin/sh
printf '%s ' "$@" >>"{log}"; echo >>"{log}"
case "$*" in
  {refused}) echo "Failed to connect to bus" >&2; exit 1;;
  *memory.max*) echo "memory {memory}"; echo "cpus {cpus}"; exit 0;;
esac
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


def install_systemd_run(
    directory: Path, *, memory: bool = True, cpus: bool = True, refused: str = "nobody"
) -> Path:
    """Put it into `directory`; returns the file that its calls are noted in, a line each.

    `memory` and `cpus`: whether the groups bound them. `refused`: a manager that does not answer.
    """
    directory.mkdir(exist_ok=True)
    log = directory / "systemd-run.log"
    log.touch()
    text = _SCRIPT.format(
        log=log,
        memory="67108864" if memory else "max",
        cpus="50000 100000" if cpus else "max 100000",
        refused=f"*{refused}*",
    )
    program = directory / "systemd-run"
    program.write_text(text)
    program.chmod(0o755)
    return log
