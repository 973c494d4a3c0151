"""A worker's heartbeat: a file in the runtime directory that it touches while its loop turns."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from ccpar_hybrid.system.files import remove_own, write_private
from ccpar_hybrid.system.paths import make_private


class Beat:
    """Beats every `every_s` seconds from `start` to `stop`; a hung loop beats no more."""

    def __init__(self, path: str, every_s: float) -> None:
        self._path = Path(path)
        self._every_s = every_s
        self._inode = 0

    async def start(self) -> None:
        """Make the file, with the process in it, and go on beating."""
        self._try(self._make)
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Beat no more, and remove the file, unless a successor has made one of this name."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._try(lambda: remove_own(self._path, self._inode))

    def _make(self) -> None:
        make_private(str(self._path.parent.parent))
        make_private(str(self._path.parent))
        write_private(self._path, str(os.getpid()), durable=False)
        self._inode = self._path.stat().st_ino

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            self._try(self._touch)

    def _try(self, act: Callable[[], None]) -> None:
        # A full disk or a cleaner of directories is no reason to end; the supervisor asks
        # a worker whose beat is missing before it takes it for hung.
        with contextlib.suppress(OSError):
            act()

    def _touch(self) -> None:
        if self._inode:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._path)
                return
        self._make()
