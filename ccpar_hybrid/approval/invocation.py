"""A program's arguments, read by its grammar: which are options, and what each is taken for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ccpar_hybrid.approval.act import Effect
from ccpar_hybrid.approval.arg import Arg, Form, exact
from ccpar_hybrid.approval.tool import Grammar, Kind, Style

_OPEN = (Form.OPEN, Form.MANY, Form.NUMBERED)
_REST = (Kind.COMMAND, Kind.LOCAL_COMMAND, Kind.SCRIPT)


@dataclass
class Invocation:
    """`takes` in the order of the line. `rest` is the command that a wrapper runs."""

    grammar: Grammar
    names: tuple[str, ...]
    takes: list[tuple[Kind, Arg]] = field(default_factory=list)
    operands: list[tuple[Kind, Arg]] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    rest: tuple[Arg, ...] | None = None
    doubts: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False
    dashes: int | None = None

    def doubt(self, subject: str, why: str) -> None:
        """Something is not understood."""
        self.doubts.append((subject, why))


def read(grammar: Grammar, name: str, words: Sequence[Arg]) -> Invocation:
    """Read the words after the program's name."""
    found = Invocation(grammar, (name,))
    first = words[0] if words else None
    if first is not None and first.is_exact and first.text in grammar.bundles:
        words = [exact(f"-{first.text}"), *words[1:]]
    while True:
        remaining = _options_and_operands(found, list(words))
        if remaining is None:
            return found
        sub = remaining[0]
        inner = found.grammar.sub.get(sub.text) if sub.is_exact else None
        if inner is None:
            found.doubt(f"{' '.join(found.names)} {sub}", "nothing is known of this subcommand")
            return found
        found.grammar = inner
        found.names = (*found.names, sub.text)
        found.ended = False
        words = remaining[1:]


def _options_and_operands(found: Invocation, words: list[Arg]) -> list[Arg] | None:
    """Read one level; what begins with a subcommand's name comes back."""
    grammar = found.grammar
    plain: list[Arg] = []
    while words:
        word = words.pop(0)
        if not found.ended and grammar.style is not Style.WORDS and _is_option(found, word):
            if word.is_exact and word.text == "--":
                found.ended = True
                found.dashes = len(plain)
            else:
                _option(found, word, words)
            continue
        if grammar.sub and not plain:
            known = word.is_exact and word.text in grammar.sub
            if known or grammar.operands == (Kind.NONE,):
                return [word, *words]
        position = len(plain)
        plain.append(word)
        kind = _kind_at(grammar, position, found.options)
        if kind in _REST or grammar.style is Style.POSIX:
            if kind in (Kind.COMMAND, Kind.LOCAL_COMMAND):
                if kind is Kind.LOCAL_COMMAND:
                    found.takes.append((kind, word))
                found.rest = (word, *words)
                plain.pop()
                break
            if kind is Kind.SCRIPT:
                found.takes.append((kind, word))
                found.takes += [(Kind.ANY, each) for each in words]
                plain.pop()
                break
            found.ended = True
    if grammar.sub and not plain and found.rest is None and not found.options:
        if grammar.bare is None:
            found.doubt(" ".join(found.names), "without a subcommand")
        return None
    _operands(found, plain)
    return None


def _is_option(found: Invocation, word: Arg) -> bool:
    if word.form is Form.GLOB and word.text.startswith("-"):
        return True
    if word.form in (Form.EXACT, Form.NUMBERED):
        is_plus = found.grammar.plus and word.text.startswith("+")
        return (word.text.startswith("-") and word.text != "-") or is_plus
    return word.form is Form.OPEN and word.text.startswith("-")


def _option(found: Invocation, word: Arg, words: list[Arg]) -> None:
    grammar, text = found.grammar, word.text
    if word.form is Form.GLOB:  # no file has such a name: the word stays as it is
        word = exact(re.sub(r"\[([*?\[])\]", r"\1", text))
        text = word.text
    if (
        grammar.style is Style.SINGLE
        and grammar.joins
        and not text.startswith("--")
        and _prefixed(found, word, words)
    ):
        return
    if text.startswith("--") or grammar.style is Style.SINGLE:
        name, equals, value = text.partition("=")
        if equals:
            _valued(found, name, Arg(value, word.form, word.loose))
        elif not word.is_exact:
            found.doubt(f"{' '.join(found.names)} {word}", "an option that is not wholly known")
        else:
            _named(found, name, words)
        return
    if grammar.plus and text.startswith("+"):
        if "/" in text and not text.startswith("+%"):
            found.doubt(f"{' '.join(found.names)} {word}", "nothing is known of this option")
        return
    if not word.is_exact and len(text) < 2:
        found.doubt(f"{' '.join(found.names)} {word}", "an option that is not wholly known")
        return
    _short(found, word, words)


def _prefixed(found: Invocation, word: Arg, words: list[Arg]) -> bool:
    """`-DNAME=value`, `-Ipath`: one letter with its value in the same word."""
    grammar, text = found.grammar, word.text
    name = text.partition("=")[0]
    if name in grammar.kinds or name in grammar.plain or name in grammar.asks or len(text) < 3:
        return False
    kind = grammar.kinds.get(text[:2]) or grammar.glued_kinds.get(text[:2])
    if kind is None:
        return False
    found.options.append(text[:2])
    _take_kind(found, text[:2], kind, Arg(text[2:], word.form, word.loose))
    return True


def _named(found: Invocation, name: str, words: list[Arg]) -> None:
    grammar = found.grammar
    if name in grammar.kinds:
        found.options.append(name)
        if grammar.kinds[name] in (Kind.MODULE,):
            _module(found, words)
        elif not words:
            found.doubt(f"{' '.join(found.names)} {name}", "its value is missing")
        else:
            _take(found, name, words.pop(0))
    elif name in grammar.plain:
        _flag(found, name)
    else:
        _unknown(found, name)


def _module(found: Invocation, words: list[Arg]) -> None:
    found.rest = tuple(words)
    found.takes.append((Kind.MODULE, words[0] if words else exact("")))
    words.clear()


def _valued(found: Invocation, name: str, value: Arg) -> None:
    kind = found.grammar.kinds.get(name) or found.grammar.glued_kinds.get(name)
    if kind is None:
        _unknown(found, name)
        return
    found.options.append(name)
    _take_kind(found, name, kind, value)


def _short(found: Invocation, word: Arg, words: list[Arg]) -> None:
    """`-abc`, `-ovalue`, `-o value`; `-20` where numbers are options."""
    grammar, text = found.grammar, word.text[1:]
    if grammar.digits and text.isdigit() and word.form in (Form.EXACT, Form.NUMBERED):
        return
    while text:
        name, text = f"-{text[0]}", text[1:]
        if name in grammar.kinds or (name in grammar.glued_kinds and text):
            found.options.append(name)
            kind = grammar.kinds.get(name) or grammar.glued_kinds[name]
            if kind is Kind.MODULE:
                _module(found, ([Arg(text, word.form)] if text else []) + words)
                words.clear()
            elif text or not word.is_exact:
                _take_kind(found, name, kind, Arg(text, word.form, word.loose))
            elif words:
                _take_kind(found, name, kind, words.pop(0))
            else:
                found.doubt(f"{' '.join(found.names)} {name}", "its value is missing")
            return
        if name in grammar.plain:
            _flag(found, name)
        else:
            _unknown(found, name)
            return
    if not word.is_exact:
        found.doubt(f"{' '.join(found.names)} {word}", "an option that is not wholly known")


def _flag(found: Invocation, name: str) -> None:
    found.options.append(name)
    if effect := found.grammar.effects.get(name):
        found.effects.append(effect)


def _take(found: Invocation, name: str, value: Arg) -> None:
    _take_kind(found, name, found.grammar.kinds[name], value)


def _take_kind(found: Invocation, name: str, kind: Kind, value: Arg) -> None:
    if value.form is Form.MANY:
        found.doubt(f"{' '.join(found.names)} {name}", "how many words follow is not known")
    elif value.is_several:  # only the first of them is the value
        found.operands += [(other, value) for other in dict.fromkeys(found.grammar.operands)]
    if effect := found.grammar.effects.get(name):
        found.effects.append(effect)
    found.takes.append((kind, value))


def _unknown(found: Invocation, name: str) -> None:
    if effect := found.grammar.effects.get(name):
        found.effects.append(effect)
        return
    why = found.grammar.asks.get(name, "nothing is known of this option")
    found.doubt(f"{' '.join(found.names)} {name}", why)


def _kind_at(grammar: Grammar, position: int, options: list[str]) -> Kind:
    kinds = grammar.operands
    if kinds and any(option in grammar.first_unless for option in options):
        kinds = kinds[1:] or kinds
    return kinds[min(position, len(kinds) - 1)]


def _operands(found: Invocation, plain: list[Arg]) -> None:
    grammar = found.grammar
    if grammar.needs and not any(option in grammar.needs for option in found.options):
        found.doubt(" ".join(found.names), f"only {' '.join(grammar.needs)} is judged")
    several: int | None = None
    if not plain and grammar.bare is not None:
        found.operands.append((grammar.bare, exact(".")))
    for position, word in enumerate(plain):
        kind = _kind_at(grammar, position, found.options)
        if grammar.dashed and found.dashes is not None and position >= found.dashes:
            kind = grammar.dashed
        is_plain = grammar.style is Style.WORDS or (kind is Kind.TEXT and not grammar.is_dangerous)
        is_open = word.form in _OPEN and word.may_be_option
        if is_open and not found.ended and not is_plain:
            found.doubt(f"{' '.join(found.names)} {word}", "a word that could be an option")
        several = position if several is None and word.is_several else several
        found.operands.append((kind, word))
        if several is not None and grammar.operands:
            others = dict.fromkeys(grammar.operands[several:])
            found.operands += [(other, word) for other in others if other is not kind]
    unless = any(option in grammar.last_unless for option in found.options)
    if grammar.last is not None and not unless and found.operands:
        last = found.operands[-1]
        kept = [last] if last[1].is_several else []
        found.operands[-1:] = [*kept, (grammar.last, last[1])]
    found.takes += found.operands
