"""Reads a file of JSON lines as another program goes on writing it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
_CHUNK = 1 << 20
_LONGEST_LINE = 64 << 20
"""Bytes; a line that is longer is passed over, for it would have to be held whole."""


class JsonTail:
    """What `path` has gained since it was last read; a file that is not there has gained nothing.

    The last line counts only once its end is written. A file that has become shorter is another
    one, and is read from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = bytearray()
        self._is_too_long = False

    def read(self) -> Iterator[Entry]:
        """The new objects; lines that are none are passed over. Never raises OSError."""
        for data in self._chunks():
            *lines, rest = data.split(b"\n")
            for line in lines:
                yield from self._entry(line)
            self._keep(rest)

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                if self._path.stat().st_size < self._offset:
                    self._offset, self._rest = 0, bytearray()
                file.seek(self._offset)
                while data := file.read(_CHUNK):
                    self._offset += len(data)
                    yield data
        except OSError:
            return

    def _keep(self, rest: bytes) -> None:
        self._rest += rest
        if len(self._rest) > _LONGEST_LINE:
            self._rest.clear()
            self._is_too_long = True

    def _entry(self, line: bytes) -> Iterator[Entry]:
        text = bytes(self._rest) + line
        self._rest.clear()
        if self._is_too_long:
            self._is_too_long = False
            return
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(entry, dict):
            yield entry
