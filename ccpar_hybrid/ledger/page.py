"""Reads rows out of the pages of a SQLite file that SQLite itself refuses.

The format is that of SQLite 3 (https://www.sqlite.org/fileformat2.html). Each page with rows is
read by itself: one that is damaged costs its own rows and no others. Nothing in here trusts a
number that it reads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 0x0D, 0x0A, 0x02
_PAGE_HEADERS = {_TABLE_LEAF: 8, _INDEX_LEAF: 8, _INDEX_INNER: 12}
"""Kinds of pages with records, and how long their headers are."""
_CHILD = 4
"""Bytes before the record of an inner page's cell: the number of the page below it."""
_SIZES = tuple(1 << power for power in range(9, 17))
_USUAL_SIZE = 4096
_WAL_HEADER, _FRAME_HEADER = 32, 24
_LONGEST = 64 << 20
"""Bytes beyond which no payload is believed."""

Field = int | float | str | bytes | None


class _Nonsense(Exception):
    """What was read cannot be what was written."""


@dataclass(frozen=True)
class Row:
    """One record. `number` is its rowid, None for a table without."""

    number: int | None
    fields: tuple[Field, ...]


def rows_in(path: str) -> Iterator[Row]:
    """Every row of every page, with what the write-ahead log says anew of a page.

    Old versions of rows may be among them: pages that are in use no more keep theirs. Raises
    OSError.
    """
    return _rows(_read(path), _read(f"{path}-wal"))


def _rows(data: bytes, log: bytes) -> Iterator[Row]:
    pages = _Pages(data, _page_size(data, log), log)
    for number in pages.numbers():
        yield from _rows_of(pages, number)


class _Pages:
    """Pages by their number, from 1."""

    def __init__(self, data: bytes, size: int, log: bytes) -> None:
        self.size = size
        self.usable = size - _reserved(data)
        self._data = data
        self._newer = _newer_pages(log, size)

    def numbers(self) -> range:
        """All that there are."""
        return range(1, max([len(self._data) // self.size, *self._newer]) + 1)

    def page(self, number: int) -> bytes:
        """The page's bytes; _Nonsense where there is no such page."""
        newer = self._newer.get(number)
        page = newer or self._data[(number - 1) * self.size : number * self.size]
        if number < 1 or len(page) < self.size:
            raise _Nonsense
        return page


def _rows_of(pages: _Pages, number: int) -> Iterator[Row]:
    try:
        page = pages.page(number)
        start = _HEADER if number == 1 else 0
        kind, count = page[start], int.from_bytes(page[start + 3 : start + 5], "big")
        cells = struct.unpack_from(f">{count}H", page, start + _PAGE_HEADERS[kind])
    except (_Nonsense, KeyError, struct.error):
        return
    before = _CHILD if kind == _INDEX_INNER else 0
    for at in cells:
        try:
            yield _cell(pages, page, at + before, with_number=kind == _TABLE_LEAF)
        except (_Nonsense, IndexError, struct.error, UnicodeDecodeError):
            continue


def _cell(pages: _Pages, page: bytes, at: int, *, with_number: bool) -> Row:
    length, at = _integer(page, at)
    number: int | None = None
    if with_number:
        number, at = _integer(page, at)
    if not 0 < length <= _LONGEST:
        raise _Nonsense
    payload = _payload(pages, page, at, length, is_table=with_number)
    return Row(number, tuple(_fields(payload)))


def _payload(pages: _Pages, page: bytes, at: int, length: int, *, is_table: bool) -> bytes:
    """What the cell holds, with its overflow pages."""
    usable = pages.usable
    most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
    if length <= most:
        return page[at : at + length]
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    local = local if local <= most else least
    parts, missing = [page[at : at + local]], length - local
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    while missing > 0:
        overflow = pages.page(following)
        parts.append(overflow[4 : 4 + min(missing, usable - 4)])
        missing -= usable - 4
        following = int.from_bytes(overflow[:4], "big")
    return b"".join(parts)


def _fields(record: bytes) -> Iterator[Field]:
    end, at = _integer(record, 0)
    if not at <= end <= len(record):
        raise _Nonsense
    value_at = end
    while at < end:
        kind, at = _integer(record, at)
        value, value_at = _value(record, kind, value_at)
        yield value


_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _value(record: bytes, kind: int, at: int) -> tuple[Field, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    size = _INTEGER_SIZES.get(kind) or (8 if kind == 7 else (kind - 12) // 2)
    data = record[at : at + size]
    if kind in (10, 11) or not 0 <= size == len(data):
        raise _Nonsense
    if kind < 7:
        return int.from_bytes(data, "big", signed=True), at + size
    if kind == 7:
        return float(struct.unpack(">d", data)[0]), at + size
    return (data.decode("utf-8") if kind % 2 else data), at + size


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """SQLite's varint at this place, and where the next thing begins."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    value = value << 8 | data[at + 8]
    return (value - (1 << 64) if value >> 63 else value), at + 9


def _page_size(data: bytes, log: bytes) -> int:
    """As the file says, else its log, else as usual."""
    said = int.from_bytes(data[16:18], "big") if data.startswith(_MAGIC) else 0
    said = 1 << 16 if said == 1 else said
    in_log = int.from_bytes(log[8:12], "big")
    return next((size for size in (said, in_log) if size in _SIZES), _USUAL_SIZE)


def _reserved(data: bytes) -> int:
    return data[20] if data.startswith(_MAGIC) else 0


def _newer_pages(log: bytes, size: int) -> Mapping[int, bytes]:
    """The pages of every transaction that the log holds whole."""
    found: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    if len(log) < _WAL_HEADER or int.from_bytes(log[:4], "big") & ~1 != 0x377F0682:
        return found
    order = ">" if log[3] & 1 else "<"
    salt = log[16:24]
    checksum = _checksum(order, (0, 0), log[:24])
    for at in range(_WAL_HEADER, len(log) - _FRAME_HEADER - size + 1, _FRAME_HEADER + size):
        header, page = log[at : at + _FRAME_HEADER], log[at + _FRAME_HEADER :][:size]
        checksum = _checksum(order, _checksum(order, checksum, header[:8]), page)
        if header[8:16] != salt or struct.unpack(">II", header[16:]) != checksum:
            break  # what stands behind here is older than the log's last beginning, or torn
        number, committed = struct.unpack(">II", header[:8])
        pending[number] = page
        if committed:
            found |= pending
            pending = {}
    return found


def _checksum(order: str, before: tuple[int, int], data: bytes) -> tuple[int, int]:
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return b""
