"""Which commands in a dialog of Claude Code (2.1.197) tell enough to be judged. Pure.

What was seen of the Bash dialog: control characters never come to it (the tool refuses them, escape
sequences and carriage returns too); characters of no width are left out of what it draws; others
that are not ASCII are drawn; a tab is drawn as blanks; a line's end is a new row, but so is a row
that got too long. So a row of ASCII with single blanks is the command, except that tabs may be
blanks, and that letters which nobody sees may stand anywhere in it. In bash such a letter is like
any other letter of a name, and so this is what it can change:

- behind a backslash it is what is escaped, and the next character is not: `\\;` may be `\\X;`;
- `$` and `` ` `` begin or end an expansion elsewhere, `#` may begin a comment or not, `<<X` a text
  that ends elsewhere, `((`, `[[`, `$(`, `{` and the words of the grammar may be no such thing: then
  what was a comparison (`[[ a > b ]]`) writes a file;
- quotes stay quotes, and between them nothing but the text changes. That may be a program in
  another language, whose own quotes are not all fixed: sed takes any letter for them.

A command in which one of these stands is not told. What else there is (words that become others,
options that become operands, `&&` that becomes `&` and a word) changes no structure, and is left to
who judges (`approval/unseen.py`).
"""

from __future__ import annotations

import re

_UNQUOTED = r"[A-Za-z0-9_./=:,@%+*?\[\]~^|&;<>-]"
_SINGLE = r"'(?:[^'\\]|\\[.bswdSWDB()|+?*\[\]^$/])*'"
_DOUBLE = r'"[^"\\$`]*"'
_TEXT = re.compile(rf"(?:{_UNQUOTED}|{_SINGLE}|{_DOUBLE}| (?! ))+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_HERE = re.compile(r"<<|<>|<&|>\||;;|;&|>&(?![\d-](?:[ ;|&]|$))")
"""Texts that end elsewhere, and two signs of which the second would stand for something else."""
_GRAMMAR = re.compile(
    r"(?:^|[|&;]) ?(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|select|function|time"
    r"|coproc|\[\[|eval|exec|source|\.|trap|alias)(?![^ |&;<>])"
)
_LANGUAGES = re.compile(
    r"g?sed|perl[\d.]*|python[\d.]*|pypy[\d.]*|ruby|node|deno|bun|php|lua|tclsh|osascript"
    r"|(?:ba|da|z|k|fi|a|c|tc)?sh|ssh|su|sudo|doas|script|watch|parallel|vim?|nvim|ex|ed|emacs|gdb"
    r"|eval|trap|alias|psql|mysql|sqlite3|tmux|screen|m4|dc|bc|yq|expect|busybox|entr|env"
)


def is_told(text: str) -> bool:
    """Whether a row of a dialog tells its command as far as said above."""
    if not text.isascii() or not text.isprintable() or text != text.strip():
        return False
    bare = _QUOTED.sub("''", text)
    if not _TEXT.fullmatch(text) or _HERE.search(bare):
        return False
    if _GRAMMAR.search(bare):
        return False
    words = re.split(r"[ |&;<>]+", text)
    return bare == text or not any(_LANGUAGES.fullmatch(_name(word)) for word in words)


def _name(word: str) -> str:
    return re.sub("['\"]", "", word).rpartition("/")[2]
