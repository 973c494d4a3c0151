"""What a worker does with its own pane. Small and cheap: each call is one run of `tmux`."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Mapping

from ccpar_hybrid.core.errors import BadInput, CcparError, NotFound
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.tmux.client import TIMEOUT_S, Client

LABEL, STATE, DETAIL = "@ccpar_label", "@ccpar_state", "@ccpar_detail"
OPTION_WIDTH = 160
"""Cells of an option's value that are kept; a border is seldom wider."""
_PASTE_END = ("\x1b[201~", "\x9b201~")
_buffer_numbers = itertools.count()


class Pane:
    """One pane by its id (`%3`), which it keeps for life.

    Every method blocks for some milliseconds and raises NotFound when the pane or its server is
    gone, CommandFailed when tmux refuses or does not answer, MissingPart when it is not there.
    """

    def __init__(
        self, pane_id: str, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S
    ) -> None:
        self.pane_id = pane_id
        self._client = Client(environment, timeout_s)

    def set_options(self, options: Mapping[str, str]) -> None:
        """Set the pane's user options (`@ccpar_…`), all in one call; the border shows them.

        Values are made visible and cut to OPTION_WIDTH cells, and nothing in them is evaluated.
        """
        pane = ("-t", self.pane_id)
        self._client.run(
            *(
                ("set-option", "-p", *pane, "--", name, visible(value, OPTION_WIDTH))
                for name, value in options.items()
            )
        )

    def capture(self, *, escapes: bool = False, history: bool = False) -> str:
        """What the pane's screen shows, a line each, without trailing blanks.

        `escapes` keeps colours as escape sequences; `history` puts what scrolled off in front.
        """
        flags = (("-e",) if escapes else ()) + (("-S", "-") if history else ())
        return self._client.run(("capture-pane", "-p", *flags, "-t", self.pane_id))

    def paste(self, text: str) -> None:
        """Give the program the text as one paste, byte for byte, whatever its length.

        It is a bracketed paste where the program asked for that. Raises BadInput when the text
        has the sequence that ends such a paste: what follows it would be keys.
        """
        for end in _PASTE_END:
            if end in text:
                raise BadInput(
                    f"the text ends a terminal's paste at position {text.index(end)}",
                    "text without ESC [201~ is accepted",
                )
        name = f"ccpar-{os.getpid()}-{next(_buffer_numbers)}"
        try:
            self._client.feed(
                text.encode("utf-8", "surrogateescape"),
                *("load-buffer", "-b", name, "-", ";"),
                *("paste-buffer", "-p", "-r", "-d", "-b", name, "-t", self.pane_id),
            )
        except CcparError:
            with contextlib.suppress(CcparError):
                self._client.run(("delete-buffer", "-b", name))
            raise

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names (`Enter`, `C-c`, `1`); words that are no key are typed."""
        self._client.run(("send-keys", "-t", self.pane_id, "--", *keys))

    def is_in_mode(self) -> bool:
        """Whether somebody scrolls or copies here, so that keys would not reach the program."""
        return self._ask("#{pane_in_mode}") != "0"

    def leave_mode(self) -> None:
        """End every mode; nothing happens where there is none."""
        self._client.run(("copy-mode", "-q", "-t", self.pane_id))

    def size(self) -> tuple[int, int]:
        """Columns and rows that the program has."""
        columns, rows = self._ask("#{pane_width} #{pane_height}").split()
        return int(columns), int(rows)

    def clear_history(self) -> None:
        """Forget what scrolled off."""
        self._client.run(("clear-history", "-t", self.pane_id))

    def _ask(self, form: str) -> str:
        # display-message answers for another pane, or blank, when its target is gone.
        found, _, answer = (
            self._client.run(("display-message", "-p", "-t", self.pane_id, "#{pane_id} " + form))
            .rstrip("\n")
            .partition(" ")
        )
        if found != self.pane_id:
            raise NotFound(f"tmux pane {self.pane_id} is gone")
        return answer
