"""What lies below a folder now: names that cut words, secrets, links that lead out."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator

from ccpar_hybrid.approval.act import Place, Spot
from ccpar_hybrid.approval.ground import Ground, matching, widened
from ccpar_hybrid.approval.state import State

_NAMES_LOOKED_AT = 20_000
_NAMES_SEARCHED = 100_000
_MATCHES_LOOKED_AT = 3000
_CUTTING = re.compile(r"[\s'\"\\]")
_PLAIN = frozenset({Place.DIRECTORY, Place.WORKTREE})


def has_plain_names(folder: str) -> bool:
    """Whether no name below the folder holds a blank or a quote; False if there are too many."""
    count = 0
    for _, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".git", "node_modules", ".venv")]
        count += len(folders) + len(names)
        if count > _NAMES_LOOKED_AT or any(_CUTTING.search(name) for name in (*folders, *names)):
            return False
    return True


def has_plain_matches(pattern: str, folder: str) -> bool:
    """The same for what the pattern matches."""
    matches = matching(pattern, folder, _NAMES_LOOKED_AT)
    return len(matches) < _NAMES_LOOKED_AT and not any(_CUTTING.search(each) for each in matches)


def grave_names(ground: Ground, folder: str, pattern: str) -> list[Spot] | None:
    """Below the folder, what matches and is more than a plain file of the worktree.

    None: there are too many to look at each.
    """
    found, matches = [], 0
    plain = _PLAIN | ground.spot(folder, "/").places
    wide = widened(pattern).casefold()
    for count, path in enumerate(_below(folder)):
        if count > _NAMES_SEARCHED or matches > _MATCHES_LOOKED_AT:
            return None
        if not fnmatch.fnmatchcase(os.path.basename(path).casefold(), wide):  # noqa: PTH119
            continue
        matches += 1
        spot = ground.spot(path, folder)
        if not spot.places <= plain:
            found.append(spot)
    return found


def secret(ground: Ground, folder: str, *, hidden: bool) -> str | None:
    """A file below that a search would print and that holds secrets; "" if none is there.

    None: there are too many to look at each. `hidden`: it searches hidden files too. Of a file,
    whether it is one itself.
    """
    for count, path in enumerate(_below(folder)):
        if count > _NAMES_SEARCHED:
            return None
        inner = os.path.relpath(path, folder)
        if inner.startswith(".git/") or (not hidden and re.search(r"(^|/)\.", inner)):
            continue
        if ground.is_secret(path):
            return inner
    return ""


def has_dashed_names(state: State) -> bool:
    """Whether a pattern may become an option: a name there begins with a dash, or it is unknown."""
    for folder in state.folders or ():
        try:
            if any(name.startswith(("-", "(", "!")) for name in os.listdir(folder)):  # noqa: PTH208
                return True
        except OSError:
            continue
    return state.folders is None


def _below(folder: str) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        for name in (*folders, *names):
            yield os.path.join(here, name)  # noqa: PTH118 - runs for every file
