"""The readable story of an attempt: in its file, and to all that listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.story import Story

LIMIT = 1 << 20


@asynccontextmanager
async def shim(home: Path, name: str = "s") -> AsyncIterator[tuple[asyncio.StreamWriter, Path]]:
    """A connection to a shim that writes what it is told into a file."""
    heard, ended = home / f"{name}.heard", asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with heard.open("w", errors="surrogateescape") as file:
            while line := await reader.readline():
                file.write(str(wire.decode(line)["text"]))
        writer.close()
        ended.set()

    server = await asyncio.start_unix_server(listen, home / name, limit=wire.MAX_LINE)
    async with server:
        _, writer = await asyncio.open_unix_connection(home / name)
        yield writer, heard
        writer.close()
        await writer.wait_closed()
        await ended.wait()


async def test_every_listener_hears_all_from_the_beginning(home: Path) -> None:
    with Story(home / "log", LIMIT) as story:
        async with shim(home, "a") as (first, first_heard), shim(home, "b") as (late, late_heard):
            story.attach(first)
            story.line("▶ begun")
            story.raw(b"out\r\nput\r")
            story.attach(late)
            story.line("two\nlines\n")
            story.detach(first)
            story.line("end")
            story.line("")
        assert first_heard.read_bytes().decode() == "▶ begun\nout\nput\rtwo\nlines\n"
        assert late_heard.read_bytes().decode() == "▶ begun\nout\nput\rtwo\nlines\nend\n"
    assert (home / "log").read_bytes() == late_heard.read_bytes()
    assert (home / "log").stat().st_mode & 0o777 == 0o600


async def test_bytes_that_are_no_text_pass_unchanged(home: Path) -> None:
    with Story(home / "log", LIMIT) as story:
        async with shim(home) as (writer, heard):
            story.attach(writer)
            story.raw(b"\xff\xfe a")
        assert heard.read_bytes() == b"\xff\xfe a"


def test_what_is_too_much_is_left_off_with_a_word(home: Path) -> None:
    with Story(home / "log", LIMIT) as story:
        story.raw(b"x" * LIMIT)
        story.raw(b"never")
        story.line("never")
    text = (home / "log").read_bytes()
    assert text.endswith(b"x\n[the log ends here: it has 1 MiB]\n")


def test_an_account_goes_on_where_it_was(home: Path) -> None:
    for word in ("one", "two"):
        with Story(home / "log", LIMIT) as story:
            story.line(word)
    assert (home / "log").read_text() == "one\ntwo\n"


def test_a_full_disk_ends_the_log_and_not_the_run(home: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with Story(full, LIMIT) as story:
        story.line("one")
        story.line("two")
        assert not story.is_behind
