"""What is known of programs: one TOML file each, the user's own beside the shipped ones."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ccpar_hybrid.approval.act import Effect
from ccpar_hybrid.core.errors import BadInput


class Kind(StrEnum):
    """What a program takes an argument for."""

    TEXT = "text"  # anything; nothing of it is run or opened
    NAME = "name"  # a plain name of letters, digits and ._@/:^~-: no path outside, no command
    NUMBER = "number"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    MOVE = "move"  # read and deleted
    LINK = "link"  # the target of a link
    EXECUTE = "execute"
    CODE_PATHS = "code-paths"  # folders and archives of code, as in a class path
    SOURCE = "source"  # a text to compile, in a file
    BASE = "base"  # the directory from which later paths are seen
    LINES = "lines"  # a path to read, or standard input if there is none
    LIST = "list"  # a path of which only names, sizes and the like are printed
    SCRIPT = "script"  # a file to run; what follows are its arguments
    MODULE = "module"  # a Python module to run; what follows are its arguments
    TASK = "task"  # a name of the project's own (make target, npm script) that sounds harmless
    PACKAGE = "package"  # a package to bring in; the project's own directory is none
    ASSIGNMENT = "assignment"  # NAME=value of a make variable
    URL = "url"
    HOST = "host"
    REMOTE = "remote"  # a git remote's name, not an address
    MODE = "mode"  # of chmod, without setuid
    GLOB = "glob"  # a pattern of names that are read
    REVISION = "revision"  # a git revision, or REVISION:PATH to read
    TREE = "tree"  # a git revision or a path to read
    SED = "sed"
    AWK = "awk"
    JQ = "jq"
    PYTHON = "python"
    GIT_SETTING = "git-setting"
    COMMAND = "command"  # a command begins here, and ends with the line
    SHELL = "shell"  # a text that a shell runs
    EDIT = "edit"  # a file that sed reads, and changes with -i
    DEFINITION = "definition"  # NAME=value of a build, of names that choose no program
    SUFFIX = "suffix"  # of a copy that is kept
    TAR = "tar"  # an archive, or what goes into it
    BODY = "body"  # of a request; `@file` is read
    FORM = "form"  # the same, where `name=@file` and `name@file` are read too
    PATHSPEC = "pathspec"  # of git: a path or a pattern of paths, to read
    RESTORED = "restored"  # a git revision, or a pathspec that is overwritten
    NODE = "node"  # of a test: PATH, PATH::NAME or PATH:LINE
    STRATEGY = "strategy"  # of a merge
    REF = "ref"  # a plain branch or tag
    PUSH_REF = "push-ref"  # the same, or FROM:TO; a plus or an empty FROM forces
    GIT_KEY = "git-key"
    GIT_VALUE = "git-value"
    REQUIREMENTS = "requirements"  # a file that names packages
    LOCAL_COMMAND = "local-command"  # a command of the project's own packages
    GO_SCRIPT = "go-script"  # a package of the project
    PS_WORD = "ps-word"
    ANY = "any"  # a project program's argument: text, or a path to read
    NONE = "none"  # there is no such operand


class Style(StrEnum):
    """How options look."""

    GNU = "gnu"  # -abc, -o VALUE, --long=VALUE, among operands
    POSIX = "posix"  # the same, but options end at the first operand
    SINGLE = "single"  # -long VALUE and -long=VALUE, among operands
    WORDS = "words"  # none: every word is an operand


class Output(StrEnum):
    """What is known of what it prints."""

    OPEN = "open"
    PATHS = "paths"  # of files at or below its operands, one a line
    NAMES = "names"  # of files, as seen from where it runs
    LINES = "lines"  # some lines of its input
    NUMBER = "number"


def _words(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""A list, or one text of words with blanks between them."""


class Grammar(BaseModel):
    """How one program or subcommand is called, and what that does.

    What is not named here is not understood, and a person is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: Effect = Effect.LOOK
    style: Style = Style.GNU
    flags: Words = ()
    values: dict[Kind, Words] = Field(default_factory=dict)
    glued: dict[Kind, Words] = Field(default_factory=dict)
    operands: tuple[Kind, ...] = (Kind.NONE,)
    last: Kind | None = None
    last_unless: Words = ()
    first_unless: Words = ()
    bare: Kind | None = None
    effects: dict[str, Effect] = Field(default_factory=dict)
    asks: dict[str, str] = Field(default_factory=dict)
    digits: bool = False
    plus: bool = False
    output: Output = Output.OPEN
    paths_with: Words = ()
    lines_without: Words = ()
    appends: bool = False
    searches: Words = ()
    needs: Words = ()
    edits_with: Words = ()
    edits_unless: Words = ()
    packs: bool = False
    joins: bool = False
    bundles: Words = ()
    ships: str = ""
    dashed: Kind | None = None
    sub: dict[str, Grammar] = Field(default_factory=dict)

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Options that take a value, by name."""
        return {name: kind for kind, names in self.values.items() for name in names}

    @cached_property
    def glued_kinds(self) -> Mapping[str, Kind]:
        """Options that may have a value in the same word, by name."""
        return {name: kind for kind, names in self.glued.items() for name in names}

    @cached_property
    def plain(self) -> frozenset[str]:
        """Options without a value."""
        return frozenset(self.flags) | self.glued_kinds.keys()

    @cached_property
    def is_dangerous(self) -> bool:
        """Whether a file name that looks like an option could do more than be read."""
        grave = {Kind.WRITE, Kind.DELETE, Kind.EXECUTE, Kind.SUFFIX, Kind.MOVE}
        kinds = {*self.values, *self.glued, *self.operands, self.last}
        return self.does is not Effect.LOOK or bool(self.asks or self.effects or kinds & grave)


class Tool(Grammar):
    """One file: the program's name is the file's, `also` are other names."""

    also: Words = ()


@dataclass(frozen=True)
class Tools:
    """All known programs by name."""

    by_name: Mapping[str, Tool]

    def get(self, name: str) -> Tool | None:
        """What is known of the program."""
        return self.by_name.get(name)


def load(folder: str | os.PathLike[str] | None = None) -> Tools:
    """The shipped tools, and those of a folder of the user's, which win.

    Raises BadInput that names the file and what is accepted.
    """
    found = dict(_shipped())
    own = Path(folder) if folder else None
    if own is not None and own.is_dir():
        for path in sorted(own.glob("*.toml")):
            found.update(_read(path.stem, path.read_text(encoding="utf-8"), str(path)))
    return Tools(found)


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, Tool]:
    found: dict[str, Tool] = {}
    place = files("ccpar_hybrid.approval").joinpath("tools")
    for entry in place.iterdir():
        name = entry.name.removesuffix(".toml")
        if entry.name.endswith(".toml"):
            found.update(_read(name, entry.read_text(encoding="utf-8"), entry.name))
    return found


def _likened(table: dict[str, Any]) -> dict[str, Any]:
    """Subcommands that are `like` another one take over what they do not say themselves."""
    subs = table.get("sub")
    if not isinstance(subs, dict):
        return table
    for name, inner in subs.items():
        if isinstance(inner, dict) and "like" in inner:
            given = dict(inner)
            model = subs.get(given.pop("like"))
            subs[name] = {**model, **given} if isinstance(model, dict) else inner
    return {**table, "sub": {name: _likened(inner) for name, inner in subs.items()}}


def _read(name: str, text: str, where: str) -> dict[str, Tool]:
    try:
        tool = Tool.model_validate(_likened(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where}: {error}", "docs/policy.md describes these files") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{where}: {place}: {first['msg']}", "docs/policy.md") from error
    return dict.fromkeys((name, *tool.also), tool)
