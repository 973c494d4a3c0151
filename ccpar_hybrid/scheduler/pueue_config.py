"""Where Pueue keeps its socket, secret and state, found as Pueue 4.0.4 finds them itself."""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.core.errors import MissingPart

_SIMPLE = re.compile(r"""  +(\w+): *(?:"([^"\\]*)"|'([^']*)'|([\w/~.][^#:]*?))? *""", re.ASCII)
Scalar = str | None


class PueueConfig(NamedTuple):
    """`socket` is None where Pueue is set to speak TCP only."""

    directory: Path
    runtime_directory: Path
    socket: Path | None
    secret: Path
    pid_file: Path
    file: Path | None


def read_config(environment: Mapping[str, str]) -> PueueConfig:
    """What this environment leads Pueue to; MissingPart for a file that cannot be read."""
    file = _file(environment)
    shared = _shared(file) if file else {}

    def place(name: str, default: Path) -> Path:
        value = shared.get(name)
        return _expanded(value, environment) if value else default

    directory = place("pueue_directory", _data_home(environment) / "pueue")
    runtime = place("runtime_directory", _runtime_home(environment) or directory)
    socket = place("unix_socket_path", runtime / f"pueue_{_user(environment)}.socket")
    return PueueConfig(
        directory=directory,
        runtime_directory=runtime,
        socket=None if shared.get("use_unix_socket") == "false" else socket,
        secret=place("shared_secret_path", directory / "shared_secret"),
        pid_file=place("pid_path", runtime / "pueue.pid"),
        file=file,
    )


def _file(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("PUEUE_CONFIG_PATH")
    if named is not None:
        return Path(named)
    candidates = (_config_home(environment) / "pueue" / "pueue.yml", Path("pueue.yml"))
    return next((path for path in candidates if path.is_file()), None)


def _shared(file: Path) -> Mapping[str, Scalar]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MissingPart(
            f"Pueue's configuration {file} cannot be read: {error}", "see PUEUE_CONFIG_PATH"
        ) from error
    try:
        return dict(_simple_block(text.splitlines()))
    except ValueError:
        return _shared_by_yaml(file, text)


def _simple_block(lines: list[str]) -> Iterator[tuple[str, Scalar]]:
    """The `shared:` block as Pueue writes it; ValueError for all other YAML.

    Importing a YAML parser takes longer than a whole `pueue add`.
    """
    starts = [number for number, line in enumerate(lines) if line.startswith("shared")]
    if len(starts) != 1 or lines[starts[0]].rstrip() != "shared:":
        raise ValueError("no plain `shared:` block")
    for line in lines[starts[0] + 1 :]:
        if not line.strip():
            continue
        if not line.startswith(" "):
            return
        found = _SIMPLE.fullmatch(line)
        if not found:
            raise ValueError(f"not plain: {line}")
        value = next((part for part in found.groups()[1:] if part is not None), None)
        yield found[1], None if value in ("null", "~") else value


def _shared_by_yaml(file: Path, text: str) -> Mapping[str, Scalar]:
    import yaml

    try:
        shared = (yaml.safe_load(text) or {}).get("shared") or {}
        return {name: _scalar(value) for name, value in shared.items()}
    except (yaml.YAMLError, AttributeError) as error:
        raise MissingPart(f"Pueue's configuration {file} cannot be read: {error}") from error


def _scalar(value: object) -> Scalar:
    return str(value).lower() if isinstance(value, bool) else value and str(value)  # type: ignore[return-value]


def _expanded(value: str, environment: Mapping[str, str]) -> Path:
    if value == "~" or value.startswith("~/"):
        return _home(environment) / value[2:]
    return Path(value)


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir)


def _config_home(environment: Mapping[str, str]) -> Path:
    return _base(environment, "XDG_CONFIG_HOME", ".config")


def _data_home(environment: Mapping[str, str]) -> Path:
    return _base(environment, "XDG_DATA_HOME", ".local/share")


def _runtime_home(environment: Mapping[str, str]) -> Path | None:
    value = environment.get("XDG_RUNTIME_DIR", "")
    return Path(value) if value.startswith("/") and sys.platform != "darwin" else None


def _base(environment: Mapping[str, str], variable: str, default: str) -> Path:
    if sys.platform == "darwin":
        return _home(environment) / "Library" / "Application Support"
    value = environment.get(variable, "")
    return Path(value) if value.startswith("/") else _home(environment) / default


def _user(environment: Mapping[str, str]) -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return environment.get("USER", "")
