"""The demo agent: a terminal program that behaves as Claude Code does, and plays scripts.

``python -P -m ccpar_hybrid.demo.agent`` shows the same screens, runs the same hooks and writes
the same record as the interactive Claude Code 2.1.197, as far as who watches it can see. It needs
no network and little memory, so that 64 of them fit on one machine. Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import sys

from ccpar_hybrid.demo.agent_app import App
from ccpar_hybrid.demo.agent_option import read_options
from ccpar_hybrid.demo.agent_session import SessionError
from ccpar_hybrid.demo.agent_terminal import Terminal
from ccpar_hybrid.demo.script import ScriptError


def main(argv: list[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    try:
        options = read_options(sys.argv[1:] if argv is None else argv, os.environ)
        fd, prompt = _keyboard()
    except (OSError, ValueError, ScriptError) as error:
        print(f"demo agent: {error}", file=sys.stderr)
        return 1
    try:
        with Terminal(fd, 1) as terminal:
            app = App(options, terminal, fd, prompt)
            code = app.run()
    except SessionError as error:
        print(error, file=sys.stderr)
        return 1
    if code != 1:
        # The terminal may be gone; print would fail once more when its buffer is flushed.
        with contextlib.suppress(OSError):
            os.write(1, f"\nResume this session with:\n--resume {app.session_id}\n".encode())
    return code


def _keyboard() -> tuple[int, str | None]:
    """The keyboard's descriptor, and the prompt that standard input holds where it is a file.

    Raises OSError without a terminal.
    """
    if not os.isatty(1):
        raise OSError("needs a terminal")
    if os.isatty(0):
        return 0, None
    with open(0, "rb", closefd=False) as file:
        prompt = file.read().decode(errors="replace")
    return os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC), prompt or None


if __name__ == "__main__":
    sys.exit(main())
