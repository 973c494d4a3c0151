"""What is to be done about the panes of a session. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from ccpar_hybrid.tmux.session import PaneView, SessionView

_SERVICES = ("monitor", "approver")
"""Programs that are wanted wherever they have a pane."""


@dataclass(frozen=True)
class Duty:
    """`lost`: panes whose program has died and is wanted; `surplus`: those that are not."""

    lost: tuple[PaneView, ...]
    surplus: tuple[PaneView, ...]


def duty(view: SessionView, wanted: Container[str]) -> Duty:
    """Of all panes whose program has ended; `wanted` are the names of workers that shall be."""
    ended = [pane for pane in view.panes if pane.role and pane.dead]
    lost = [p for p in ended if p.role in _SERVICES or p.worker in wanted]
    surplus = [p for p in ended if p.role == "worker" and p.worker not in wanted]
    return Duty(tuple(lost), tuple(surplus))


def title(pane: PaneView) -> str:
    """What people call the pane: the worker's name, `monitor` or `approver`."""
    return pane.worker or pane.role
