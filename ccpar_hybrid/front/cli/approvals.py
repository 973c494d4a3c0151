"""approvals: what agents ask of people; here `read`: what a saved screen is read as."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli import approval_answer, approval_look, approval_replay
from ccpar_hybrid.front.cli.option import Json
from ccpar_hybrid.front.cli.output import print_json

if TYPE_CHECKING:
    from ccpar_hybrid.agents.prompt import Prompt


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="What agents ask of people.", no_args_is_help=True, rich_markup_mode=None
    )
    approval_look.register(group)
    approval_answer.register(group)
    approval_replay.register(group)
    group.command()(read)
    app.add_typer(group, name="approvals")


def read(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="What `tmux capture-pane -p -e` gave; - for stdin."),
    ],
    json: Json = False,
) -> None:
    """What a saved screen of Claude Code is read as."""
    from ccpar_hybrid.agents.claude_dialog import read_prompt

    prompt = read_prompt(_text(file))
    if json:
        found = None if prompt is None else _document(prompt)
        print_json("approvals-read", prompt=found)
        return
    if prompt is None:
        print("no prompt")
        return
    print(f"{prompt.kind.value}: {visible(prompt.title or prompt.question or 'not read', 100)}")
    if prompt.subject:
        print(f"  subject:  {visible(prompt.subject, 200)}")
    if prompt.question:
        print(f"  question: {visible(prompt.question, 200)}")
    for option in prompt.options:
        print(f"  {option.number}. {visible(option.label, 100)}  ({option.meaning.value})")
    print(f"  whole: {_word(prompt.whole)}; {_certainty(prompt)}")


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no file {file}", "save one with tmux capture-pane -p -e"
        ) from error
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}", "a file with a screen") from error
    return data.decode(errors="replace")


def _document(prompt: Prompt) -> dict[str, object]:
    return {
        **asdict(prompt),
        "kind": prompt.kind.value,
        "options": [
            {**asdict(option), "meaning": option.meaning.value} for option in prompt.options
        ],
        "shown": list(prompt.shown),
    }


def _certainty(prompt: Prompt) -> str:
    if prompt.input is None:
        return "its call was not surely read: for a person"
    return "its call was read exactly" if prompt.exact else "its call was read as it is shown"


def _word(is_so: bool) -> str:
    return "yes" if is_so else "no"
