"""The dialog that asks a person about one tool call. Standard library only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ccpar_hybrid.demo.agent_dialog import (
    ACCENT,
    BOLD,
    DASHED,
    DIM,
    FRAME,
    Choice,
    Dialog,
    body,
)
from ccpar_hybrid.demo.agent_permission import (
    command_pattern,
    host_of,
    is_plain,
    touches_folder,
)
from ccpar_hybrid.demo.agent_terminal import Line, line

Input = Mapping[str, object]
_ESC = " Esc to cancel · Tab to amend"
YES, NO = Choice("Yes", "yes"), Choice("No", "no")
EDITS = Choice("Yes, allow all edits during this session (shift+tab)", "session")


def dialog_for(name: str, given: Input, folder: Path) -> Dialog:
    """The dialog for a call: answers ``yes``, ``session`` (don't ask again), ``no``, ``cancel``.

    For a plan also ``edits`` (approved, edits accepted).
    """
    special = _DIALOGS.get(name)
    return special(given, folder) if special else _other(name, given)


def _bash(given: Input, folder: Path) -> Dialog:
    command = str(given.get("command", ""))
    compound = not is_plain(command)

    def head(width: int) -> list[Line]:
        warning = () if touches_folder(command) else (line(" This command requires approval"),)
        return [
            line(" Bash command", f"{BOLD};{ACCENT}"),
            line(""),
            *body(command, width, "   "),
            *body(str(given.get("description", "Run shell command")), width, "   ", DIM),
            line(""),
            *((*warning, line("")) if warning else ()),
            line(" Do you want to proceed?"),
        ]

    always = f"Yes, and don’t ask again for: {command_pattern(command)}"
    if touches_folder(command):
        always = f"Yes, and always allow access to {folder.name}/ from this project"
    choices = (YES, NO) if compound else (YES, Choice(always, "session"), NO)
    return Dialog(head, choices, f"{_ESC} · ctrl+e to explain", amendable=True)


def _write(given: Input, folder: Path) -> Dialog:
    path = folder / str(given.get("file_path", ""))
    title, verb = ("Overwrite file", "overwrite") if path.exists() else ("Create file", "create")
    numbered = _numbered(str(given.get("content", "")))
    return _file(title, f"Do you want to {verb} {path.name}?", path, folder, numbered)


def _edit(given: Input, folder: Path) -> Dialog:
    path = folder / str(given.get("file_path", ""))
    question = f"Do you want to make this edit to {path.name}?"
    try:
        before = path.read_text(errors="replace")
    except OSError:
        before = str(given.get("old_string", ""))
    return _file("Edit file", question, path, folder, diff_text(before, edited(before, given)))


def _file(title: str, question: str, path: Path, folder: Path, text: str) -> Dialog:
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)

    def head(width: int) -> list[Line]:
        return [
            line(f" {title}", f"{BOLD};{ACCENT}"),
            *body(shown, width, style=DIM),
            line(DASHED * width, FRAME),
            *body(text, width),
            line(DASHED * width, FRAME),
            *body(question, width),
        ]

    return Dialog(head, (YES, EDITS, NO), _ESC, amendable=True)


def _fetch(given: Input, folder: Path) -> Dialog:
    host = host_of(str(given.get("url", "")))
    call = ", ".join(f'{key}: "{value}"' for key, value in given.items())

    def head(width: int) -> list[Line]:
        return [
            line(" Fetch", f"{BOLD};{ACCENT}"),
            line(""),
            *body(call, width, "   "),
            *body(f"Claude wants to fetch content from {host}", width, "   ", DIM),
            line(""),
            line(" Do you want to allow Claude to fetch this content?"),
        ]

    choices = (
        YES,
        Choice(f"Yes, and don't ask again for {host}", "session"),
        Choice("No, and tell Claude what to do differently (esc)", "no"),
    )
    return Dialog(head, choices)


def _plan(given: Input, folder: Path) -> Dialog:
    def head(width: int) -> list[Line]:
        return [
            line(" Ready to code?", f"{BOLD};{ACCENT}"),
            line(""),
            line(" Here is Claude's plan:"),
            line(DASHED * width, DIM),
            *body(str(given.get("plan", "")), width),
            line(DASHED * width, DIM),
            line(""),
            line(" Would you like to proceed?"),
            line(""),
        ]

    choices = (
        Choice("Yes, and auto-accept edits", "edits"),
        Choice("Yes, and manually approve edits", "yes"),
        Choice("No, keep planning", "no"),
    )
    return Dialog(head, choices)


def _other(name: str, given: Input) -> Dialog:
    def head(width: int) -> list[Line]:
        return [
            line(" Tool use", f"{BOLD};{ACCENT}"),
            line(""),
            *body(f"{name}({json.dumps(dict(given), ensure_ascii=False)})", width, "   "),
            line(""),
            line(" Do you want to proceed?"),
        ]

    always = Choice(f"Yes, and don’t ask again for {name}", "session")
    return Dialog(head, (YES, always, NO), _ESC, amendable=True)


def question_dialog(question: Mapping[str, object]) -> Dialog:
    """One question of AskUserQuestion: answers the option's label, ``text`` or ``chat``."""
    options = question.get("options")
    labels = [each for each in options if isinstance(each, Mapping)] if options else []  # type: ignore[attr-defined]
    choices = [
        Choice(
            str(each.get("label", "")), str(each.get("label", "")), str(each.get("description", ""))
        )
        for each in labels
    ]

    def head(width: int) -> list[Line]:
        return [
            line(f" ☐ {question.get('header', '')}", ACCENT),
            line(""),
            *body(str(question.get("question", "")), width, "", BOLD),
            line(""),
        ]

    extra = (Choice("Type something.", "text", free=True), Choice("Chat about this", "chat"))
    footer = "Enter to select · ↑/↓ to navigate · Esc to cancel"
    return Dialog(head, (*choices, *extra), footer, indent="", apart=len(choices) + 1, rule=DIM)


def edited(before: str, given: Input) -> str:
    """The text after an Edit."""
    old, new = str(given.get("old_string", "")), str(given.get("new_string", ""))
    return before.replace(old, new, -1 if given.get("replace_all") is True else 1)


def diff_text(before: str, after: str) -> str:
    """What changed, with its surroundings and line numbers, as an edit is shown."""
    import difflib  # only an edit needs it, and every idle agent would carry it

    rows: list[str] = []
    at = {"-": 1, "+": 1}
    changes = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm=""))
    for each in changes[2:]:
        if each.startswith("@@"):
            begins = re.findall(r"[-+](\d+)", each)
            at = {"-": int(begins[0]), "+": int(begins[1])}
            continue
        rows.append(f"{at['-' if each[0] == '-' else '+']:>2} {each[0]}{each[1:]}")
        for sign in at:
            at[sign] += each[0] in (sign, " ")
    return "\n".join(rows)


def _numbered(text: str) -> str:
    return "\n".join(f"{at:>2} {each}" for at, each in enumerate(text.splitlines() or [""], 1))


_DIALOGS: dict[str, Callable[[Input, Path], Dialog]] = {
    "Bash": _bash,
    "Write": _write,
    "Edit": _edit,
    "MultiEdit": _edit,
    "NotebookEdit": _edit,
    "WebFetch": _fetch,
    "ExitPlanMode": _plan,
}
