"""A home of its own for one demo: everything that it makes lies in one private directory."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ccpar_hybrid.app import demonstration_process
from ccpar_hybrid.core.errors import MissingPart, NotFound, Refused
from ccpar_hybrid.system import paths
from ccpar_hybrid.system.files import write_private

_MARK = "demo"
_KEPT = (
    *("PATH", "TERM", "COLORTERM", "NO_COLOR", "TERMINFO", "TERMINFO_DIRS"),
    *("LANG", "LC_ALL", "LC_CTYPE", "LOCALE_ARCHIVE", "TZ", "USER", "LOGNAME", "LD_LIBRARY_PATH"),
)
"""All that a demo takes from its caller; what leads to accounts and running servers is not here."""
_PUEUE = """\
client: {{}}
daemon: {{}}
shared:
  pueue_directory: {0}
  runtime_directory: {0}
  alias_file: {0}/aliases.yml
  unix_socket_path: {0}/s
  unix_socket_permissions: 448
  use_unix_socket: true
"""
_GIT = "[user]\n\tname = Demo\n\temail = demo@localhost\n[init]\n\tdefaultBranch = main\n"
_RUN = """\
#!/bin/sh
# Runs a command as a part of the demo, or a shell:  {run} tmux attach
unset TMUX TMUX_PANE XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR
{exports}
[ $# -gt 0 ] || set -- "$SHELL"
exec "$@"
"""


class DemoHome:
    """The directory of one demo. `root` is short, for sockets lie below it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.project = self.home / "project"
        self.claude = self.home / ".claude"
        self.run = root / "run"

    @classmethod
    def create(cls) -> DemoHome:
        """Make a new one (0700); raises MissingPart where there is no place for it."""
        try:
            made = cls(Path(tempfile.mkdtemp(prefix="ccpar-demo-", dir=_place())))
            made._fill()
        except OSError as error:
            raise MissingPart(f"no directory for the demo: {error}") from error
        return made

    @classmethod
    def open(cls, directory: str) -> DemoHome:
        """One that was kept; raises NotFound, or Refused for a directory that is no demo's."""
        root = Path(directory).resolve()
        try:
            mine = root.stat().st_uid == os.geteuid()
            marked = (root / _MARK).read_text(encoding="utf-8") == f"{root}\n"
        except FileNotFoundError as error:
            if not root.exists():
                raise NotFound(f"there is no directory {directory}", "it has ended") from error
            mine = marked = False
        except (OSError, UnicodeDecodeError):
            mine = marked = False
        if not (mine and marked):
            raise Refused(f"{directory} is not the directory of a demo", "nothing was changed")
        return cls(root)

    def _fill(self) -> None:
        write_private(self.root / _MARK, f"{self.root}\n", durable=False)
        for name in ("bin", "tmp", "tmux", "pueue", "state"):
            (self.root / name).mkdir(mode=0o700)
        for directory in (self.home, self.project, self.claude):
            directory.mkdir(mode=0o700)
        pueue = str(self.root / "pueue")
        write_private(self.root / "pueue.yml", _PUEUE.format(pueue), durable=False)
        write_private(self.home / ".gitconfig", _GIT, durable=False)
        starter = shlex.join((sys.executable, "-P", "-m", "ccpar_hybrid"))
        self._write_program(self.root / "bin/ccpar-hybrid", f'#!/bin/sh\nexec {starter} "$@"\n')

    def environment(self, caller: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the demo's programs, before an agent's own part.

        XDG_RUNTIME_DIR is left out on purpose: sockets then lie below the state directory, and
        not in one that stays.
        """
        search = f"{self.root}/bin:{search_path(caller)}"
        return {
            "TERM": "xterm-256color",
            **_readable({name: caller[name] for name in _KEPT if name in caller}),
            "PATH": search,
            "SHELL": shutil.which("bash", path=search) or "/bin/sh",
            "HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "TMUX_TMPDIR": str(self.root / "tmux"),
            "XDG_STATE_HOME": str(self.root / "state"),
            "PUEUE_CONFIG_PATH": str(self.root / "pueue.yml"),
            "CLAUDE_CONFIG_DIR": str(self.claude),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def write_run(self, environment: Mapping[str, str]) -> None:
        """Make `run`, by which people can start things inside the demo."""
        given = {name: text for name, text in environment.items() if name != "TERM"}
        exports = "\n".join(f"export {name}={shlex.quote(given[name])}" for name in sorted(given))
        self._write_program(self.run, _RUN.format(run=self.run, exports=exports))

    def clear(self) -> list[str]:
        """End every process of the demo and remove its files; returns what could not be."""
        outside = paths.resolve({"HOME": str(self.home), **self._state()}).runtime
        left = [f"process {pid}" for pid in demonstration_process.end_all(self.home)]
        for directory in {outside, str(self.root)}:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(directory, onerror=lambda *_: None)
            if Path(directory).exists():
                left.append(directory)
        return left

    def _state(self) -> dict[str, str]:
        return {"XDG_STATE_HOME": str(self.root / "state")}

    @staticmethod
    def _write_program(path: Path, text: str) -> None:
        write_private(path, text, durable=False)
        path.chmod(0o700)


def search_path(caller: Mapping[str, str]) -> str:
    """The caller's PATH, and behind it what install.sh put into its private place."""
    return f"{caller.get('PATH') or os.defpath}:{paths.resolve(caller).data}/tools/bin"


def _place() -> str:
    """The first of the usual places where one may write and where programs may be started."""
    for place in ("/tmp", "/var/tmp"):
        real = os.path.realpath(place)
        with contextlib.suppress(OSError):
            if os.access(real, os.W_OK) and not os.statvfs(real).f_flag & getattr(
                os, "ST_NOEXEC", 0
            ):
                return real
    return str(Path.home())


def _readable(kept: dict[str, str]) -> dict[str, str]:
    """With a UTF-8 locale, whatever the caller's is: agents draw with more than ASCII."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    said = next((kept[name] for name in names if kept.get(name)), "")
    if "utf" in said.lower():
        return kept
    return {name: text for name, text in kept.items() if name not in names} | {"LANG": "C.UTF-8"}
