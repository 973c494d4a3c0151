"""The three standard streams, made such that nothing that is said can break a command."""

from __future__ import annotations

import io
import os
import sys


def prepare() -> None:
    """Give streams that were closed a place to go, and text that the terminal cannot show a form.

    Without this a closed stream's number goes to the next file that is opened, and gets its text.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        if not _is_open(number):
            _open_at(number, mode)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def abandon_output() -> None:
    """Let what is still unsaid go nowhere, for Python would try again when it ends."""
    place = os.open(os.devnull, os.O_WRONLY)
    os.dup2(place, 1)
    os.close(place)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _open_at(number: int, mode: int) -> None:
    place = os.open(os.devnull, mode)
    if place != number:
        os.dup2(place, number)
        os.close(place)
