"""Which variables change what runs, and which are known not to."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from functools import cache
from importlib.resources import files

_GIT_HARMLESS = re.compile(
    r"(user\.(name|email)|color\.[\w.]+|advice\.\w+|core\.(quotepath|autocrlf|abbrev)|commit\.gpgsign|"
    r"tag\.gpgsign|init\.defaultbranch|log\.\w+|diff\.(renames|context|algorithm)|merge\.conflictstyle|"
    r"rebase\.autostash|pull\.(rebase|ff)|push\.default|rerere\.enabled)=[\w@. <>+:/-]*",
    re.IGNORECASE,
)
_GIT_HARMLESS_EXACT = frozenset(
    [
        "core.pager=cat",
        "core.pager=",
        "pager.diff=false",
        "core.editor=true",
        "sequence.editor=true",
    ]
)


def is_harmless(name: str) -> bool:
    """Whether a program that gets it in its environment does what it would do without it."""
    lists = _lists()
    if name in lists["exceptions"]:
        return True
    return _any(name, lists["harmless"]) and not _any(name, lists["special"])


def is_special(name: str) -> bool:
    """Whether setting it may change what runs, even if it is not exported here."""
    lists = _lists()
    return name not in lists["exceptions"] and _any(name, lists["special"])


def is_path_list(name: str) -> bool:
    """Whether its value is a list of directories from which code is loaded."""
    return name in _lists()["code_paths"]


def is_git_setting_harmless(setting: str) -> bool:
    """Whether `name=value` after `git -c` only changes how git prints or signs."""
    return setting in _GIT_HARMLESS_EXACT or bool(_GIT_HARMLESS.fullmatch(setting))


def is_secret(name: str) -> bool:
    """Whether its value is likely to be a secret."""
    return _any(name.upper(), _lists()["secret"])


def _any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    text = files("ccpar_hybrid.approval").joinpath("variable.toml").read_text(encoding="utf-8")
    return {name: tuple(found) for name, found in tomllib.loads(text).items()}
