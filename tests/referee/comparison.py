"""Whether the judge has seen all that bash did."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from ccpar_hybrid.approval import command, syntax, tool
from ccpar_hybrid.approval.act import Act, Effect
from ccpar_hybrid.approval.arg import Arg, Form
from ccpar_hybrid.approval.ground import ground, is_below
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.shell import Shell, judge_by
from ccpar_hybrid.approval.state import Flow, State
from ccpar_hybrid.approval.syntax import UNSEEN, Node, NotUnderstood
from ccpar_hybrid.approval.tool import Kind, Style, Tool, Tools
from tests.referee.bash import Bash, Record
from tests.referee.script import PROGRAMS, Script

_BATCH = 40
_OUTSIDE_FUNCTIONS = command.outside_functions
_EXECUTED = (Effect.READ, Effect.EXECUTE)


@dataclass(frozen=True)
class Heard:
    """What the judge made of a text: its acts, and every command with the folders it runs in."""

    acts: tuple[Act, ...]
    commands: tuple[tuple[tuple[Arg, ...], frozenset[str] | None], ...]

    @property
    def is_clear(self) -> bool:
        """Whether a rule may allow it; what is unclear is always asked for."""
        return all(act.effect is not Effect.UNCLEAR for act in self.acts)


@dataclass(frozen=True)
class Case:
    """A text with what bash did of it and the judge did not see; `asked`: the judge asked."""

    text: str
    asked: bool
    missed: tuple[str, ...]


_Clear = tuple[Path, str, Heard]
"""A work directory, the text to be run in it, and what the judge made of it."""


class _Listening(Shell):
    """Notes each command that is none of the text's own functions."""

    def __init__(self, directory: Path, home: Path) -> None:
        super().__init__(ground(str(directory), {"HOME": str(home)}), tools())
        self.commands: list[tuple[tuple[Arg, ...], frozenset[str] | None]] = []


def _noting(shell: Shell, argv: tuple[Arg, ...], state: State, stdin: Stream) -> Flow:
    assert isinstance(shell, _Listening)
    shell.commands.append((argv, state.folders))
    return _OUTSIDE_FUNCTIONS(shell, argv, state, stdin)


def tools() -> Tools:
    """The shipped tools and the referee's."""
    words = Tool(style=Style.WORDS, operands=(Kind.TEXT,))
    own = {
        **dict.fromkeys(PROGRAMS, words),
        "zr": Tool(style=Style.WORDS, operands=(Kind.READ,)),
        "zw": Tool(style=Style.WORDS, operands=(Kind.WRITE,)),
    }
    return Tools({**tool.load().by_name, **own})


def heard(text: str, directory: Path, home: Path) -> Heard:
    """Let the judge look at the text."""
    shell = _Listening(directory, home)
    with mock.patch.object(command, "outside_functions", _noting):
        acts = judge_by(shell, text)
    return Heard(acts, tuple(shell.commands))


def one_parser(text: str, dialect: str = "bash") -> tuple[Node, ...]:
    """As the judge's, without the second opinion: what follows the tree must not need it."""
    if UNSEEN.search(text):
        raise NotUnderstood("it holds what is not seen")
    return tuple(syntax._tree(text, dialect).get("Stmts") or ())


def compare(bash: Bash, texts: Iterable[str]) -> list[Case]:
    """Judge each text, run it, and tell what differs."""
    found: list[Case] = []
    waiting = list(texts)
    while waiting:
        cases, asked, waiting = _judged(bash, waiting)
        found += [Case(text, asked=True, missed=()) for text in asked]
        records = bash.run([(directory, text) for directory, text, _ in cases])
        for (directory, text, one), record in zip(cases, records, strict=True):
            missed = ("it does not end",) if record is None else tuple(_missed(one, record))
            found.append(Case(text, asked=False, missed=missed))
            bash.remove(directory)
    return found


def _judged(bash: Bash, texts: list[str]) -> tuple[list[_Clear], list[str], list[str]]:
    """A batch of texts that are not asked for, those that are, and what is left."""
    cases: list[_Clear] = []
    asked: list[str] = []
    directory = bash.directory()
    while texts and len(cases) < _BATCH:
        text, *texts = texts
        one = heard(text, directory, bash.place / "home")
        if one.is_clear:
            cases.append((directory, text, one))
            directory = bash.directory()
        else:
            asked.append(text)
    bash.remove(directory)
    return cases, asked, texts


def texts(seed: str, count: int, *, isolated: bool) -> list[str]:
    """So many texts of the seed."""
    return [Script(f"{seed}:{n}", isolated=isolated).text() for n in range(count)]


def _missed(one: Heard, record: Record) -> Iterable[str]:
    below = {
        os.path.realpath(os.path.join(place, arg.text))  # noqa: PTH118
        for argv, folders in one.commands
        for arg in argv
        if arg.form is Form.INSIDE
        for place in folders or ()
    }
    for folder, told in record.calls:
        words = _without_time(told)
        if not any(_is_same(argv, folders, words, folder) for argv, folders in one.commands):
            yield f"ran {words} in {folder}"
        if words[0] in ("zr", "zw"):
            effects = (Effect.WRITE,) if words[0] == "zw" else (Effect.READ,)
            paths = {os.path.realpath(os.path.join(folder, word)) for word in words[1:] if word}  # noqa: PTH118
            paths -= record.written
            yield from _unseen(
                one,
                effects,
                {path for path in paths if not any(is_below(path, each) for each in below)},
            )
    yield from _unseen(one, (Effect.WRITE,), record.written)
    read = {path for path in record.read if not any(is_below(path, each) for each in below)}
    yield from _unseen(one, _EXECUTED, read)


def _without_time(words: tuple[str, ...]) -> tuple[str, ...]:
    """After a pipe `time` is a program to bash, and a part of the grammar to the judge."""
    if words[0] != "time":
        return words
    return words[2:] if words[1:2] == ("-p",) else words[1:]


def _unseen(one: Heard, effects: tuple[Effect, ...], paths: Iterable[str]) -> Iterable[str]:
    seen = {act.spot.path for act in one.acts if act.spot and act.effect in effects}
    for path in paths:
        real = os.path.realpath(path)
        fixed, *wild = re.split(r"[*?\[]", real, maxsplit=1)
        if wild and os.path.dirname(fixed) in seen:  # noqa: PTH120 - nothing matched it
            continue
        if real not in seen and not any(_is_numbered(each, real) for each in seen):
            yield f"{effects[0]} {path}"


def _is_numbered(judged: str, real: str) -> bool:
    """Whether it is that path with other numbers in it."""
    return "0" in judged and bool(re.fullmatch(re.escape(judged).replace("0", "-?[0-9]+"), real))


def _is_same(
    argv: tuple[Arg, ...], folders: frozenset[str] | None, words: tuple[str, ...], folder: str
) -> bool:
    """Whether the words may have come from what the judge knows of them."""
    if folders is not None and folder not in {os.path.realpath(each) for each in folders}:
        return False
    pattern = "".join(_pattern(arg) for arg in argv)
    told = "".join(re.sub(r"/dev/fd/6[0-3]", "/dev/fd/63", word) + "\0" for word in words)
    return re.fullmatch(pattern, told, re.DOTALL) is not None


def _pattern(arg: Arg) -> str:
    """What the words may be, each with a NUL behind it."""
    any_text = "[^\0]*"
    if arg.form is Form.MANY:
        return f"(?:{re.escape(arg.text)}{any_text}\0(?:{any_text}\0)*)" + ("" if arg.text else "?")
    text = re.escape(arg.text) if arg.form is not Form.GLOB else ""
    if arg.form is Form.INSIDE and arg.text.endswith("/"):
        text = re.escape(arg.text[:-1])
    if arg.form is Form.NUMBERED:
        return text.replace("0", "-?[0-9]+") + "\0"
    one = text + ("" if arg.is_exact else any_text) + "\0"
    return f"(?:{one}(?:{any_text}\0)*)?" if arg.is_several else one
