"""`find` (GNU findutils 4.9's manual): its expression decides what it prints, runs and deletes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ccpar_hybrid.approval.act import Act, Effect
from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact
from ccpar_hybrid.approval.below import has_dashed_names
from ccpar_hybrid.approval.ground import is_secret_pattern
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.state import State

if TYPE_CHECKING:
    from ccpar_hybrid.approval.shell import Shell

_PATTERNS = frozenset(
    ["-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex"]
)
_VALUED = _PATTERNS | frozenset(
    [
        "-type",
        "-xtype",
        "-maxdepth",
        "-mindepth",
        "-mtime",
        "-mmin",
        "-atime",
        "-amin",
        "-ctime",
        "-cmin",
        "-size",
        "-perm",
        "-user",
        "-group",
        "-links",
        "-regextype",
        "-lname",
        "-ilname",
        "-inum",
        "-printf",
        "-uid",
        "-gid",
        "-used",
        "-fstype",
    ]
)
_READING = frozenset(["-newer", "-anewer", "-cnewer", "-samefile"])
_PLAIN = frozenset(
    [
        "(",
        ")",
        "!",
        ",",
        "-not",
        "-and",
        "-or",
        "-a",
        "-o",
        "-print",
        "-print0",
        "-ls",
        "-prune",
        "-quit",
        "-empty",
        "-depth",
        "-d",
        "-xdev",
        "-mount",
        "-true",
        "-false",
        "-executable",
        "-readable",
        "-writable",
        "-daystart",
        "-noleaf",
        "-ignore_readdir_race",
        "-nouser",
        "-nogroup",
    ]
)
_RUNNING = frozenset(["-exec", "-execdir", "-ok", "-okdir"])


def judge(shell: Shell, argv: tuple[Arg, ...], state: State) -> Stream:
    """Judge the call; its output is paths below where it starts."""
    words = list(argv[1:])
    while words and words[0].is_exact and words[0].text in ("-P", "-O1", "-O2", "-O3"):
        words.pop(0)
    starts = []
    while words and not (
        words[0].is_exact and (words[0].text[:1] == "-" or words[0].text in ("(", "!", ","))
    ):
        starts.append(words.pop(0))
    starts = starts or [exact(".")]
    for start in starts:
        shell.path("read", start, state, ("find", str(start)), listing=True)
    line = " ".join(map(str, argv))[:120]
    if any(word.is_several and word.may_be_option for word in starts) and has_dashed_names(state):
        shell.unclear(line, "a file here has a name that looks like an option")
    shell.add(Act(Effect.LOOK, line, tuple(map(str, argv))))
    expression = _Expression(shell, line, starts, state)
    expression.judge(words)
    if not expression.prints_paths:
        return UNKNOWN
    names = expression.names if expression.prints is None else expression.prints
    texts = {start.text for start in starts}
    if len(texts) == 1 and starts[0].form in (Form.EXACT, Form.INSIDE):
        text = texts.pop()
        text = text if text.startswith("/") else "./" if text in (".", "./") else text
        return Arg(text, Form.INSIDE, names=names)
    is_plain = not any(text.startswith(("/", "~", "-")) or ".." in text for text in texts)
    return Arg("./", Form.INSIDE, names=names) if is_plain else UNKNOWN


class _Expression:
    """One expression, from left to right."""

    def __init__(self, shell: Shell, line: str, starts: Sequence[Arg], state: State) -> None:
        self.shell = shell
        self.line = line
        self.starts = starts
        self.state = state
        self.names = ""
        self.secret = False
        self.alternatives = False
        self.negated = False
        self.prints: str | None = None
        self.prints_paths = True

    def judge(self, words: list[Arg]) -> None:
        """Judge every part."""
        self.alternatives = any(word.text in ("-o", "-or", ",", "(") for word in words)
        while words:
            word = words.pop(0)
            negated, self.negated = self.negated, word.text in ("!", "-not")
            if not word.is_exact:
                self.shell.unclear(self.line, "a part of the expression is known only when it runs")
            elif word.text in _RUNNING:
                self.prints_paths = False
                self._run(words, in_folder=word.text in ("-execdir", "-okdir"))
            elif word.text == "-delete":
                self._delete()
            elif word.text in _VALUED | _READING:
                self._valued(word.text, words, negated=negated)
            elif word.text in ("-print", "-print0"):
                self.prints = self.names if self.prints in (None, self.names) else ""
            elif word.text == "-ls":
                self.prints_paths = False
            elif word.text not in _PLAIN:
                self.shell.unclear(
                    f"find {word}", "nothing is known of this part of the expression"
                )

    def _valued(self, name: str, words: list[Arg], *, negated: bool) -> None:
        if not words or not words[0].is_exact:
            self.shell.unclear(f"find {name}", "its value is known only when it runs")
            words[:1] = []
            return
        value = words.pop(0).text
        if name in _READING:
            self.shell.path("read", exact(value), self.state, ("find",))
        elif name in _PATTERNS:
            self.secret = self.secret or is_secret_pattern(value)
            narrows = name in ("-name", "-iname") and any(letter.isalnum() for letter in value)
            if narrows and not (negated or self.alternatives or is_secret_pattern(value)):
                self.names = value
        elif name == "-printf":
            self.prints_paths = False

    def _found(self) -> list[Arg]:
        return [Arg(start.text or ".", Form.INSIDE, names=self.names) for start in self.starts]

    def _delete(self) -> None:
        if not self.names:
            self.shell.unclear(self.line, "it deletes more than names that it tells")
        for start in self._found():
            self.shell.path("delete", start, self.state, ("find", "-delete"))

    def _run(self, words: list[Arg], *, in_folder: bool) -> None:
        command: list[Arg] = []
        several = False
        while words:
            word = words.pop(0)
            if word.text == ";" and word.is_exact:
                break
            if word.text == "+" and word.is_exact and command and command[-1].text == "{}":
                several = True
                break
            command.append(word)
        else:
            self.shell.unclear(self.line, "the command of -exec has no end")
        if not command:
            return
        if self.secret:
            self.shell.unclear(
                self.line, "it looks for names of secrets, and runs a program on them"
            )
        if command[0].text in ("rm", "unlink", "shred", "mv", "rmdir") and not self.names:
            self.shell.unclear(self.line, "it deletes more than names that it tells")
        state = self.state.at(None) if in_folder else self.state
        for start in self._found():
            argv = [self._filled(word, start, in_folder=in_folder) for word in command]
            argv = [
                replace(word, several=several) if word.form is Form.INSIDE else word
                for word in argv
            ]
            self.shell.run(argv, replace(state, functions={}), None)

    @staticmethod
    def _filled(word: Arg, start: Arg, *, in_folder: bool) -> Arg:
        if "{}" not in word.text:
            return word
        if word.text == "{}" and word.is_exact:
            text = "./" if start.text in (".", "./") else start.text
            return UNKNOWN if in_folder else Arg(text, Form.INSIDE, names=start.names)
        return Arg(word.text.partition("{}")[0], Form.OPEN)
