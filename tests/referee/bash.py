"""Real bash that tells what it ran: each text in a directory, a process and namespaces of its own.

Nothing can be harmed there. The root is a directory with bash and a few harmless programs; there
are no other processes, no network and no other files. Where the machine allows no namespaces, the
same is run without them: then texts name only programs that exist nowhere, and no path above their
directory.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WRAPPERS = ("env", "xargs", "nice", "timeout", "nohup", "setsid", "find", "sh")
LONGEST_S = 60.0
"""How long a batch of texts may run on a busy machine."""
_DAY_S = 86400
_UNSHARE = (
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--net",
    "--ipc",
    "--fork",
    "--kill-child",
)

_RECORDER = """#!{bash} -p
name=$0
case $0 in {programs}/*) name=${{0##*/}};; esac
cd -P . 2>/dev/null
printf '%s\\0' "$(($# + 1))" "$PWD" "$name" "$@" >&9
case $name in zf) exit 1;; zp) printf '%s\\n' "$*";; esac
exit 0
"""
"""Stands for each of the referee's programs: writes down where and with what words it was run."""

_CASE = """exec 9>>{inner}/logs/$1
ulimit -t 5 -f 2000 -c 0
command_not_found_handle() {{
  builtin cd -P . 2>/dev/null
  builtin printf '%s\\0' "$#" "$PWD" "$@" >&9
  return 127
}}
trap '((++ccpar_count > 400)) && exit 98' DEBUG
set -T
ccpar_text=$(<{inner}/texts/$1)
set --
eval "$ccpar_text"
wait
"""
"""Runs one text as Claude Code does, by `eval`; whoever goes round for ever is ended."""

_LOOP = """for number; do
  cd {work}/$number/w
  {env} -i PATH={path} HOME={home} LC_ALL=C.UTF-8 {bash} --norc --noprofile {inner}/case $number \\
    </dev/null >/dev/null 2>&1
  echo >> {inner}/progress
done
"""


@dataclass(frozen=True)
class Record:
    """What bash did. Paths are absolute, without links; a call is its folder and its words."""

    calls: tuple[tuple[str, tuple[str, ...]], ...]
    written: frozenset[str]
    read: frozenset[str]


class Bash:
    """Runs texts. `place` is an empty directory that the caller removes."""

    def __init__(self, place: Path, programs: Sequence[str]) -> None:
        self.place = Path(os.path.realpath(place))
        self.root = self.place / "root"
        self.work = self.place / "work"
        self.inner = self.place / "inner"
        self.work.mkdir(parents=True)
        for name in ("texts", "logs", "programs"):
            (self.inner / name).mkdir(parents=True)
        (self.place / "home").mkdir()
        self.is_isolated = self._prepare_root()
        for name in programs:
            self._recorder(self.inner / "programs" / name)
        self._count = 0

    def directory(self) -> Path:
        """A new work directory with a few files in it."""
        self._count += 1
        directory = self.work / str(self._count) / "w"
        (directory / "d" / "e").mkdir(parents=True)
        for name in ("a.txt", "b.txt", "c d.txt", "d/x.txt", "d/e/y.txt"):
            (directory / name).write_text("zp one\nzt 'two three'\n", encoding="utf-8")
        for name in ("run", "d/run"):
            self._recorder(directory / name)
        (directory / "l").symlink_to("d")
        for path in directory.rglob("*"):
            if not path.is_symlink() and path.is_file():  # so that reading it is noted
                os.utime(path, (path.stat().st_mtime - 2 * _DAY_S, path.stat().st_mtime - _DAY_S))
        return directory

    def run(self, cases: Sequence[tuple[Path, str]]) -> list[Record | None]:
        """Run each text in its directory; None for one that did not end."""
        before = []
        for directory, text in cases:
            number = directory.parent.name
            (self.inner / "texts" / number).write_text(text, encoding="utf-8")
            (self.inner / "logs" / number).touch()
            before.append(_snapshot(directory.parent))
        hung: set[str] = set()
        waiting = [directory.parent.name for directory, _ in cases]
        while waiting:
            done = self._batch(waiting)
            waiting = waiting[done:]
            hung |= set(waiting[:1])
            waiting = waiting[1:]
        found = []
        for (directory, _), was in zip(cases, before, strict=True):
            is_hung = directory.parent.name in hung
            found.append(None if is_hung else self._record(directory.parent, was))
        return found

    def remove(self, directory: Path) -> None:
        """Remove a work directory with what was left in it."""
        shutil.rmtree(directory.parent)

    def _batch(self, numbers: list[str]) -> int:
        """Run them one after the other; how many have ended."""
        progress = self.inner / "progress"
        progress.write_text("")
        values = {"inner": self.inner, "work": self.work, "home": self.place / "home"}
        programs = {"bash": self._program("bash"), "env": self._program("env")}
        for name, text in (("loop", _LOOP), ("case", _CASE)):
            (self.inner / name).write_text(text.format(**values, **programs, path=self._path()))
        argv = [programs["bash"], "--norc", "--noprofile", f"{self.inner}/loop", *numbers]
        if self.is_isolated:
            argv = [*_UNSHARE, "/bin/sh", "-c", _mounting(self.root, values), "_", *argv]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(argv, timeout=LONGEST_S, check=True, stdin=subprocess.DEVNULL)
        return len(progress.read_text())

    def _path(self) -> str:
        programs = str(self.inner / "programs")
        return f"{programs}:/bin" if self.is_isolated else programs

    def _program(self, name: str) -> str:
        return f"/bin/{name}" if self.is_isolated else shutil.which(name) or f"/bin/{name}"

    def _recorder(self, path: Path) -> None:
        path.write_text(
            _RECORDER.format(bash=self._program("bash"), programs=self.inner / "programs")
        )
        path.chmod(0o755)

    def _prepare_root(self) -> bool:
        """Copy bash and the wrappers with their libraries; False if no namespace is allowed."""
        try:
            subprocess.run([*_UNSHARE, "true"], check=True, capture_output=True, timeout=LONGEST_S)
        except (OSError, subprocess.SubprocessError):
            return False
        for path in (self.work, self.inner, self.place / "home"):
            (self.root / str(path)[1:]).mkdir(parents=True)
        for folder in ("bin", "dev", "tmp"):
            (self.root / folder).mkdir(exist_ok=True)
        (self.root / "dev" / "null").touch()
        for name in ("bash", *WRAPPERS):
            program = shutil.which(name) or f"/bin/{name}"
            shutil.copy(program, self.root / "bin" / name)
            told = subprocess.run(
                ["ldd", program], capture_output=True, text=True, check=True
            ).stdout
            for library in re.findall(r"(/\S+\.so\S*) \(", told):
                target = self.root / library[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, target)
        return True

    def _record(self, directory: Path, before: dict[str, tuple[int, int, int]]) -> Record:
        log = (self.inner / "logs" / directory.name).read_bytes().decode(errors="surrogateescape")
        words = log.split("\0")[:-1]
        calls = []
        while words:
            count = int(words[0])
            calls.append((os.path.realpath(words[1]), tuple(words[2 : 2 + count])))
            words = words[2 + count :]
        after = _snapshot(directory)
        written = {
            path for path, (_, *rest) in after.items() if list(before.get(path, ()))[1:] != rest
        }
        read = {
            path for path, (at, *_) in after.items() if path in before and before[path][0] != at
        }
        return Record(tuple(calls), frozenset(written), frozenset(read - written))


def _mounting(root: Path, shown: Mapping[str, Path]) -> str:
    """Shows these folders in the new root under the names that they have outside, and enters it."""
    mounts = [f"mount --bind {path} {root}{path}" for path in (*shown.values(), "/dev/null")]
    return " && ".join([*mounts, f"cd {root}", f'exec chroot {root} "$@"'])


def _snapshot(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Of each file below: when it was read, when written, and its size."""
    found = {}
    for path in directory.rglob("*"):
        if not path.is_symlink() and not path.is_dir():
            stat = path.stat()
            found[os.path.realpath(path)] = (stat.st_atime_ns, stat.st_mtime_ns, stat.st_size)
    return found
