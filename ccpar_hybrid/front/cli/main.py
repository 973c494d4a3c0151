"""`ccpar-hybrid`: the one boundary where errors become words and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ccpar_hybrid.core.errors import CcparError, ExitCode, MissingPart
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli import stream
from ccpar_hybrid.system.files import is_no_room

_PANES = ("worker", "monitor", "supervisor", "approver")
_LIGHT = {name: f"ccpar_hybrid.front.{name}" for name in _PANES}
"""Commands that run in panes: started without the command line's libraries."""


def run() -> None:
    """Entry point; ends the process."""
    stream.prepare()
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
        return code
    except CcparError as error:
        return _tell(error)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; nothing is wrong, and nothing more can be said.
        stream.abandon_output()
        return ExitCode.OK
    except OSError as error:
        return _tell_system(error)
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


def _tell_system(error: OSError) -> int:
    """What the system refuses is no bug of ours: a full disk, a missing right."""
    where = f"{visible(os.fsdecode(error.filename), 200)}: " if error.filename else ""
    if not where:
        stream.abandon_output()
    if is_no_room(error):
        from ccpar_hybrid.app.room import no_room

        return _tell(no_room(os.environ, where.removesuffix(": ")))
    hint = "`ccpar-hybrid doctor` looks for the cause"
    return _tell(MissingPart(f"{where}{error.strerror or error}", hint))


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
