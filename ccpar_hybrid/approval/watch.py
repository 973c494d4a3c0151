"""Looks at all workers' panes at once, and closer at those that may show a prompt.

One question to tmux a tick: a regular expression over every pane, inside the server; one more for
the screens of the panes in which it found something.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.tmux.control_script import Command, Reply
from ccpar_hybrid.tmux.search import first_line

BLIND_PAUSE_S = 1.0
"""Between two looks while tmux does not answer."""
_FIELDS = (
    "pane_id",
    "pane_pid",
    "pane_width",
    "pane_height",
    "pane_dead",
    "pane_in_mode",
    "session_name",
    "@ccpar_instance",
    "@ccpar_role",
    "@ccpar_worker",
    "@ccpar_group",
)


class Asker(Protocol):
    """What asks tmux; `Control` is one."""

    async def ask(self, *commands: Command, once: bool = False) -> list[Reply]:
        """As `Control.ask`."""


@dataclass(frozen=True, slots=True)
class PaneState:
    """A pane's program and size: one with another of them is another pane to answer."""

    pane_id: str
    pid: int
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Sight:
    """The screen of a worker's pane that may show a prompt.

    `screen` has its colours as escape sequences, `plain` are its lines without them. `in_mode`:
    somebody scrolls or copies there. `seen_s` is by the monotonic clock, before the look.
    """

    pane: PaneState
    session: str
    worker: str
    group: str
    in_mode: bool
    screen: str
    plain: tuple[str, ...]
    seen_s: float


class Watch:
    """The workers' panes of one instance on one tmux server."""

    def __init__(self, control: Asker, instance: str, pattern: str) -> None:
        """`pattern`: an extended regular expression that one line of every prompt matches.

        It only saves looking at the other panes; it need not be exact. It has no `{n}`.
        """
        self._control = control
        self._instance = instance
        self._separator = f"|{secrets.token_hex(8)}|"
        form = self._separator.join(f"#{{{field}}}" for field in _FIELDS)
        self._form = self._separator.join(("", form, first_line(pattern), ""))

    async def look(self) -> list[Sight]:
        """The panes that may show a prompt now; raises as `Control.ask` does."""
        seen_s = time.monotonic()
        (listed,) = await self._control.ask(("list-panes", "-a", "-F", self._form))
        panes = [pane for line in listed.lines if (pane := self._hit(line)) is not None]
        screens = await captures(self._control, [pane["pane_id"] for pane in panes])
        return [
            _sight(pane, screen, seen_s)
            for pane, screen in zip(panes, screens, strict=True)
            if screen is not None
        ]

    def _hit(self, line: str) -> dict[str, str] | None:
        """The living worker's pane that the line is about, if the pattern was found in it."""
        before, *values = line.split(self._separator)
        if before or len(values) != len(_FIELDS) + 2 or values[-1]:
            return None
        pane = dict(zip(_FIELDS, values, strict=False))
        is_ours = pane["@ccpar_instance"] == self._instance and pane["@ccpar_role"] == "worker"
        found = values[-2] not in ("", "0")
        return pane if is_ours and found and pane["pane_dead"] == "0" else None


async def captures(
    control: Asker, pane_ids: Sequence[str]
) -> list[tuple[str, tuple[str, ...]] | None]:
    """Each pane's screen with colours, and its lines without; None where the pane is gone."""
    commands = [
        ("capture-pane", "-p", *escapes, "-t", pane)
        for pane in pane_ids
        for escapes in (("-e",), ())
    ]
    replies = iter(await control.ask(*commands))
    return [
        ("\n".join(coloured.lines), plain.lines) if coloured.done and plain.done else None
        for coloured, plain in zip(replies, replies, strict=True)
    ]


async def state_of(control: Asker, pane_id: str) -> PaneState | None:
    """The pane as it is now; None where it is gone. Raises as `Control.ask` does."""
    form = "#{pane_id} #{pane_pid} #{pane_width} #{pane_height}"
    (said,) = await control.ask(("display-message", "-p", "-t", pane_id, form))
    found = said.lines[0].split(" ") if said.done and said.lines else []
    if found[:1] != [pane_id]:  # tmux answers for another pane when its target is gone
        return None
    return PaneState(pane_id, *map(int, found[1:]))


def _sight(pane: dict[str, str], screen: tuple[str, tuple[str, ...]], seen_s: float) -> Sight:
    return Sight(
        PaneState(
            pane["pane_id"],
            int(pane["pane_pid"] or 0),
            int(pane["pane_width"]),
            int(pane["pane_height"]),
        ),
        pane["session_name"],
        pane["@ccpar_worker"],
        pane["@ccpar_group"],
        pane["pane_in_mode"] != "0",
        *screen,
        seen_s,
    )


async def keep_looking(
    watch: Watch,
    tick_s: float,
    on_sights: Callable[[list[Sight]], Awaitable[None]],
    on_blind: Callable[[CcparError], None] = lambda error: None,
) -> None:
    """Look every `tick_s` until cancelled, and hand on what each look saw, also if it is nothing.

    While tmux does not answer, `on_blind` is told of each try, and nothing is handed on: an
    instance without panes and a look that failed are not the same.
    """
    while True:
        begun_s = time.monotonic()
        pause_s = tick_s
        try:
            sights = await watch.look()
        except CcparError as error:
            on_blind(error)
            pause_s = max(tick_s, BLIND_PAUSE_S)
        else:
            await on_sights(sights)
        await asyncio.sleep(max(0.0, begun_s + pause_s - time.monotonic()))
