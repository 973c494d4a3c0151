"""The options of `add`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ccpar_hybrid.front.cli.option import complete_agent, complete_on_limit, complete_task

Prompt = Annotated[
    str | None,
    typer.Argument(metavar="[PROMPT]", help="What to do; `-` reads it from standard input."),
]
PromptFile = Annotated[
    Path | None, typer.Option("--prompt-file", "-f", help="Read the prompt from this file.")
]
JsonLines = Annotated[
    bool, typer.Option("--jsonl", help="Many tasks: JSON lines on standard input.")
]
Label = Annotated[str | None, typer.Option("--label", "-l", help="A name for people.")]
Priority = Annotated[
    int | None, typer.Option("--priority", "-p", "-o", help="Higher runs first (default: 0).")
]
After = Annotated[
    list[str] | None,
    typer.Option(
        "--after",
        "-a",
        help="Only after this task has succeeded; repeatable.",
        autocompletion=complete_task,
    ),
]
Delay = Annotated[
    str | None, typer.Option("--delay", "-d", help="Not before: 2h, 16:00, 2026-01-31 08:00.")
]
Directory = Annotated[
    str | None, typer.Option("--dir", help="Where the agent works (default: here).")
]
Context = Annotated[list[str] | None, typer.Option(help="A file to read first; repeatable.")]
Agent = Annotated[
    str | None, typer.Option(help="claude, command or demo.", autocompletion=complete_agent)
]
Model = Annotated[str | None, typer.Option(help="The agent's model.")]
PermissionMode = Annotated[str | None, typer.Option(help="Claude Code's permission mode.")]
AllowedTools = Annotated[
    list[str] | None, typer.Option(help="Tools allowed without asking; repeatable.")
]
Variables = Annotated[
    list[str] | None,
    typer.Option(help="NAME=VALUE, or the NAME of a variable that is set; repeatable."),
]
Timeout = Annotated[str | None, typer.Option(help="Stop it after: 90, 10min, 2h.")]
Retries = Annotated[int | None, typer.Option(help="Goes after the first one that failed.")]
Backoff = Annotated[
    str | None, typer.Option(help="Before the first retry: 30s; doubles each time.")
]
Idle = Annotated[
    str | None, typer.Option(help="Stop it when so long nothing is heard of it: 10min.")
]
WhenLimited = Annotated[
    str | None,
    typer.Option(help="At a usage limit: wait, ask or fail.", autocompletion=complete_on_limit),
]
IgnoreReserve = Annotated[
    bool, typer.Option("--ignore-reserve", help="It may begin on an account's reserve.")
]
Memory = Annotated[
    str | None, typer.Option(help="What it may use with all that it starts: 512M, 2G.")
]
Cpus = Annotated[float | None, typer.Option(help="Processor cores that it may use: 1.5.")]
