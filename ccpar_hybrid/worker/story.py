"""The readable story of one attempt: into its log file, and to every shim that listens."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import TracebackType

from ccpar_hybrid.worker import wire

BACKLOG_LIMIT = 1 << 20
"""Bytes that may wait for a slow shim before the agent's output is held back."""


def end_of(log: Path, limit: int = 4000) -> str:
    """So many bytes of a log's end; empty where it cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - limit))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


class Story:
    """Appends to `path` (0600) up to `limit` bytes; what comes after is counted, not kept."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._shims: set[asyncio.StreamWriter] = set()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self._size = os.fstat(descriptor).st_size

    def __enter__(self) -> Story:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing more is told; may be called again."""
        self._file.close()

    @property
    def path(self) -> Path:
        """Its log file."""
        return self._path

    def attach(self, shim: asyncio.StreamWriter) -> None:
        """Tell this shim all that was told so far, and all that comes."""
        if self._size:
            self._send(shim, self._path.read_bytes())
        self._shims.add(shim)

    def detach(self, shim: asyncio.StreamWriter) -> None:
        """This shim listens no more."""
        self._shims.discard(shim)

    def line(self, text: str) -> None:
        """One or more lines of ours or of the agent's story."""
        if text:
            self.raw(text.rstrip("\n").encode("utf-8", "surrogateescape") + b"\n")

    def raw(self, data: bytes) -> None:
        """Output of a program, as it came but for the terminal's line ends."""
        if self._size >= self._limit or self._file.closed:
            return
        data = data.replace(b"\r\n", b"\n")
        self._size += len(data)
        if self._size >= self._limit:
            data += f"\n[the log ends here: it has {self._limit >> 20} MiB]\n".encode()
        try:
            self._file.write(data)
        except OSError:
            self._size = self._limit  # a full disk: the run goes on without its log
        for shim in self._shims:
            self._send(shim, data)

    @property
    def is_behind(self) -> bool:
        """Whether a shim reads slower than the program writes."""
        return any(shim.transport.get_write_buffer_size() > BACKLOG_LIMIT for shim in self._shims)

    def _send(self, shim: asyncio.StreamWriter, data: bytes) -> None:
        if not shim.is_closing():
            text = data.decode("utf-8", "surrogateescape")
            shim.write(wire.encode({"type": wire.OUTPUT, "text": text}))
