"""Where the task works, and what a path is from there."""

from __future__ import annotations

import fnmatch
import glob
import itertools
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from ccpar_hybrid.approval.act import Place, Spot

_MATCHES_LOOKED_AT = 2000
_THROUGH_PROCESS = re.compile(r"/proc/[^/]+/(task/[^/]+/)?(cwd|root|exe|fd|map_files)(/|$)")
_BRACKETS = re.compile(r"\[[!^]?\]?(\[[:.=].*?[:.=]\]|[^\]])*\]", re.DOTALL)
_HARMLESS_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr")


@dataclass(frozen=True)
class Ground:
    """The task's directory, its git worktree, the user's home, what is this program's own.

    All paths are absolute, with links resolved. `folder` is where the agent's shell stands, from
    which relative paths lead; empty: in the directory.
    """

    directory: str
    worktree: str
    home: str
    own: tuple[str, ...] = ()
    temporary: tuple[str, ...] = ("/tmp",)
    folder: str = ""

    @property
    def start(self) -> str:
        """Where relative paths lead from."""
        return self.folder or self.directory

    def spot(self, path: str, base: str) -> Spot:
        """Where the path leads from `base`; reads the disk for links."""
        joined = os.path.join(base, path)  # noqa: PTH118 - runs for every word
        real = os.path.realpath(joined)
        places = self._places(joined, real)
        if ".." in path.split("/"):  # some programs take `..` away from the name, links or not
            other = os.path.realpath(os.path.normpath(joined))
            if other != real:
                places = _either(places, self._places(joined, other))
        if _THROUGH_PROCESS.search(joined):
            places |= {Place.DISK}
        return Spot(real, places)

    def steps(self, path: str, base: str) -> frozenset[str]:
        """Where `cd` may lead: a shell takes `..` away from the name, a program follows links."""
        joined = os.path.join(base, path)  # noqa: PTH118 - runs for every word
        return frozenset({os.path.normpath(joined), os.path.realpath(joined)})

    def spots(self, pattern: str, base: str) -> list[Spot]:
        """Where the pattern may lead: its fixed beginning, and what matches it now."""
        fixed = _fixed_part(pattern)
        found = [self.spot(fixed or ".", base)]
        found[0] = Spot(found[0].path, found[0].places - {Place.ROOT})
        matches = matching(pattern, base, _MATCHES_LOOKED_AT)
        if len(matches) >= _MATCHES_LOOKED_AT:  # the rest is not looked at
            found.append(Spot(pattern, frozenset({Place.OUTSIDE})))
        return found + [self.spot(match, base) for match in matches]

    def is_secret(self, path: str) -> bool:
        """Whether a file of this name holds secrets; links are not followed."""
        return Place.SECRET in self._marks(path)

    def _places(self, named: str, real: str) -> frozenset[Place]:
        found = set(_device(named, real))
        if Place.DEVICE in found:
            return frozenset(found)
        found |= set(self._marks(named)) | set(self._marks(real))
        if is_below(real, self.directory):
            found |= {Place.DIRECTORY, Place.WORKTREE}
        elif is_below(real, self.worktree):
            found.add(Place.WORKTREE)
        else:
            found.add(Place.OUTSIDE)
            if any(is_below(real, place) for place in self.temporary):
                found.add(Place.TEMPORARY)
        if real in (self.directory, self.worktree):
            found.add(Place.ROOT)
        return frozenset(found)

    def _marks(self, path: str) -> Iterable[Place]:
        path = os.path.normpath(path)
        if any(is_below(path, own) for own in self.own) or _is_tmux_socket(path):
            yield Place.APPROVER
        lists = _lists()
        inside = path
        for root in (self.worktree, self.home):
            if is_below(path, root):
                inside = os.path.relpath(path, root)
                break
        folded = inside.casefold()
        if _matches(folded, lists["secret"]) and not _matches(folded, lists["no_secret"]):
            yield Place.SECRET
        if _matches(folded, lists["hooks"]):
            yield Place.HOOKS
        if _matches(folded, lists["control"]):
            yield Place.CONTROL


def is_below(path: str, root: str) -> bool:
    """Whether the path is the root or lies below it; both absolute and normal."""
    return path == root or path.startswith(root if root.endswith("/") else root + "/")


def is_manifest(path: str) -> bool:
    """Whether the file says what is run to build and to test."""
    return _matches(path.casefold(), _lists()["manifest"])


def matching(pattern: str, base: str, most: int) -> list[str]:
    """What matches now, and perhaps more: bash's brackets are taken for any letter."""
    found = glob.iglob(widened(pattern), root_dir=base, recursive=True)  # noqa: PTH207 - keeps names as bash does
    return list(itertools.islice(found, most))


def widened(pattern: str) -> str:
    """The pattern with `?` for every bracket but those of one quoted letter."""
    return _BRACKETS.sub(lambda found: found[0] if len(found[0]) == 3 else "?", pattern)


def _either(one: frozenset[Place], other: frozenset[Place]) -> frozenset[Place]:
    """The places of a path that may be either: the harmless ones only if both have them."""
    harmless = {Place.DIRECTORY, Place.WORKTREE, Place.TEMPORARY, Place.DEVICE}
    return ((one | other) - harmless) | (one & other)


def is_secret_pattern(pattern: str) -> bool:
    """Whether a pattern of names is made to find secrets: `.e*`, `*.pem`, `id_*`."""
    name = widened(pattern).rsplit("/", 1)[-1].casefold()
    if not any(c.isalpha() for c in name):
        return name.startswith(".")
    samples = _lists()["samples"]
    return any(fnmatch.fnmatchcase(sample, name) for sample in samples)


def ground(
    directory: str, environment: Mapping[str, str], own: tuple[str, ...] = (), folder: str = ""
) -> Ground:
    """The ground of a directory; reads the disk to find the worktree."""
    real = os.path.realpath(directory)
    home = os.path.realpath(environment.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111
    temporary = ["/tmp", "/var/tmp", "/dev/shm"]
    if environment.get("TMPDIR"):
        temporary.append(os.path.realpath(environment["TMPDIR"]))
    return Ground(
        directory=real,
        worktree=_worktree(real),
        home=home,
        own=tuple(os.path.realpath(path) for path in own),
        temporary=tuple(temporary),
        folder=os.path.realpath(folder) if folder else "",
    )


def _worktree(directory: str) -> str:
    for place in (Path(directory), *Path(directory).parents):
        if (place / ".git").exists():
            return str(place)
    return directory


def _device(named: str, real: str) -> Iterable[Place]:
    normal = os.path.normpath(named)
    if (
        normal in _STREAMS
        or (normal.startswith("/dev/fd/") and normal[8:].isdigit())
        or real in _HARMLESS_DEVICES
    ):
        yield Place.DEVICE
    elif any(
        path.startswith("/dev/") and not path.startswith("/dev/shm/") for path in (real, normal)
    ):
        yield Place.DISK


def _is_tmux_socket(path: str) -> bool:
    parts = path.split("/")
    return any(part.startswith("tmux-") and part[5:].isdigit() for part in parts)


def _fixed_part(pattern: str) -> str:
    """The directories before the first wildcard."""
    parts = []
    for part in pattern.split("/")[:-1]:
        if any(c in part for c in "*?["):
            break
        parts.append(part)
    return "/".join(parts) + ("/" if parts else "")


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    """A pattern without a slash is for names; others for the path's end, whole parts."""
    whole = path.lstrip("/")
    tails = [whole]
    while "/" in whole:
        whole = whole.partition("/")[2]
        tails.append(whole)
    for pattern in patterns:
        if pattern.startswith("/"):
            if fnmatch.fnmatchcase(path, pattern):
                return True
        elif any(fnmatch.fnmatchcase(tail, pattern) for tail in tails):
            return True
    return False


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    text = files("ccpar_hybrid.approval").joinpath("path.toml").read_text(encoding="utf-8")
    return {name: tuple(p.casefold() for p in found) for name, found in tomllib.loads(text).items()}
