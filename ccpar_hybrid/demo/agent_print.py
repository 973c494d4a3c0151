"""The blocks that scroll away: prompts, answers, tool calls with their results. Stdlib only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from ccpar_hybrid.demo.agent_dialog import BOLD, DIM
from ccpar_hybrid.demo.agent_request import diff_text, edited
from ccpar_hybrid.demo.agent_terminal import Block, Line, line
from ccpar_hybrid.demo.agent_tool import Result
from ccpar_hybrid.demo.agent_width import clean, columns, cut, wrap

Input = Mapping[str, object]
GOOD, BAD, PROMPT = "38;5;114", "38;5;211", "38;5;250"
SHOWN_PROMPT, SHOWN_RESULT, SHOWN_FILE = 200, 3, 10
INTERRUPTED = "Interrupted · What should Claude do instead?"
UNTITLED = ("AskUserQuestion", "ExitPlanMode")
_TITLES = {
    "Bash": ("Bash", "command"),
    "Write": ("Write", "file_path"),
    "Edit": ("Update", "file_path"),
    "MultiEdit": ("Update", "file_path"),
    "Read": ("Read", "file_path"),
    "WebFetch": ("Fetch", "url"),
    "WebSearch": ("Web Search", "query"),
    "Glob": ("Search", "pattern"),
    "Grep": ("Search", "pattern"),
}


def prompt_block(text: str) -> Block:
    """A prompt that was sent; a very long one is cut."""
    return _marked("❯", text.rstrip(), PROMPT, PROMPT, SHOWN_PROMPT)


def answer_block(text: str, style: str = "") -> Block:
    """What the agent says."""
    return _marked("●", text.replace("**", ""), style, style, 10_000)


def note_block(text: str) -> Block:
    """A line about the last thing, below it."""
    return lambda width: [*under(text, width), line("")]


def done_block(text: str) -> Block:
    """How the turn ended."""
    return lambda width: [line(cut(f"✻ {text}", width), DIM), line("")]


def tool_block(name: str, given: Input, folder: Path, result: Result, note: str = "") -> Block:
    """A tool call that ended; ``note`` says who allowed it."""
    if name in UNTITLED:
        return _decided(name, result)
    shown = _summary(name, given, folder, result)
    style = BAD if result.is_error else ""
    bullet = BAD if result.is_error else GOOD

    def block(width: int) -> Iterator[Line]:
        yield from title_lines(name, given, folder, width, bullet)
        if note:
            yield from under(note, width)
        yield from under(shown, width, style)
        yield line("")

    return block


def title_lines(name: str, given: Input, folder: Path, width: int, style: str = "") -> list[Line]:
    """``● Bash(git status)``, at most two lines of it."""
    title, key = _TITLES.get(name, (name, ""))
    about = str(given.get(key, "")) if key else ", ".join(f"{k}: {v}" for k, v in given.items())
    if key == "file_path":
        about = shown_path(about, folder)
    text = clean(f"{title}({about[:2000]})")
    first, *rest = list(islice(wrap(text, max(width - 2, 8)), 3))
    if len(rest) > 1:
        rest = [cut(f"{rest[0]}…", max(width - 2, 8))]
    name_end = min(len(clean(title)), len(first))
    return [
        ((style, "● "), (BOLD, first[:name_end]), ("", first[name_end:])),
        *(line(f"  {each}") for each in rest),
    ]


def under(text: str, width: int, style: str = "") -> list[Line]:
    """Text below a bullet, behind ``⎿``."""
    lines = list(wrap(clean(text), max(width - 5, 8)))
    heads = ["  ⎿  ", *["     "] * (len(lines) - 1)]
    return [((DIM, head), (style, each)) for head, each in zip(heads, lines, strict=True)]


def shown_path(path: str, folder: Path) -> str:
    """The path from the folder on, where it is inside."""
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


def replay(records: Iterable[Input]) -> Iterator[Block]:
    """The blocks of an earlier conversation: its prompts and what was said."""
    for record in records:
        message = record.get("message")
        content = message.get("content") if isinstance(message, Mapping) else None
        if record.get("type") == "user" and isinstance(content, str):
            yield prompt_block(content)
        for block in content if isinstance(content, list) else ():
            text = block.get("text") if isinstance(block, Mapping) else None
            if isinstance(text, str):
                is_said = record.get("type") == "assistant"
                yield answer_block(text) if is_said else note_block(text.strip("[]"))


def _decided(name: str, result: Result) -> Block:
    """How a question or a plan was answered."""
    answers = result.response.get("answers")
    told = [f"· {each} → {answers[each]}" for each in answers] if isinstance(answers, dict) else []
    if told:
        text = "User answered Claude's questions:"
    elif name == "ExitPlanMode":
        text = "User approved Claude's plan" if result.response else "User rejected Claude's plan:"
    else:
        text = "User declined to answer questions"
    below = "\n".join(told) if told else "" if result.response else result.text

    def block(width: int) -> Iterator[Line]:
        yield ((GOOD, "● "), ("", cut(text, width - 2)))
        yield from under(below, width) if below else ()
        yield line("")

    return block


def _marked(mark: str, text: str, mark_style: str, style: str, limit: int) -> Block:
    plain = clean(text[: limit * 200])

    def block(width: int) -> Iterator[Line]:
        lines = list(islice(wrap(plain, max(width - 2, 8)), limit + 1))
        more = len(lines) > limit
        for index, each in enumerate(lines[:limit]):
            yield ((mark_style, "  " if index else f"{mark} "), (style, each))
        if more or len(text) > limit * 200:
            yield line(f"  … +{text.count(chr(10)) + 1 - limit} lines", DIM)
        yield line("")

    return block


def _summary(name: str, given: Input, folder: Path, result: Result) -> str:
    if result.is_error:
        return _few(result.text if result.text.startswith("Error") else f"Error: {result.text}")
    if not result.response:
        return _few(result.text)
    if name == "Bash" and "backgroundTaskId" in result.response:
        return "Running in the background (↓ to manage)"
    if name == "Write":
        content = str(given.get("content", ""))
        path = shown_path(str(given.get("file_path", "")), folder)
        count = len(content.splitlines())
        return f"Wrote {count} line{'s' * (count != 1)} to {path}\n{_numbered(content)}"
    if name in ("Edit", "MultiEdit"):
        return _edited(given, result)
    if name == "Read":
        return f"Read {result.text.count(chr(10)) + 1} lines"
    return _few(result.text) if result.text else "(No output)"


def _edited(given: Input, result: Result) -> str:
    before = str(result.response.get("originalFile", ""))
    diff = diff_text(before, edited(before, given))
    added = sum(each[3:4] == "+" for each in diff.splitlines())
    removed = sum(each[3:4] == "-" for each in diff.splitlines())
    told = f"Added {added} line{'s' * (added != 1)}, removed {removed} line{'s' * (removed != 1)}"
    return f"{told}\n{diff}"


def _numbered(text: str) -> str:
    lines = text.splitlines()
    shown = [f" {at} {each}" for at, each in enumerate(lines[:SHOWN_FILE], 1)]
    more = [f" … +{len(lines) - SHOWN_FILE} lines"] if len(lines) > SHOWN_FILE else []
    return "\n".join([*shown, *more])


def _few(text: str) -> str:
    lines = [cut(each, 400) if columns(each) > 400 else each for each in text.split("\n")]
    if len(lines) <= SHOWN_RESULT + 1:
        return "\n".join(lines)
    more = f"… +{len(lines) - SHOWN_RESULT} lines (ctrl+o to expand)"
    return "\n".join([*lines[:SHOWN_RESULT], more])
