"""The words that processes exchange survive the way, whatever they carry."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.wire import Link, WireError

ANY_TEXT = st.text(st.characters()) | st.just("\ud800 lone")
MESSAGES = st.fixed_dictionaries(
    {"type": ANY_TEXT},
    optional={
        "text": ANY_TEXT,
        "number": st.integers(-(2**63), 2**63),
        "given": st.dictionaries(ANY_TEXT, st.lists(ANY_TEXT), max_size=3),
        "none": st.none(),
    },
)


@pytest.fixture
def pair() -> Iterator[tuple[Link, Link]]:
    left, right = (Link(end) for end in socket.socketpair())
    with left, right:
        yield left, right


@given(MESSAGES)
def test_a_message_is_one_line_and_comes_back(message: dict[str, object]) -> None:
    line = wire.encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert wire.decode(line) == message


@given(st.lists(MESSAGES, max_size=5), st.data())
def test_messages_come_whole_however_the_bytes_are_cut(
    messages: list[dict[str, object]], data: st.DataObject
) -> None:
    left, right = socket.socketpair()
    with left, Link(right) as link:
        rest = b"".join(wire.encode(message) for message in messages)
        seen = []
        while rest:
            size = data.draw(st.integers(1, len(rest)))
            left.sendall(rest[:size])
            rest = rest[size:]
            assert link.fill()
            seen += list(link.buffered())
    assert seen == messages


@given(st.binary())
def test_what_is_no_message_is_refused(line: bytes) -> None:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return
    with pytest.raises(WireError):
        wire.decode(line)


@pytest.mark.parametrize("line", [b'{"type": 1}', b"[]", b"", b"\xff"])
def test_odd_lines_are_refused(line: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode(line)


def test_the_end_is_told(pair: tuple[Link, Link]) -> None:
    left, right = pair
    left.send({"type": wire.OK})
    left.close()
    assert right.receive() == {"type": wire.OK}
    assert right.receive() is None


def test_half_a_message_at_the_end_is_none(pair: tuple[Link, Link]) -> None:
    left, right = pair
    left.socket.sendall(b'{"type": "ok"')
    left.close()
    assert right.receive() is None


def test_a_message_without_an_end_is_refused(
    pair: tuple[Link, Link], monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = pair
    monkeypatch.setattr(wire, "MAX_LINE", 10)
    left.socket.sendall(b"x" * 11)
    with pytest.raises(WireError):
        right.receive()


def test_a_socket_appears_only_when_it_can_be_connected_to(home: Path) -> None:
    path = home / "s"
    (home / "s~").touch()
    with closing(wire.listen(str(path))) as listener, Link.connect(str(path), 5) as link:
        assert not (home / "s~").exists()
        link.send({"type": wire.CLAIM})
        with socket.socket(fileno=os.dup(listener.fileno())) as same:
            connection, _ = same.accept()
        with Link(connection) as other:
            assert other.receive() == {"type": wire.CLAIM}


def test_nothing_is_left_where_nothing_can_listen(home: Path) -> None:
    with pytest.raises(OSError):
        wire.listen(str(home / "missing" / "s"))
    with pytest.raises(OSError):
        Link.connect(str(home / "s"))
    assert not (home / "s").exists()


def test_a_poke_tells_whether_somebody_is_there(home: Path) -> None:
    path = str(home / "w")
    assert not wire.poke(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        worker.bind(path)
        assert all(wire.poke(path) for _ in range(2000))
    assert not wire.poke(path)
