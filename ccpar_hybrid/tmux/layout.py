"""Layouts as data: what a layout file may say. Pure; docs/layouts.md is its manual."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from ccpar_hybrid.tmux.geometry import MIN_MONITOR, MIN_WORKER, Arrangement, Shape

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,31}", re.ASCII)
PAGE = "{page}"
"""Stands in a window's name for its number among the windows with workers, from 1."""


def checked_name(text: str) -> str:
    """The text if it can name a session, layout or worker, else ValueError.

    tmux reads `:`, `.`, `#`, `=` and more in names as its own signs.
    """
    if not _NAME.fullmatch(text):
        raise ValueError("1 to 32 of A-Z a-z 0-9 _ - are accepted, without a - in front")
    return text


def _window_name(text: str) -> str:
    # tmux would take a window's name of digits for its number.
    if not text[:1].isalpha():
        raise ValueError("a window's name begins with a letter")
    checked_name(text.replace(PAGE, "123"))
    return text


Name = Annotated[str, AfterValidator(checked_name)]


class Place(StrEnum):
    """What a pane of a layout is for. `WORKERS`: as many workers as fit."""

    MONITOR = "monitor"
    WORKER = "worker"
    WORKERS = "workers"


class PaneLayout(BaseModel):
    """One entry under `panes`: a Place by itself, or with `focus`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shell_command: Place
    focus: bool = False


def _pane(value: object) -> object:
    return {"shell_command": value} if isinstance(value, str) else value


class WindowOptions(BaseModel):
    """A window's `options`: the wanted extent of the main pane, in cells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    main_pane_height: int = Field(default=24, alias="main-pane-height", ge=1, le=1000)
    main_pane_width: int = Field(default=119, alias="main-pane-width", ge=1, le=1000)


class WindowLayout(BaseModel):
    """One entry under `windows`; the last one is repeated for as long as there are workers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_name: Annotated[str, AfterValidator(_window_name)]
    layout: Arrangement = Arrangement.TILED
    options: WindowOptions = WindowOptions()
    focus: bool = False
    panes: tuple[Annotated[PaneLayout, BeforeValidator(_pane)], ...] = Field(min_length=1)

    @property
    def places(self) -> tuple[Place, ...]:
        """What its panes are for, in order."""
        return tuple(pane.shell_command for pane in self.panes)

    @property
    def has_monitor(self) -> bool:
        """Whether it holds the monitor, which is then its first pane."""
        return Place.MONITOR in self.places

    @property
    def has_workers(self) -> bool:
        """Whether it takes any worker."""
        return set(self.places) != {Place.MONITOR}

    @property
    def fills(self) -> bool:
        """Whether it takes as many workers as fit."""
        return Place.WORKERS in self.places

    @property
    def shape(self) -> Shape:
        """How it divides itself."""
        tall = self.layout is Arrangement.MAIN_HORIZONTAL
        return Shape(
            self.layout,
            self.options.main_pane_height if tall else self.options.main_pane_width,
            MIN_MONITOR if self.has_monitor else MIN_WORKER,
        )

    @property
    def focused_pane(self) -> int:
        """The place of the pane that has the focus when somebody comes."""
        return next((i for i, pane in enumerate(self.panes) if pane.focus), 0)

    @model_validator(mode="after")
    def _workers_come_last(self) -> Self:
        if self.places.count(Place.WORKERS) > 1 or Place.WORKERS in self.places[:-1]:
            raise ValueError("panes: 'workers' takes all that fits, so it can only come last")
        return self


class SessionOptions(BaseModel):
    """The session's `options` that a layout may set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mouse: bool = True
    history_limit: int = Field(default=5000, alias="history-limit", ge=100, le=200_000)


class Choice(BaseModel):
    """`layout` serves where there are at most `up_to` workers, or always."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layout: Name
    up_to: int | None = Field(default=None, ge=1)


class CcparBlock(BaseModel):
    """What tmuxp has no keys for. `most_in_window` limits what `workers` takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = Field(default="", max_length=200)
    separate_groups: bool = False
    most_in_window: int = Field(default=64, ge=1, le=64)
    choose: tuple[Choice, ...] = ()


class Layout(BaseModel):
    """A whole layout file. `name` is what finds it again: its name, or the path of its file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    session_name: Name | None = None
    options: SessionOptions = SessionOptions()
    windows: tuple[WindowLayout, ...] = ()
    ccpar: CcparBlock = CcparBlock()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.ccpar.choose:
            return self._chooses_well()
        if not self.windows:
            raise ValueError("windows: at least one is needed, or ccpar.choose")
        self._monitor_is_first()
        if not self.windows[-1].has_workers:
            raise ValueError("windows: the last one is repeated, so it needs a worker")
        return self

    def _chooses_well(self) -> Self:
        if self.windows:
            raise ValueError("windows: not together with ccpar.choose")
        if self.ccpar.choose[-1].up_to is not None:
            raise ValueError("ccpar.choose: the last entry has no up_to, it serves all others")
        limits = [choice.up_to or 0 for choice in self.ccpar.choose[:-1]]
        if 0 in limits or limits != sorted(set(limits)):
            raise ValueError("ccpar.choose: up_to must grow from entry to entry")
        return self

    def _monitor_is_first(self) -> None:
        monitors = [place for window in self.windows for place in window.places]
        if monitors[0] is not Place.MONITOR or monitors.count(Place.MONITOR) != 1:
            raise ValueError(
                "windows: there is one 'monitor', and it is the first pane of the first window"
            )
