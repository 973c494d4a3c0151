"""Several commands in one text for tmux, and what each of them answered. Pure.

Behind each command two words are printed that nobody can guess, for no screen that is captured may
pass for an answer: one if the command was done, and one in any case.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.tmux.client import quoted
from ccpar_hybrid.tmux.control_frame import Garbled

Command = Sequence[str]
_UNFIT = ("\n", "\r", "\0")


@dataclass(frozen=True, slots=True)
class Reply:
    """Whether tmux did the command, and the lines that it printed.

    Where it was not done, the lines may tell why.
    """

    done: bool
    lines: tuple[str, ...]


class Script:
    """The commands, each on a line of its own, so that none ends with another that fails."""

    def __init__(self, commands: Sequence[Command]) -> None:
        """Raises BadInput for a word with a line's end in it: tmux would read two commands."""
        token = secrets.token_hex(12)
        self._done = [f"done-{place}-{token}" for place in range(len(commands))]
        self._after = [f"after-{place}-{token}" for place in range(len(commands))]
        self._own = frozenset((*self._done, *self._after))
        self._commands = [" ".join(_word(word) for word in command) for command in commands]

    @property
    def text(self) -> bytes:
        """What tmux is given."""
        lines = (
            f"{command} ; display-message -p {done}\ndisplay-message -p {after}\n"
            for command, done, after in zip(self._commands, self._done, self._after, strict=True)
        )
        return "".join(lines).encode("utf-8", "surrogateescape")

    @property
    def last(self) -> str:
        """The line that is printed last."""
        return self._after[-1]

    def checked(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """A block's lines; raises Garbled where an answer stands in the block of another."""
        if len(lines) > 1 and not self._own.isdisjoint(lines):
            raise Garbled("one answer of tmux stands in another one")
        return lines

    def replies(self, lines: Sequence[str]) -> list[Reply]:
        """What each command answered, of all lines up to the last; raises Garbled."""
        replies, at = [], 0
        for done, after in zip(self._done, self._after, strict=True):
            try:
                end = lines.index(after, at)
            except ValueError:
                raise Garbled("tmux left out an answer") from None
            said = tuple(lines[at:end])
            was_done = bool(said) and said[-1] == done
            replies.append(Reply(was_done, said[:-1] if was_done else said))
            at = end + 1
        if at != len(lines):
            raise Garbled("tmux answered more than it was asked")
        return replies


def _word(word: str) -> str:
    if any(character in word for character in _UNFIT):
        raise BadInput("a word for tmux has a line's end in it", "words of one line are accepted")
    return quoted(word)
