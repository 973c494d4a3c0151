"""The settings as they are in force, each with where it came from.

Order: default, `config.toml`, environment (`CCPAR_SECTION_NAME`), flags; the later wins.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.settings import Settings

FILE_NAME = "config.toml"
PREFIX = "CCPAR"


class Origin(StrEnum):
    """Where a value came from."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True)
class Setting:
    """One value in force; `where` is the file with its line, the variable, or the flag."""

    name: str
    value: object
    origin: Origin
    where: str = ""


@dataclass(frozen=True)
class Configuration:
    """The settings, and the story of each."""

    settings: Settings
    stories: tuple[Setting, ...]

    def story(self, name: str) -> Setting:
        """The story of one setting, `section.name`; raises KeyError."""
        return next(story for story in self.stories if story.name == name)


def load(
    directory: str, environment: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> Configuration:
    """Read everything; raises BadInput that names the bad value's place and what is accepted.

    `flags` maps `section.name` to values that the command line gave.
    """
    stories = {name: Setting(name, value, Origin.DEFAULT) for name, value in _defaults()}
    stories |= _from_file(Path(directory, FILE_NAME), stories)
    stories |= _from_environment(environment, stories)
    for name, value in (flags or {}).items():
        stories[name] = Setting(name, value, Origin.FLAG, f"--{name.partition('.')[2]}")
    settings = _validated(stories)
    final = (
        Setting(story.name, _value(settings, story.name), story.origin, story.where)
        for story in stories.values()
    )
    return Configuration(settings, tuple(final))


def _defaults() -> Iterator[tuple[str, object]]:
    for section, model in Settings():
        for name, value in model:
            yield f"{section}.{name}", value


def _value(settings: Settings, name: str) -> object:
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


def _from_file(path: Path, known: Mapping[str, Setting]) -> dict[str, Setting]:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"cannot read {path}: {error}", "mend the file or remove it") from error
    found = {}
    for name, value in _flattened(data, path, text):
        where = f"{path}:{_line_of(text, name)}"
        if name not in known:
            raise BadInput(f"{where}: there is no setting {name}", _accepted(name, known))
        found[name] = Setting(name, value, Origin.FILE, where)
    return found


def _flattened(data: Mapping[str, Any], path: Path, text: str) -> Iterator[tuple[str, object]]:
    for section, values in data.items():
        if not isinstance(values, dict):
            accepted = ", ".join(f"[{name}]" for name in Settings.model_fields)
            where = f"{path}:{_line_of(text, section)}"
            raise BadInput(f"{where}: {section} stands in no section", f"sections are {accepted}")
        for name, value in values.items():
            yield f"{section}.{name}", value


def _line_of(text: str, name: str) -> int:
    """Where the name is set, as far as that can be told without a parser; else line 1."""
    section, _, key = name.partition(".")
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        left = stripped.partition("=")[0].replace(" ", "").replace('"', "").replace("'", "")
        if stripped.startswith("["):
            inside = stripped.strip("[] ") == section
            if inside and not key:
                return number
        elif left == name or (inside and left == key) or (not inside and left == section):
            return number
    return 1


def _accepted(name: str, known: Mapping[str, Setting]) -> str:
    section = name.partition(".")[0]
    near = [each for each in known if each.startswith(f"{section}.")] or sorted(known)
    return f"accepted are {', '.join(near)}"


def _from_environment(
    environment: Mapping[str, str], known: Mapping[str, Setting]
) -> dict[str, Setting]:
    found = {}
    for name in known:
        variable = variable_of(name)
        if variable in environment:
            value = _parsed(name, environment[variable])
            found[name] = Setting(name, value, Origin.ENVIRONMENT, f"${variable}")
    return found


def variable_of(name: str) -> str:
    """The variable that sets `section.name`."""
    return f"{PREFIX}_{name.replace('.', '_').upper()}"


def _parsed(name: str, text: str) -> object:
    section, _, key = name.partition(".")
    model: type[BaseModel] = type(getattr(Settings(), section))
    if get_origin(model.model_fields[key].annotation) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _validated(stories: Mapping[str, Setting]) -> Settings:
    data: dict[str, dict[str, object]] = {}
    for story in stories.values():
        section, _, key = story.name.partition(".")
        data.setdefault(section, {})[key] = story.value
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:2])
        story = stories[name]
        where = story.where or name
        raise BadInput(f"{where}: {name} = {story.value!r}", _words(first["msg"])) from error


_SAID = {
    "Input should be a valid integer, unable to parse string as an integer": "a whole number is "
    "accepted",
    "Input should be a valid integer": "a whole number is accepted",
    "Input should be a valid number, unable to parse string as a number": "a number is accepted",
    "Input should be a valid tuple": "a list of texts is accepted",
    "Input should be a valid string": "a text is accepted",
}


def _words(message: str) -> str:
    """What pydantic says, for people; a name's pattern is spelled out."""
    if "pattern" in message:
        return "1 to 32 of A-Z a-z 0-9 _ - are accepted, beginning with a letter or digit"
    plain = message.removeprefix("Value error, ").replace("Input should be", "accepted is")
    return _SAID.get(message, plain)
