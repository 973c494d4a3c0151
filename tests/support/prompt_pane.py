"""A pane whose program shows a prompt, changes it, and writes down which one each key met."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.approval.watch import PaneState
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

LONG_S = 30.0
_PROGRAM = """
import os, pathlib, random, select, sys, time, tty
place, least_s, most_s = pathlib.Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
texts = {name: (place / name).read_text().replace("\\n", "\\r\\n") for name in ("first", "second")}
tty.setraw(0)
shown = "first"
def draw(text):
    os.write(1, ("\\x1b[H\\x1b[2J" + text).encode())
draw(texts[shown] + "\\x1b]2;drawn\\x07")
(place / "pid").write_text(str(os.getpid()))
until_s = time.monotonic() + random.uniform(least_s, most_s)
while True:
    pause_s = max(0.0, until_s - time.monotonic()) if most_s else None
    ready = select.select([0], [], [], pause_s)[0]
    if ready:
        keys = os.read(0, 1000).decode()
        with (place / "keys").open("a") as log:
            log.write(f"{shown} {keys}\\n")
        if not (place / "stays").exists():
            shown = "gone"
            draw("❯ the answer was heard")
    elif shown != "gone":
        shown = "second" if shown == "first" else "first"
        draw(texts[shown])
        until_s = time.monotonic() + random.uniform(least_s, most_s)
"""


@dataclass(frozen=True)
class PromptPane:
    """`met` tells which prompt was shown at each key."""

    pane_id: str
    place: Path
    tmux: TmuxServer

    @property
    def state(self) -> PaneState:
        """The pane as it is now."""
        form = "#{pane_id} #{pane_pid} #{pane_width} #{pane_height}"
        said = self.tmux.tmux("display-message", "-p", "-t", self.pane_id, form).split()
        return PaneState(said[0], *map(int, said[1:]))

    @property
    def screen(self) -> str:
        """What it shows now."""
        return self.tmux.tmux("capture-pane", "-p", "-t", self.pane_id)

    def met(self) -> list[tuple[str, str]]:
        """Which prompt each key met."""
        log = self.place / "keys"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [(shown, keys) for shown, _, keys in (line.partition(" ") for line in lines)]

    def stays(self) -> None:
        """From now on keys are written down only."""
        (self.place / "stays").touch()


def prompt_pane(
    tmux: TmuxServer,
    place: Path,
    first: str,
    second: str = "",
    *,
    toggling_s: tuple[float, float] = (0.0, 0.0),
    size: tuple[int, int] = (100, 30),
) -> PromptPane:
    """A pane in a session of its own that shows the first prompt, or both in turn."""
    place.mkdir()
    (place / "first").write_text(first, encoding="utf-8")
    (place / "second").write_text(second, encoding="utf-8")
    argv = (sys.executable, "-c", _PROGRAM, str(place), *map(str, toggling_s))
    pane = tmux.start_session(place.name, *argv, columns=size[0], rows=size[1])
    tmux.tmux("set-option", "-p", "-t", pane, "remain-on-exit", "on")
    wait_until((place / "pid").exists, timeout_s=LONG_S)
    shown = PromptPane(pane, place, tmux)
    title = ("display-message", "-p", "-t", pane, "#{pane_title}")
    wait_until(lambda: tmux.tmux(*title) == "drawn\n", timeout_s=LONG_S)
    return shown
