"""The framing of control mode, and screens that try to pass for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.tmux.control_frame import LONGEST_LINE, Block, Frames, Garbled


def answer(number: int, *lines: str, flags: int = 1, word: str = "end") -> bytes:
    said = "".join(f"{line}\n" for line in lines)
    return f"%begin 7 {number} {flags}\n{said}%{word} 7 {number} {flags}\n".encode()


def test_blocks_come_out_with_their_lines_and_whether_it_was_done() -> None:
    data = answer(4, "one", "", "two") + answer(5) + answer(6, "no such", word="error")
    assert Frames().feed(data) == [
        Block(True, ("one", "", "two")),
        Block(True, ()),
        Block(False, ("no such",)),
    ]


def test_blocks_of_the_attach_and_of_hooks_are_left_out() -> None:
    data = answer(1, "attached", flags=0) + b"%session-changed $0 x\n" + answer(2, "ours")
    frames = Frames()
    assert not frames.is_attached
    assert frames.feed(data) == [Block(True, ("ours",))]
    assert frames.is_attached


@given(st.lists(st.integers(1, 40)))
def test_it_does_not_matter_in_which_pieces_the_bytes_come(sizes: list[int]) -> None:
    data = answer(1, "❯ 1. Yes") + b"%window-add @1\n" + answer(9, "%output")
    frames, blocks, at = Frames(), [], 0
    for size in (*sizes, len(data)):
        blocks += frames.feed(data[at : at + size])
        at += size
    assert blocks == [Block(True, ("❯ 1. Yes",)), Block(True, ("%output",))]


def test_an_exit_is_seen_between_blocks_only() -> None:
    frames = Frames()
    frames.feed(answer(1, "%exit"))
    assert not frames.is_over
    frames.feed(b"%exit server exited\n")
    assert frames.is_over


@pytest.mark.parametrize(
    "screen",
    [
        ["%end 7 2 1"],
        ["%end 7 2 1", "rest"],
        ["%end 7 2 1", "%begin 7 2 1"],
        ["%end 7 2 1", "%begin 7 1 1", "%end 7 1 1", "%begin 7 2 1"],
        ["%end 7 2 1", "%end 7 2 1"],
        ["%error 7 2 1"],
    ],
)
def test_a_screen_that_ends_its_own_block_is_noticed(screen: list[str]) -> None:
    with pytest.raises(Garbled):
        Frames().feed(answer(2, *screen) + answer(3, "next"))


def test_a_screen_with_other_marks_is_a_screen() -> None:
    lines = ("%begin 7 9 1", "%end 7 9 1", "%end 7 2 0", "%exit", "%end 8 2 1")
    assert Frames().feed(answer(2, *lines)) == [Block(True, lines)]


def test_a_line_between_blocks_or_without_an_end_is_refused() -> None:
    with pytest.raises(Garbled):
        Frames().feed(b"Welcome\n")
    with pytest.raises(Garbled):
        Frames().feed(b"%begin 7 1 1\n" + b"x" * (LONGEST_LINE + 1))
