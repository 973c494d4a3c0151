"""The command line's commands, put together: of one that is named, its module alone is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ccpar_hybrid.core.errors import ExitCode

COMMANDS = {
    "setup": "session",
    "attach": "session",
    "status": "session",
    "stop": "session",
    "monitor": "watch",
    "supervisor": "watch",
    "approver": "watch",
    "workers": "workers",
    "add": "add",
    "list": "look",
    "show": "look",
    "log": "look",
    "stats": "look",
    "quota": "quota",
    "wait": "steer",
    "cancel": "steer",
    "restart": "steer",
    "recover": "recover",
    "audit": "audit",
    "ledger": "ledger",
    "doctor": "doctor",
    "approvals": "approvals",
    "policy": "policy",
    "config": "config",
    "demo": "demo",
}
"""Each command's module, in the order of `--help`."""


def program(named: Sequence[str] = ()) -> typer.Typer:
    """The whole command line, or what the first word needs of it."""
    app = typer.Typer(
        name="ccpar-hybrid",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    known = [COMMANDS[word] for word in named[:1] if word in COMMANDS]
    for module in known or dict.fromkeys(COMMANDS.values()):
        importlib.import_module(f"ccpar_hybrid.front.cli.{module}").register(app)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        from ccpar_hybrid import __version__

        print(f"ccpar-hybrid {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Coding agents in tmux panes, fed by a Pueue queue."""


_UsageError: Any = typer.BadParameter.__mro__[1]
"""The root of usage errors; typer (0.26 and later) carries its own click and names only leaves."""


def run_typer(arguments: list[str]) -> int:
    """Parse and run one command; returns its exit code, raises what the command raises."""
    command = typer.main.get_command(program(arguments))
    try:
        code = command.main(arguments, prog_name="ccpar-hybrid", standalone_mode=False)
    except _UsageError as error:
        return _tell_usage(error)
    except typer.Exit as error:
        return error.exit_code
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # typer's own answer is exit code 1
            raise error.__context__ from None
        raise
    except typer.Abort:
        sys.stderr.write("\ninterrupted\n")
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK


_NO_INTEGER = "Input should be a valid integer, unable to parse string as an integer"


def _is_unquoted(where: str, message: str) -> bool:
    return where.endswith(" add") and "unexpected extra argument" in message


def _tell_usage(error: Any) -> int:
    message = error.format_message().replace(_NO_INTEGER, "a whole number is accepted")
    if error.ctx is not None and type(error).__name__ == "NoArgsIsHelpError":
        print(message)
        return ExitCode.BAD_INPUT
    sys.stderr.write(f"ccpar-hybrid: {message}\n")
    where = error.ctx.command_path if error.ctx else "ccpar-hybrid"
    quote = ", and put a prompt of several words in quotes" if _is_unquoted(where, message) else ""
    sys.stderr.write(f"  see `{where} --help`{quote}\n")
    return ExitCode.BAD_INPUT
