"""The tmux server that this environment reaches: our sessions on it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence

from ccpar_hybrid import __version__
from ccpar_hybrid.core.errors import CcparError, CommandFailed, MissingPart, NotFound, Refused
from ccpar_hybrid.tmux import session
from ccpar_hybrid.tmux.builder import (
    SessionSpec,
    build_commands,
    extend_commands,
    program,
    remove_commands,
)
from ccpar_hybrid.tmux.client import TIMEOUT_S, Client
from ccpar_hybrid.tmux.plan import Growth
from ccpar_hybrid.tmux.session import PaneView, SessionView

OLDEST_VERSION = (3, 2)
_UNKNOWN_VERSION = (99, 0)


class Server:
    """Reached as plain `tmux` would be: by `$TMUX`, else `$TMUX_TMPDIR`.

    Every method blocks for some milliseconds and raises as `Client` does.
    """

    def __init__(self, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> None:
        self.environment = environment
        self._client = Client(environment, timeout_s)

    def version(self) -> tuple[int, int]:
        """The program's version, `(3, 3)` for 3.3a; one that has no number counts as the newest.

        Raises MissingPart when it is missing, or older than OLDEST_VERSION.
        """
        try:
            argv = ("tmux", "-V")
            said = subprocess.run(
                argv, env=self.environment, capture_output=True, text=True, timeout=10
            ).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            raise MissingPart("tmux is not on PATH", "install tmux 3.2 or newer") from None
        version = parse_version(said)
        if version < OLDEST_VERSION:
            raise MissingPart(f"{said} is too old", "install tmux 3.2 or newer")
        return version

    def find_session(self, name: str) -> SessionView | None:
        """The session of exactly that name, ours or not; None where there is none."""
        return session.find(self._client, name)

    def build(self, spec: SessionSpec) -> SessionView:
        """Make the session; where it is there and ours, nothing changes.

        Raises Refused when the name is taken by a session that is not this instance's.
        """
        if found := self.find_session(spec.name):
            return owned(found, spec.instance)
        try:
            self._client.run(*build_commands(spec), start=True)
        except CcparError as error:
            self._take_back(spec, error)
            raise
        return self._view(spec.name)

    def extend(self, spec: SessionSpec, view: SessionView, growth: Growth) -> SessionView:
        """Add workers (see `grow` and `rooms`); nobody else's pane or process changes."""
        owned(view, spec.instance)
        lacks = not view.monitor or (spec.supervisor_argv and not view.supervisor)
        lacks = lacks or (spec.approver_argv and not view.approver)
        if growth.filled or growth.windows or lacks:
            self._client.run(*extend_commands(spec, view, growth))
        return self._view(view.name)

    def respawn(self, pane_id: str, argv: Sequence[str], *, kill: bool = False) -> None:
        """Run the program in a pane whose own has ended; the pane keeps its id and options.

        With `kill` a living program is ended first, else CommandFailed is raised.
        """
        flags = ("-k",) if kill else ()
        self._client.run(("respawn-pane", *flags, "-t", pane_id, *program(argv)))

    def remove(self, view: SessionView, pane_ids: Sequence[str]) -> None:
        """End these panes with what runs in them; ids that are not the session's are ignored."""
        if commands := tuple(remove_commands(view, pane_ids)):
            self._client.run(*commands)

    def end_supervisor(self, view: SessionView) -> None:
        """End the session's supervisor with its pane; nothing happens where there is none."""
        self._end(view.supervisor)

    def end_approver(self, view: SessionView) -> None:
        """The same for the approver."""
        self._end(view.approver)

    def _end(self, pane: PaneView | None) -> None:
        if pane:
            self._client.run(("kill-pane", "-t", pane.pane_id))

    def set_version(self, view: SessionView) -> None:
        """Note that the session's own programs are of this version now."""
        self._client.run(("set-option", "-t", view.session_id, "@ccpar_version", __version__))

    def kill_session(self, name: str, instance: str) -> None:
        """End the session; nothing happens where there is none. Refused if it is not ours."""
        if found := self.find_session(name):
            self._client.run(("kill-session", "-t", owned(found, instance).session_id))

    def socket(self) -> str:
        """The path of the server's socket."""
        return self._client.run(("display-message", "-p", "#{socket_path}")).rstrip("\n")

    def attach_argv(self, name: str) -> tuple[str, ...]:
        """What to execute in this terminal to see the session; with `$TMUX` it switches over."""
        verb = "switch-client" if self.environment.get("TMUX") else "attach-session"
        return ("tmux", "-u", verb, "-t", f"={name}")

    def _view(self, name: str) -> SessionView:
        if found := self.find_session(name):
            return found
        raise NotFound(
            f"tmux session {name} is gone", "its programs ended at once, or somebody did"
        )

    def _take_back(self, spec: SessionSpec, error: CcparError) -> None:
        if isinstance(error, CommandFailed) and "duplicate session" in error.stderr:
            raise Refused(f"tmux session {spec.name} was made by somebody meanwhile", "try again")
        found = self.find_session(spec.name)
        if found and found.instance == spec.instance:
            self._client.run(("kill-session", "-t", found.session_id))


def owned(view: SessionView, instance: str) -> SessionView:
    """The session if it is this instance's; raises Refused otherwise."""
    if view.instance == instance:
        return view
    whose = "another ccpar-hybrid's" if view.instance else "not ccpar-hybrid's"
    raise Refused(
        f"there is a tmux session {view.name} that is {whose}",
        "give another name with --session, or end that session",
    )


def parse_version(said: str) -> tuple[int, int]:
    """`(3, 3)` for `tmux 3.3a` and `tmux next-3.3`."""
    found = re.search(r"(\d+)\.(\d+)", said)
    if not found or "openbsd" in said:
        return _UNKNOWN_VERSION
    return int(found[1]), int(found[2])
