"""`ccpar-hybrid`: the one boundary where errors become words and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ccpar_hybrid.core.errors import CcparError, ExitCode

_LIGHT = {"worker": "ccpar_hybrid.front.worker", "monitor": "ccpar_hybrid.front.monitor"}
"""Commands that run in panes: started without the command line's libraries."""


def run() -> None:
    """Entry point; ends the process."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    try:
        return _dispatch(arguments)
    except CcparError as error:
        return _tell(error)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.OK
    except Exception as error:
        return _report(error)


def _dispatch(arguments: list[str]) -> int:
    light = _LIGHT.get(arguments[0]) if arguments else None
    if light is not None:
        import importlib

        _leave_out_libraries()
        command: Callable[[list[str]], int] = importlib.import_module(light).main
        return command(arguments[1:])
    import gc

    # Importing makes many objects that stay: looking through them took a twentieth of an `add`.
    gc.set_threshold(50_000)
    from ccpar_hybrid.front.cli.command import run_typer

    return run_typer(arguments)


def _leave_out_libraries() -> None:
    """What a program of a pane never uses, but modules that it needs would import: 6 MB each."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    for name in ("ssl", "_hashlib"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def _tell(error: CcparError) -> int:
    sys.stderr.write(f"ccpar-hybrid: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"  {error.hint}\n")
    return error.exit_code


def _report(error: Exception) -> int:
    """The unexpected: its story goes to a private file, a sentence to the person."""
    import tempfile
    import traceback

    descriptor, path = tempfile.mkstemp(prefix="ccpar-hybrid-report-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"arguments: {sys.argv[1:2]}\n")
        traceback.print_exception(error, file=file)
    sys.stderr.write(f"ccpar-hybrid: internal error: {type(error).__name__}: {error}\n")
    sys.stderr.write(f"  this is a bug; the report is in {path}\n")
    return ExitCode.INTERNAL
