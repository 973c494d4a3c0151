"""Layout files: finding them by name, and reading them with errors that say where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.text import first_line
from ccpar_hybrid.tmux.layout import Layout, checked_name

_ENDINGS = (".yaml", ".yml", ".json")
_LARGEST_BYTES = 64_000
_ACCEPTED = {
    "shell_command": "monitor, worker or workers",
    "panes": "a list of monitor, worker and workers",
}
_PACKAGE = Path(__file__).resolve().parent.parent


def load(reference: str, config: str) -> Layout:
    """The layout of that name, or of that file where it is a path (it has a `/` or an ending).

    A name is looked for in `config`/layouts first, then among the shipped ones. Raises NotFound
    with the names that there are, BadInput with file, line and what is accepted.
    """
    if "/" in reference or reference.endswith(_ENDINGS):
        path = Path(reference).expanduser().absolute()
        return read(path, str(path))
    _check_name(reference)
    for path in _candidates(reference, config):
        if path.is_file():
            return read(path, reference)
    known = ", ".join(names(config))
    raise NotFound(f"there is no layout {reference!r}", f"accepted: {known}, or a file's path")


def choose(reference: str, config: str, workers: int) -> Layout:
    """The layout as `load` gives it; one that chooses among others gives the chosen one."""
    layout = load(reference, config)
    for choice in layout.ccpar.choose:
        if choice.up_to is None or workers <= choice.up_to:
            chosen = load(choice.layout, config)
            if chosen.ccpar.choose:
                raise BadInput(
                    f"layout {layout.name} chooses {chosen.name}, which chooses again",
                    "a layout with windows is accepted there",
                )
            return chosen
    return layout


def names(config: str) -> tuple[str, ...]:
    """All layouts that can be named, the user's and the shipped ones, sorted."""
    found = {
        path.stem
        for directory in _directories(config)
        if directory.is_dir()
        for path in directory.iterdir()
        if path.suffix in _ENDINGS
    }
    return tuple(sorted(found))


def read(path: Path, name: str) -> Layout:
    """The layout in the file; raises NotFound, or BadInput with line and key."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise NotFound(f"layout {path}: {error.strerror}", "give a readable file") from None
    if len(content) > _LARGEST_BYTES:
        raise BadInput(f"layout {path}: too large", f"at most {_LARGEST_BYTES} bytes are accepted")
    return _parse(content, path, name)


def _parse(content: bytes, path: Path, name: str) -> Layout:
    try:
        loader = yaml.SafeLoader(content)
        node = loader.get_single_node()
        if node is None:
            raise BadInput(f"layout {path}: the file is empty", "see docs/layouts.md")
        _check_keys(node, path)
        data = loader.construct_document(node)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"layout {path}{_yaml_words(error)}", "YAML or JSON is accepted") from None
    if not isinstance(data, dict):
        raise BadInput(f"layout {path}: not a mapping", "keys such as windows: are accepted")
    if "name" in data:
        line = _line(node, ["name"])
        raise BadInput(f"layout {path}, line {line}: name is not known", "the file's name is it")
    try:
        return Layout.model_validate({**data, "name": name})
    except ValidationError as error:
        raise BadInput(*_words(error, node, path)) from None


def _check_keys(node: yaml.Node, path: Path) -> None:
    for key, line in _doubled(node):
        raise BadInput(f"layout {path}, line {line}: {key!r} is given twice", "give it once")


def _doubled(node: yaml.Node) -> Iterator[tuple[str, int]]:
    children: Iterable[yaml.Node] = ()
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
        children = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    for child in children:
        yield from _doubled(child)


def _yaml_words(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f", line {error.problem_mark.line + 1}: {error.problem}"
    return f": {first_line(str(error), 200)}"


def _words(error: ValidationError, node: yaml.Node, path: Path) -> tuple[str, str]:
    """Message and hint for the first thing that is wrong."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = [part for part in first["loc"] if part != "function-before[_pane(), PaneLayout]"]
    line = _line(node, where)
    key = ".".join(map(str, where))
    said = first["msg"].removeprefix("Value error, ")
    at = f", line {line}" if line else ""
    if first["type"] == "extra_forbidden":
        return f"layout {path}{at}: {key} is not known", "see docs/layouts.md for the keys"
    last = str(where[-1]) if where else ""
    return f"layout {path}{at}: {key + ': ' if key else ''}{said}", _ACCEPTED.get(last, "")


def _line(node: yaml.Node, where: Iterable[int | str]) -> int:
    line = node.start_mark.line + 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == part]
            if not found:
                return line
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return line
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _check_name(name: str) -> None:
    try:
        checked_name(name)
    except ValueError as error:
        raise BadInput(f"{name!r} can be no layout's name", str(error)) from None


def _candidates(name: str, config: str) -> Iterator[Path]:
    for directory in _directories(config):
        for ending in _ENDINGS:
            yield directory / f"{name}{ending}"


def _directories(config: str) -> tuple[Path, ...]:
    shipped = _PACKAGE / "tmux-layouts"
    # An installed wheel has them inside the package, a checkout beside it.
    return (
        Path(config) / "layouts",
        shipped if shipped.is_dir() else _PACKAGE.parent / shipped.name,
    )
