"""What is known of one word of a command before it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How much is known."""

    EXACT = "exact"  # the text
    NUMBERED = "numbered"  # the text, in which a `0` may stand for any number
    GLOB = "glob"  # a file name that matches the pattern, or several
    INSIDE = "inside"  # a path that begins with the text and leads nowhere above it
    OPEN = "open"  # one word that begins with the text
    MANY = "many"  # any number of words


@dataclass(frozen=True, slots=True)
class Arg:
    """One word. `loose`: blanks in file names may cut it into several.

    `names`, of INSIDE: a pattern that the last part of the path matches; empty: any name.
    `several`: it stands for any number of words of that form.
    """

    text: str
    form: Form = Form.EXACT
    loose: bool = False
    names: str = ""
    several: bool = False

    @property
    def is_several(self) -> bool:
        """Whether it may become another number of words than one."""
        return self.several or self.loose or self.form is Form.MANY

    @property
    def is_exact(self) -> bool:
        """Whether the text is all of it."""
        return self.form is Form.EXACT

    @property
    def may_be_option(self) -> bool:
        """Whether it could begin with a dash."""
        if self.form is Form.GLOB:
            return self.text[:1] in "*?[" or self.text.startswith("-")
        if self.form is Form.NUMBERED and self.text[:1] == "0":
            return len(self.text) > 1  # a number below 0, and what stands behind it
        if self.text or self.form is Form.EXACT:
            return self.text.startswith("-")
        return True

    @property
    def numbers(self) -> Arg:
        """Of NUMBERED: the file names that it may be."""
        quoted = re.sub(r"([*?\[])", r"[\1]", self.text)
        return Arg(quoted.replace("0", "[-0-9]*"), Form.GLOB)

    def __str__(self) -> str:
        tail = {Form.OPEN: "…", Form.MANY: "…", Form.INSIDE: "…"}.get(self.form, "")
        return f"{self.text}{tail}"


UNKNOWN = Arg("", Form.OPEN)
"""One word, no letter of which is known."""
WORDS = Arg("", Form.MANY)
"""Any number of words, nothing known."""


def exact(text: str) -> Arg:
    """A word that is known."""
    return Arg(text)
