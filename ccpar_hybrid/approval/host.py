"""What the parts of the shell judge ask of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ccpar_hybrid.approval.act import Act
from ccpar_hybrid.approval.arg import Arg
from ccpar_hybrid.approval.ground import Ground
from ccpar_hybrid.approval.state import Flow, State
from ccpar_hybrid.approval.syntax import Node

Stream = Arg | None
"""What a command reads or writes: EXACT the whole text, INSIDE or GLOB one path a line, OPEN
anything; None: nothing, or a terminal."""


class Host(Protocol):
    """Collects acts, and runs what stands inside of something else."""

    ground: Ground
    acts: list[Act]
    building: bool
    only_tests: bool
    tests_secrets: bool
    traces: bool

    def add(self, act: Act) -> None:
        """One more thing that the text would do."""

    def unclear(self, subject: str, why: str) -> None:
        """One more thing that is not understood."""

    def substitution(self, statements: Iterable[Node], state: State) -> Arg:
        """Judge what stands in a substitution; what it prints, without the last newline."""

    def run(self, argv: Sequence[Arg], state: State, stdin: Stream) -> Flow:
        """Judge one simple command, its words expanded."""

    def script(self, text: str, state: State, stdin: Stream, dialect: str = "bash") -> Flow:
        """Judge a text that a shell runs in a process of its own, or by `eval`."""

    def path(
        self,
        effect: str,
        word: Arg,
        state: State,
        words: tuple[str, ...],
        *,
        listing: bool = False,
    ) -> None:
        """Judge what is done to a path; `listing`: what it holds is not printed."""
