"""Text that Claude Code hands over as JSON, made fit to keep and fit to show. Pure."""

from __future__ import annotations

from ccpar_hybrid.core.text import visible

_LINE_LIMIT = 20_000
"""Cells of one line of the account; what a program prints on one line may be megabytes."""


def whole(value: object) -> str:
    """The value if it is text, else ``; half characters, which no file can hold, become `?`."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def told(text: str) -> str:
    """The text as lines of the account: people's terminals read it, so nothing in it may act."""
    lines = text.replace("\r\n", "\n").expandtabs(4).split("\n")
    return "\n".join(visible(line, _LINE_LIMIT) for line in lines)
