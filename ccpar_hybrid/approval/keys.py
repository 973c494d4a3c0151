"""Answers a prompt with one key, or does not press it: never into another prompt.

Between a look and a key the screen may change. So the same prompt has to be read several times in
a row, the server itself compares the prompt's lines in the step in which it sends the key, and
afterwards the prompt has to be seen gone. A key is pressed once: one that the program has not read
yet would meet a later prompt together with the next one.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from ccpar_hybrid.approval.watch import Asker, PaneState, captures
from ccpar_hybrid.core.errors import BadInput, CcparError, NotFound
from ccpar_hybrid.tmux.control import Unsure
from ccpar_hybrid.tmux.search import first_line, whole_line

P = TypeVar("P")

_KEY = re.compile(r"[1-9]|Enter|Escape")
_STATE = ("pane_pid", "pane_width", "pane_height")
_NONE_OF = ("pane_dead", "pane_in_mode", "pane_synchronized", "pane_input_off")
"""In a mode keys steer tmux; to synchronized panes they all go; a closed input loses them."""
_LOOK_AGAIN_S = 0.02
_LATE = 2.5
_SOLID = re.compile(r"\w")


class Pressed(StrEnum):
    """What came of it.

    With CHANGED, REFUSED and GONE the key has surely not been sent. With STAYS and UNSURE it must
    not be pressed again: the program may still read it.
    """

    ANSWERED = "answered"  # sent, and the prompt was seen gone
    STAYS = "stays"  # sent, and the prompt still stands
    CHANGED = "changed"  # the prompt was not the same at every look
    REFUSED = "refused"  # it could not be made sure, or somebody scrolls or copies there
    GONE = "gone"  # the pane or its server
    UNSURE = "unsure"  # tmux died over it: the key may have been sent


@dataclass(frozen=True, slots=True)
class Care:
    """How often, over how long, a prompt has to be seen before a key; until `gone_s` it may take
    to go after it.

    On a busy machine looks come late, and something may flash up between them. So a late one does
    not count, but after `most` looks, for as many cannot all have missed it.
    """

    looks: int = 7
    span_s: float = 0.06
    most: int = 30
    gone_s: float = 5.0

    @property
    def gap_s(self) -> float:
        """From one look to the next."""
        return self.span_s / (self.looks - 1)


CARE = Care()
WARY = Care(looks=40, span_s=1.0, most=80)


@dataclass(frozen=True)
class Aim(Generic[P]):
    """The prompt to answer.

    `read` makes of a screen with its colours what it asks; `prompt` is what was decided on, and
    `lines` are its lines as they stand on the screen. The same `prompt` is the same in all that
    matters; `lines` has all of it that the decision is about, the options with their numbers.
    """

    pane: PaneState
    read: Callable[[str], P | None]
    prompt: P
    lines: tuple[str, ...]


class Presser:
    """Presses keys in panes of one tmux server, one after the other in each."""

    def __init__(self, control: Asker, care: Care = CARE, wary: Care = WARY) -> None:
        """`wary`: how careful it is in a pane where a prompt has once not stood still."""
        self._control = control
        self._care = care
        self._wary = wary
        self._unsteady: set[PaneState] = set()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def press(self, aim: Aim[P], key: str) -> Pressed:
        """Answer the prompt with the key: a digit, Enter or Escape; raises BadInput for others."""
        if not _KEY.fullmatch(key):
            raise BadInput(f"{key!r} is no key for a prompt", "a digit, Enter or Escape")
        async with self._locks[aim.pane.pane_id]:
            care = self._wary if aim.pane in self._unsteady else self._care
            pressed = await _press(self._control, aim, key, care)
            if pressed is Pressed.CHANGED:
                self._unsteady.add(aim.pane)
        return pressed


async def _press(control: Asker, aim: Aim[P], key: str, care: Care) -> Pressed:
    try:
        plain = await unchanged(control, aim, care)
    except CcparError as error:
        return Pressed.GONE if isinstance(error, NotFound) else Pressed.REFUSED
    if isinstance(plain, Pressed):
        return plain
    guard = guard_for(aim.pane, plain, aim.lines)
    if guard is None:
        return Pressed.REFUSED
    try:
        if not await send(control, aim.pane.pane_id, guard, key):
            return Pressed.REFUSED
        return await _outcome(control, aim, care)
    except CcparError:
        return Pressed.UNSURE


def guard_for(pane: PaneState, plain: Sequence[str], lines: Sequence[str]) -> str | None:
    """The format that is 1 as long as the prompt's lines stand where they do on this screen.

    None where the screen has them not exactly once, or has one of them above the prompt as well:
    tmux finds the first line that is alike, and would not see the prompt's own change.
    """
    shown, wanted = _trimmed(plain), _trimmed(lines)
    tops = [top for top in range(len(shown)) if shown[top : top + len(wanted)] == wanted]
    if len(tops) != 1 or not any(wanted):
        return None
    (top,) = tops
    places = [n for n in range(top, top + len(wanted)) if shown[n]]
    if any(_SOLID.search(shown[n]) and shown.index(shown[n]) < top for n in places):
        return None
    own = [n for n in places if shown.index(shown[n]) == n]
    fields = [f"#{{{name}}}" for name in (*_STATE, *_NONE_OF)]
    now = (*fields, *(first_line(whole_line(shown[n])) for n in own))
    state = (pane.pid, pane.columns, pane.rows, *(0 for _ in _NONE_OF))
    then = (*state, *(n + 1 for n in own))
    return f"#{{==:{' '.join(now)},{' '.join(map(str, then))}}}"


def _trimmed(lines: Sequence[str]) -> list[str]:
    return [line.rstrip(" ") for line in lines]


async def unchanged(control: Asker, aim: Aim[P], care: Care) -> tuple[str, ...] | Pressed:
    """The lines of the last look, if every look saw the prompt; CHANGED or GONE if not.

    Raises as `Control.ask` does.
    """
    counted, before_s = 0, -math.inf
    plain: tuple[str, ...] = ()
    for look in range(care.most):
        (seen,) = await captures(control, [aim.pane.pane_id])
        now_s = time.monotonic()
        if seen is None:
            return Pressed.GONE
        screen, plain = seen
        if aim.read(screen) != aim.prompt:
            return Pressed.CHANGED
        counted += look == 0 or now_s - before_s < _LATE * care.gap_s
        if counted == care.looks:
            break
        before_s = now_s
        # Not evenly: what flashes up in the same rhythm would be missed each time.
        await asyncio.sleep(care.gap_s * random.uniform(0.5, 1.5))
    return plain


async def send(control: Asker, pane_id: str, guard: str, key: str) -> bool:
    """Whether the server has found the guard true, and sent the key in the same step.

    Raises as `guarded` does.
    """
    return await guarded(control, pane_id, guard, f"send-keys -t {pane_id} {key}")


async def guarded(control: Asker, pane_id: str, guard: str, action: str) -> bool:
    """Whether the server has found the guard true, and done a command of its own in the same step.

    Raises as `Control.ask` does; Unsure: it may have been done.
    """
    sent, refused = (f"{word}-{secrets.token_hex(8)}" for word in ("sent", "refused"))
    then = f"{action} ; display-message -p {sent}"
    otherwise = f"display-message -p {refused}"
    command = ("if-shell", "-F", "-t", pane_id, guard, then, otherwise)
    (reply,) = await control.ask(command, once=True)
    if sent in reply.lines:
        return True
    if refused in reply.lines:
        return False
    raise Unsure("tmux did not say whether it sent a key")


async def _outcome(control: Asker, aim: Aim[P], care: Care) -> Pressed:
    deadline_s = time.monotonic() + care.gone_s
    while True:
        (seen,) = await captures(control, [aim.pane.pane_id])
        if seen is None or aim.read(seen[0]) != aim.prompt:
            return Pressed.ANSWERED
        if time.monotonic() >= deadline_s:
            return Pressed.STAYS
        await asyncio.sleep(_LOOK_AGAIN_S)
