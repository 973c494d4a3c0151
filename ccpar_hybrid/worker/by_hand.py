"""The options of `ccpar-task` for a task that a person queues with plain Pueue.

`pueue add -g subissues -l fix-1 -- ccpar-task --prompt 'Fix the parser'`. Standard library only.
"""

from __future__ import annotations

import argparse
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a task's specification that were given; raises ValueError in words."""
    options = _parser().parse_args(list(arguments))
    prompt = _prompt(options)
    if not prompt.strip():
        raise ValueError("the prompt is empty; give one with --prompt or --prompt-file")
    given: dict[str, Any] = {
        "prompt": prompt,
        "agent": options.agent,
        "model": options.model,
        "permission_mode": options.permission_mode,
        "timeout_s": options.timeout,
        "retries": options.retries,
        "idle_s": options.idle,
        "memory_mib": options.memory,
        "context": [os.path.abspath(path) for path in options.context],
        "allowed_tools": [
            tool for text in options.allowed_tools for tool in text.split(",") if tool
        ],
        "environment": dict(_variable(text, environment) for text in options.env),
    }
    if options.dir is not None:
        given["directory"] = os.path.abspath(options.dir)
    return {name: value for name, value in given.items() if value not in (None, "", [], {})}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ccpar-task",
        description="Run as a Pueue task: gives its prompt to an idle worker of its group.",
    )
    parser.add_argument(
        "--prompt",
        nargs="+",  # Pueue joins the words of a command with blanks and keeps no quotes
        metavar="WORD",
        help="what the agent shall do (visible in ps: see --prompt-file)",
    )
    parser.add_argument("--prompt-file", metavar="FILE", help="read the prompt from this file")
    parser.add_argument("--agent", help="claude, command or demo (default: from the configuration)")
    parser.add_argument("--model")
    parser.add_argument("--permission-mode", metavar="MODE")
    parser.add_argument("--allowed-tools", action="append", default=[], metavar="TOOLS")
    parser.add_argument("--context", action="append", default=[], metavar="FILE")
    parser.add_argument("--env", action="append", default=[], metavar="NAME[=VALUE]")
    parser.add_argument("--timeout", type=float, metavar="SECONDS")
    parser.add_argument("--retries", type=int, metavar="N", help="goes after the first failed one")
    parser.add_argument(
        "--idle", type=float, metavar="SECONDS", help="stop it when so long nothing is heard of it"
    )
    parser.add_argument("--memory", type=int, metavar="MIB", help="what it may use")
    parser.add_argument("--dir", metavar="DIR", help="where the agent works (default: Pueue's)")
    return parser


def _prompt(options: argparse.Namespace) -> str:
    if (options.prompt is None) == (options.prompt_file is None):
        raise ValueError("give a key, or one of --prompt and --prompt-file")
    if options.prompt is not None:
        return " ".join(options.prompt)
    try:
        with open(options.prompt_file, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read the prompt from {options.prompt_file}: {error}") from error


def _variable(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or (not separator and name not in environment):
        raise ValueError(f"--env {text!r}: NAME=VALUE, or the NAME of a variable that is set")
    return name, value if separator else environment[name]
