"""Shell texts by chance, from the rules in `grammar.txt`.

Every text ends by itself, as far as that can be told: loops are short, and functions call only
those that were there before them. Only programs that exist nowhere are run, beside a few harmless
wrappers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random

PROGRAMS = ("zt", "zf", "zp", "zr", "zw")
"""The referee's programs: one that succeeds, one that fails, one that prints its words, and those
whose words are paths to read and to write."""
DEEPEST = 3
_FUNCTIONS = ("f", "g", "h")
_REFERENCE = re.compile(r"<([a-z-]+)>")
_SIGNS = str.maketrans({"␤": "\n", "␉": "\t", "␠": " ", "∅": ""})
_HARMLESS_WITHOUT_ROOT = {"path-above": "a.txt", "folder-above": "d", "wrapped": "zt one"}
"""What stands for a rule where the referee has no root of its own."""


class Script:
    """Writes one text. `isolated`: it may lead above its directory, and start other programs."""

    def __init__(self, seed: str, *, isolated: bool = True) -> None:
        self._chance = Random(seed)
        self._instead = {} if isolated else _HARMLESS_WITHOUT_ROOT
        self._pending: list[str] = []
        self._functions: list[str] = []
        self._own: Mapping[str, Callable[[int], str]] = {
            "newline": lambda depth: self._newline(),
            "end": lambda depth: self._end(),
            "close": lambda depth: self._newline() if self._pending else "",
            "heredoc": self._heredoc,
            "nested": self._nested,
            "backquoted": self._backquoted,
            "quoted-text": lambda depth: self._quoted(self._written("text", depth)),
            "quoted-path": lambda depth: self._quoted(self._written("path", depth)),
            "definition": lambda depth: self._definition(),
            "function": lambda depth: self._function(depth),
        }

    def text(self) -> str:
        """The whole text: some variables, then one to four lines."""
        names = ("v", "w", "u")[: self._chance.randint(0, 3)]
        lines = [f"{name}={self._quoted(self._written('text', 0))}\n" for name in names]
        count = self._chance.choices((1, 2, 3, 4), (4, 4, 2, 1))[0]
        lines += [self._written("line", DEEPEST) + self._newline() for _ in range(count)]
        return "".join(lines).rstrip("\n")

    def _written(self, rule: str, depth: int) -> str:
        if rule in self._instead:
            return self._instead[rule]
        if rule in self._own:
            return self._own[rule](depth)
        ways = [way for way in rules()[rule] if depth > 0 or not way[1]]
        _, deeper, text = self._chance.choices(ways, [weight for weight, _, _ in ways])[0]
        return _REFERENCE.sub(lambda found: self._written(found[1], depth - deeper), text)

    def _newline(self) -> str:
        """The end of a line; the texts of the heredocs that it began follow."""
        texts, self._pending = self._pending, []
        comment = self._chance.choices(("", " # zt; it's", "  "), (12, 1, 1))[0]
        return comment + "\n" + "".join(texts)

    def _end(self) -> str:
        """What ends a list inside of a compound command."""
        return self._newline() if self._pending or self._chance.random() < 0.2 else "; "

    def _heredoc(self, depth: int) -> str:
        mark, dash = (
            self._chance.choice(("E", "E", "'E'", '"E"', "\\E")),
            self._chance.choice(("", "-")),
        )
        lines = [self._written("heredoc-line", depth) for _ in range(self._chance.randint(0, 3))]
        last = "\tE" if dash and self._chance.random() < 0.5 else "E"
        self._pending.append("".join(f"{line}\n" for line in [*lines, last]))
        return f" <<{dash}{mark}"

    def _nested(self, depth: int) -> str:
        """A list in a substitution, with the texts of its heredocs in it."""
        outer, self._pending = self._pending, []
        found = self._written("list", min(depth, 1))
        if self._pending:
            found += self._newline()
        self._pending = outer
        return found + "\n" if "#" in found else found

    def _backquoted(self, depth: int) -> str:
        inside = self._nested(depth)
        return f"$({inside})" if set(inside) & set("`\\'\"#") or "<<" in inside else f"`{inside}`"

    def _definition(self) -> str:
        """The name of a new function. What its body calls was there before it."""
        name = next((each for each in _FUNCTIONS if each not in self._functions), "z")
        self._functions.append(name)
        return name

    def _function(self, depth: int) -> str:
        """A function that was written before the last one, so that nothing calls itself."""
        known = self._functions[:-1] if depth < DEEPEST else self._functions
        return self._chance.choice(known) if known else self._written("program", depth)

    def _quoted(self, text: str) -> str:
        """The text in one of the ways to quote it, or in none."""
        if text and re.fullmatch(r"[\w./]+", text, re.ASCII) and self._chance.random() < 0.5:
            return text
        ways = (_single_quoted, _double_quoted, _escaped, _dollar_quoted, _apart)
        return self._chance.choice(ways)(text)


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _double_quoted(text: str) -> str:
    return '"' + re.sub(r'([$`"\\])', r"\\\1", text) + '"'


def _escaped(text: str) -> str:
    return re.sub(r"([^\w./\n-])", r"\\\1", text).replace("\n", "") or "''"


def _dollar_quoted(text: str) -> str:
    return "$'" + re.sub(r"(['\\])", r"\\\1", text).replace("\n", "\\n") + "'"


def _apart(text: str) -> str:
    return "".join("\\'" if letter == "'" else f"'{letter}'" for letter in text) or '""'


@cache
def rules() -> Mapping[str, tuple[tuple[int, int, str], ...]]:
    """Of each rule its ways: the weight, how much deeper it goes, and the text."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    name = ""
    for line in Path(__file__).with_name("grammar.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            found[name] = []
        elif line and not line.startswith("#"):
            weight, _, text = line.partition(" ")
            deeper = text.startswith("+ ")
            text = text.removeprefix("+ ").translate(_SIGNS)
            found[name].append((int(weight), int(deeper), text))
    return {rule: tuple(ways) for rule, ways in found.items()}
