"""`ledger export` and `ledger import`: tasks with all their history, as JSON lines.

The first line is a Header, each further one a Record. An import takes all or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from ccpar_hybrid.app import vanished
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.ledger.record import VERSION, Header, Record, fault_of
from ccpar_hybrid.ledger.store import Ledger

LONGEST_LINE = 64 << 20
"""Bytes; a line of one task with its story is far shorter."""

_HINT = "a file of `ccpar-hybrid ledger export` is accepted; nothing was imported"
Model = TypeVar("Model", bound=BaseModel)


def exported(
    ledger: Ledger, keys: Iterable[TaskKey], *, with_environment: bool = True
) -> Iterator[str]:
    """The lines of an export of these tasks, in this order; each task as it is at one moment."""
    wanted = list(dict.fromkeys(keys))
    header = Header(at=datetime.now(UTC), tasks=len(wanted), environment=with_environment)
    yield header.model_dump_json() + "\n"
    for key in wanted:
        record = ledger.whole(key)
        kept = record if with_environment else record.without_environment()
        yield kept.model_dump_json() + "\n"


def read(file: BinaryIO) -> tuple[Header, list[Record]]:
    """All that an export holds; BadInput tells the line and what is wrong with it."""
    lines = _lines(file)
    number, first = next(lines, (1, b""))
    header = _header(number, first)
    records: dict[TaskKey, int] = {}
    found = []
    for number, line in lines:
        record = _parsed(Record, number, line)
        if fault := fault_of(record):
            raise _bad(number, fault)
        before = records.setdefault(record.task.key, number)
        if before != number:
            raise _bad(number, f"{record.task.key} stands in line {before} already")
        found.append(record)
    if len(found) != header.tasks:
        raise BadInput(f"the file has {len(found)} of {header.tasks} tasks: it was cut", _HINT)
    return header, found


@dataclass(frozen=True)
class Taken:
    """What an import did. `waiting`: tasks that are not settled and that nobody will run here."""

    new: tuple[TaskKey, ...]
    queued: tuple[TaskKey, ...] = ()
    waiting: tuple[TaskKey, ...] = ()


def take_in(app: App, header: Header, records: Sequence[Record], *, queue: bool) -> Taken:
    """Keep the tasks, all or none; with `queue` submit those that have not ended, also those
    that were there already, unless Pueue knows them.

    Raises BadInput, or NotFound for a group that Pueue does not have, before anything is kept.
    """
    open_tasks = [record.task for record in records if record.outcome is None]
    if queue:
        _check_groups(app, open_tasks)
    new = app.ledger.take_in(records, with_environment=header.environment)
    if not queue:
        return Taken(tuple(new), waiting=tuple(t.key for t in open_tasks if t.key in new))
    return Taken(tuple(new), queued=tuple(vanished.bring_back(app, open_tasks, None)))


def _check_groups(app: App, tasks: Sequence[Task]) -> None:
    known = app.scheduler.snapshot().groups
    for group in sorted({task.spec.group for task in tasks} - known.keys()):
        raise NotFound(
            f"there is no group {visible(group, 60)!r}; nothing was imported",
            f"`ccpar-hybrid setup --group {visible(group, 60)}=WORKERS` makes it",
        )


def _header(number: int, line: bytes) -> Header:
    header = _parsed(_AnyHeader, number, line)
    if header.format != Header.model_fields["format"].default:
        raise _bad(number, "this is no export of a ledger")
    if header.version != VERSION:
        hint = "import it with that version; nothing was imported"
        raise BadInput(f"the export is of format {header.version}, {VERSION} is known", hint)
    return _parsed(Header, number, line)


class _AnyHeader(BaseModel):
    """What every version's first line has."""

    format: str = ""
    version: int = 0


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise _bad(number, f"it is longer than {LONGEST_LINE >> 20} MiB")
        if line.strip():
            yield number, line


def _parsed(model: type[Model], number: int, line: bytes) -> Model:
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        said = f"{where}: {first['msg']}" if where else str(first["msg"])
        raise _bad(number, visible(said, 200)) from None


def _bad(number: int, what: str) -> BadInput:
    return BadInput(f"line {number}: {what}", _HINT)
