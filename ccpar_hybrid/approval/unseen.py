"""What a command may be of which a screen shows all but letters that nobody sees. Pure.

Such a letter may stand anywhere in the text (`agents/claude_command.py` says in which texts it can
change no more than this). It makes a word another one: a name that nobody has seen, a program that
is not there, an option that is none and so an operand, with which the words behind it are taken
otherwise. Alone it is a word more at the end of a command. In `&&`, `||`, `>>`, `2>&1` it parts the
two characters: `a &X& b`. So the command is judged as each of these too, and what a rule allows has
to be allowed in all of them. A word that became another is not looked at further: the same kind of
thing of another name, which is what is left to who trusts a screen.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

UNSEEN = "unseen"
"""Stands for such letters: a word of its own, or the beginning of one."""
MOST_PLACES = 8
_ALL_OF = 4
"""Of so many places all combinations are tried; of more, two at a time, and all but one."""

_TOKEN = re.compile(
    r"(?P<blank> +)"
    r"|(?P<redirection>&>>|&>|\d?>>|\d?>&[\d-]|\d?>|\d?<)"
    r"|(?P<operator>&&|\|\||\|&|[;&|])"
    r"|(?P<word>(?:[^ |&;<>'\"]|'[^']*'|\"[^\"]*\")+)"
)
_PARTED = {"&&": " & true & ", "||": " | true | ", "|&": " | true & "}
_MOVES = frozenset(("cd", "pushd", "popd"))


@dataclass(frozen=True)
class _Part:
    kind: str
    text: str


@dataclass(frozen=True)
class _Edit:
    """What becomes of the part with this number: other text (None: its own), with more around."""

    number: int
    text: str | None = None
    before: str = ""
    after: str = ""


Change = tuple[_Edit, ...]


def readings(text: str) -> tuple[str, ...] | None:
    """The command as it is shown, and all that stand for what it may be; None: too many."""
    parts = _parts(text)
    if parts is None or any(_is_bare(parts[first:end]) for first, end in _commands(parts)):
        return None
    places = list(_places(parts))
    if len(places) > MOST_PLACES:
        return None
    found = [text, *(_written(parts, chosen) for chosen in _choices(places))]
    longer = list(_longer(parts))
    found += [_written(parts, [*chosen, *longer]) for chosen in ([], places)]
    return tuple(dict.fromkeys(found))


def _parts(text: str) -> list[_Part] | None:
    """The text taken apart; None where it is none of those that a screen tells."""
    found: list[_Part] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        found.append(_Part(str(match.lastgroup), match[0]))
        at = match.end()
    return found


def _is_bare(command: Sequence[_Part]) -> bool:
    """Whether it redirects before it names a program."""
    return next((part.kind for part in command if part.kind != "blank"), "") == "redirection"


def _choices(places: Sequence[Change]) -> Iterator[Sequence[Change]]:
    if len(places) <= _ALL_OF:
        sizes: Iterable[int] = range(1, len(places) + 1)
    else:
        sizes = (1, 2, len(places) - 1, len(places))
    for size in sizes:
        yield from itertools.combinations(places, size)


def _places(parts: Sequence[_Part]) -> Iterator[Change]:
    """Where a letter that is not seen can do more than make another word of one."""
    for first, end in _commands(parts):
        words = [n for n in range(first, end) if parts[n].kind == "word"]
        for number in words:
            if parts[number].text.strip("'\"").startswith("-"):
                yield (_Edit(number, before=UNSEEN),)
        if words and parts[words[0]].text in _MOVES:
            yield (_Edit(words[0], "true"),)
        for number in range(first, end):
            if parts[number].kind == "redirection":
                yield from _redirected(parts, number, _last_argument(parts, first, end))
        if end < len(parts) and parts[end].text in _PARTED:
            yield (_Edit(end, _PARTED[parts[end].text]),)


def _commands(parts: Sequence[_Part]) -> Iterator[tuple[int, int]]:
    """From where to before where each simple command goes."""
    first = 0
    for number, part in enumerate(parts):
        if part.kind == "operator":
            yield first, number
            first = number + 1
    yield first, len(parts)


def _last_argument(parts: Sequence[_Part], first: int, end: int) -> int:
    """The last word before any redirection; -1: there is none."""
    redirected = (n for n in range(first, end) if parts[n].kind == "redirection")
    words = (n for n in range(first, next(redirected, end)) if parts[n].kind == "word")
    return max(words, default=-1)


def _redirected(parts: Sequence[_Part], number: int, last: int) -> Iterator[Change]:
    """`2>&1` may be `2X>X &1`, `>>f` `>X >f`, `> f` `>X f` and so one word more, `&>f` `&X >f`."""
    sign = parts[number].text.lstrip("0123456789")
    digit = parts[number].text[: -len(sign)]
    word = _Edit(last, after=f" {digit}{UNSEEN}")
    more: Change = (word,) if digit else ()
    target = number + 2 if parts[number + 1 : number + 2] == [_Part("blank", " ")] else 0
    if sign[0] == "&":
        yield (_Edit(number, f"& true {sign[1:]}"),)
    elif sign[:2] == ">&":
        yield (*more, _Edit(number, f">{UNSEEN} & true"))
    elif target and target < len(parts):
        moved = _Edit(last, after=f" {digit}{UNSEEN} {parts[target].text}")
        yield (moved, _Edit(number, f"{sign[0]}{UNSEEN}"), _Edit(target, ""))
    elif sign == ">>":
        yield (*more, _Edit(number, f">{UNSEEN} >"))
    elif digit:
        yield (*more, _Edit(number, sign))


def _longer(parts: Sequence[_Part]) -> Iterator[Change]:
    """A word more for each command that does not only go elsewhere."""
    for first, end in _commands(parts):
        words = [part.text for part in parts[first:end] if part.kind == "word"]
        last = _last_argument(parts, first, end)
        if last >= 0 and words[0] not in _MOVES:
            yield (_Edit(last, after=f" {UNSEEN}"),)


def _written(parts: Sequence[_Part], chosen: Iterable[Change]) -> str:
    texts = [part.text for part in parts]
    before, after = [""] * len(parts), [""] * len(parts)
    for edit in itertools.chain.from_iterable(chosen):
        if edit.text is not None:
            texts[edit.number] = edit.text
        before[edit.number] += edit.before
        after[edit.number] += edit.after
    return "".join(itertools.chain.from_iterable(zip(before, texts, after, strict=True)))
