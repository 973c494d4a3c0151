"""Formats that look for text on a pane's visible screen, inside the server. As of tmux 3.3a; pure.

`#{C/r:REGEX}` is the number, from 1, of the first line that the extended regular expression finds
in, without the line's trailing blanks; 0 where there is none.
"""

from __future__ import annotations

_BRACKETED = frozenset(".[]|()*+?{$;\"'#:,/")
"""What a bracket expression takes as it is."""
_FORMAT = str.maketrans({"#": "##", ",": "#,", "}": "#}"})


def first_line(regex: str) -> str:
    """The format for the number of the first line in which the expression finds something."""
    return f"#{{C/r:{regex.translate(_FORMAT)}}}"


def whole_line(line: str) -> str:
    """The expression for a line that is exactly this, but for trailing blanks."""
    return f"^{''.join(map(_literal, line.rstrip()))}$"


def _literal(character: str) -> str:
    if character in _BRACKETED:
        return f"[{character}]"
    return f"\\{character}" if character in "\\^" else character
