"""The tool call that a permission dialog of Claude Code (2.1.197) is about. Pure.

What the program draws is not always what it was given (seen at 2.1.197): a path may hold escape
sequences that it swallows, a command characters of no width that it leaves out, so that words
behind a backslash can be a command of their own, and a server's tool goes by the name that the
server wants shown. The address of a page it spells out itself, and of a search only that it is one
matters: these are exact. Of a path the input is told only if it is so plain that a character that
is left out can at most make another name of it, of a command as `claude_command.py` says; all else
is for a person.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ccpar_hybrid.agents.claude_command import is_told
from ccpar_hybrid.agents.claude_frame import (
    ACCENT,
    AMEND,
    EXPLAIN,
    GREY,
    Frame,
    is_permission,
    is_plain,
    starts_at,
)
from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from ccpar_hybrid.agents.styled import PLAIN, Style, StyledLine

TITLE = Style(ACCENT.colour, marks=frozenset("1"))
_DASHES = Style("5;239")
_PROCEED = "Do you want to proceed?"
_BY_AGENT = re.compile(r"( \S.*?)( · from the [\w:.-]{1,60} agent)?")
_SERVER_TOOL = re.compile(r"(   \S.* - \S.*\(.*\)) \(MCP\)")

_PLAIN_PATH = re.compile(r"(?!.*(?:^|/)\.\.?(?:/|$))[A-Za-z0-9_.-][A-Za-z0-9_./@%+=-]*")
_HARMLESS_WARNINGS = frozenset((" This command requires approval",))

Body = Sequence[StyledLine]


@dataclass(frozen=True)
class Call:
    """What was read of the call; `input` and `exact` as of a Prompt."""

    tool: str | None
    subject: str
    input: Mapping[str, object] | None = None
    exact: bool = False


@dataclass(frozen=True)
class Form:
    """How the program asks about one kind of call: its title's words choose it.

    What the question names, if anything, is the last part of the path that is read.
    """

    question: re.Pattern[str]
    footer: str
    read: Callable[[Body], Call | None]


def read_permission(frame: Frame) -> Prompt | None:
    """The permission that is asked for; None if it is not surely one."""
    title = _title(frame)
    form = FORMS.get(title) if title else None
    if form is None or frame.indent != 1 or not is_permission(frame.options):
        return None
    question = frame.body[-1]
    asked = question.text[1:]
    match = form.question.fullmatch(asked) if starts_at(question, 1) else None
    if match is None or not _is_question(question):
        return None
    if frame.rule != ACCENT or frame.footer != form.footer:
        return None
    call = form.read(frame.body[1:-1])
    if call is None or (match.groups() and call.subject.rpartition("/")[2] != match[1]):
        return None
    return Prompt(
        PromptKind.PERMISSION,
        call.tool,
        title,
        call.subject,
        asked,
        frame.options,
        frame.footer.strip(),
        whole=True,
        input=call.input,
        exact=call.exact,
        shown=frame.shown,
    )


def _title(frame: Frame) -> str:
    """The title's words; empty if it is not drawn as one. A subagent's name may follow them."""
    line = frame.body[0]
    match = _BY_AGENT.fullmatch(line.text)
    if match is None or not line.is_all(TITLE, 1, match.end(1)):
        return ""
    rest = {style.colour for style in line.styles[match.end(1) :]}
    return match[1][1:] if rest <= {None, GREY.colour} else ""


def _is_question(line: StyledLine) -> bool:
    """Drawn in the terminal's own colours, a name in it bold."""
    return all(
        style.colour is None and style.background is None and style.marks <= {"1"}
        for char, style in zip(line.text, line.styles, strict=True)
        if char != " "
    )


def _bash(body: Body) -> Call | None:
    """The command in the terminal's own colour, its description in grey, and what is warned of."""
    if len(body) < 4 or body[0].text or body[-1].text:
        return None
    rows = list(body[1:-1])
    command: list[str] = []
    while rows and _is_command(rows[0]):
        command.append(rows.pop(0).text[3:])
    if not command or not rows or not _is_grey(rows[0]) or not all(map(_may_follow, rows)):
        return None
    text = "\n".join(command).strip("\n")
    warned = {row.text for row in rows if starts_at(row, 1)} - _HARMLESS_WARNINGS
    told = len(command) == 1 and not warned and is_told(text)
    return Call("Bash", text, {"command": text} if told else None)


def _is_command(line: StyledLine) -> bool:
    return not line.text or (line.text[:3] == "   " and line.is_all(PLAIN))


def _is_grey(line: StyledLine) -> bool:
    return line.text[:3] == "   " and line.is_all(GREY)


def _may_follow(line: StyledLine) -> bool:
    """A row of the description, or of a warning below it."""
    return not line.text or _is_grey(line) or (starts_at(line, 1) and line.is_all(PLAIN))


def _file(tool: str) -> Callable[[Body], Call | None]:
    """A path in grey, then what is written, between two dashed lines.

    Until that is reckoned the program draws an ellipsis: then the picture is not finished.
    """

    def read(body: Body) -> Call | None:
        dashed = [n for n, line in enumerate(body) if set(line.text) == {"╌"}]
        drawn = len(dashed) >= 2 and all(body[n].is_all(_DASHES) for n in (1, len(body) - 1))
        if not drawn or dashed[0] != 1 or dashed[-1] != len(body) - 1:
            return None
        if [line.text for line in body[2:-1]] == ["…"]:
            return None
        path = body[0]
        if not (starts_at(path, 1) and path.text.isascii() and path.is_all(GREY)):
            return None
        name = path.text[1:]
        return Call(tool, name, {"file_path": name} if _PLAIN_PATH.fullmatch(name) else None)

    return read


def _read(body: Body) -> Call | None:
    """`Read(PATH)` alone between blank lines."""
    if len(body) != 3 or body[0].text or body[2].text or not is_plain(body[1], 2):
        return None
    match = re.fullmatch(r"  Read\((.+)\)", body[1].text)
    return Call("Read", match[1]) if match else None


def _fetch(body: Body) -> Call | None:
    """The address as the program spells it, a prompt, and the host in a line of the program's."""
    if len(body) < 4 or body[0].text or body[-1].text:
        return None
    match = re.match(r'   url: "(https?://[!#-~]+)", prompt: "', body[1].text)
    if match is None or not body[1].is_all(PLAIN, 0, match.end()):
        return None
    url, last = match[1], body[-2]
    host = urllib.parse.urlsplit(url).hostname
    told = f"   Claude wants to fetch content from {host}"
    if not host or last.text != told or not last.is_all(GREY):
        return None
    return Call("WebFetch", url, {"url": url}, exact=True)


def _other(body: Body) -> Call | None:
    """A search, or a tool of a server, which may go by any name that the server gives it."""
    if len(body) < 4 or body[0].text or body[-1].text:
        return None
    first = body[1]
    if first.text.startswith('   Web Search("') and first.is_all(PLAIN, 0, 14):
        return Call("WebSearch", first.text.strip(), {}, exact=True)
    served = _SERVER_TOOL.fullmatch(first.text)
    drawn = served and first.is_all(PLAIN, 0, served.end(1))
    return Call(None, first.text.strip()) if drawn else None


def _form(question: str, read: Callable[[Body], Call | None], footer: str = AMEND) -> Form:
    return Form(re.compile(question), footer, read)


_SHORT = r"\S(?:.{0,200}\S)?"
FORMS: Mapping[str, Form] = {
    "Bash command": _form(re.escape(_PROCEED), _bash, EXPLAIN),
    "Create file": _form(rf"Do you want to create ({_SHORT})\?", _file("Write")),
    "Overwrite file": _form(rf"Do you want to overwrite ({_SHORT})\?", _file("Write")),
    "Edit file": _form(rf"Do you want to make this edit to ({_SHORT})\?", _file("Edit")),
    "Read file": _form(re.escape(_PROCEED), _read),
    "Fetch": _form(r"Do you want to allow Claude to fetch this content\?", _fetch, ""),
    "Tool use": _form(re.escape(_PROCEED), _other),
}
