"""Several commands in one text, and screens that try to pass for an answer."""

from __future__ import annotations

import re

import pytest

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.tmux.control_frame import Frames, Garbled
from ccpar_hybrid.tmux.control_script import Reply, Script

COMMANDS = [("capture-pane", "-p"), ("list-panes", "-F", "a 'b' ; #{c}")]


def own_words(script: Script) -> list[str]:
    return re.findall(r"display-message -p (\S+)", script.text.decode())


def block(number: int, *lines: str) -> bytes:
    said = "".join(f"{line}\n" for line in lines)
    return f"%begin 7 {number} 1\n{said}%end 7 {number} 1\n".encode()


def test_every_command_has_a_line_and_is_quoted() -> None:
    lines = Script(COMMANDS).text.decode().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("'capture-pane' '-p' ; display-message -p done-0-")
    assert lines[2].startswith("""'list-panes' '-F' 'a '"'"'b'"'"' ; #{c}' ; """)


@pytest.mark.parametrize("word", ["a\nkill-server", "a\r", "\0"])
def test_a_word_with_an_end_of_line_is_refused(word: str) -> None:
    with pytest.raises(BadInput):
        Script([("display-message", word)])


def test_each_answer_goes_to_its_command() -> None:
    script = Script(COMMANDS)
    done, after, _, last = own_words(script)
    said = ["❯ 1. Yes", "", done, after, "can't find pane", last]
    assert script.replies(said) == [
        Reply(True, ("❯ 1. Yes", "")),
        Reply(False, ("can't find pane",)),
    ]
    assert script.last == last


def test_no_two_scripts_have_the_same_words() -> None:
    assert not set(own_words(Script(COMMANDS))) & set(own_words(Script(COMMANDS)))


def test_answers_that_miss_or_are_too_many_are_noticed() -> None:
    script = Script(COMMANDS)
    done, after, second, last = own_words(script)
    for said in ([done, after, second], [done, second, last], [done, after, second, last, "more"]):
        with pytest.raises(Garbled):
            script.replies(said)


@pytest.mark.parametrize("until", [3, 4, 5, 6])
def test_a_screen_that_stretches_its_block_over_other_answers_is_noticed(until: int) -> None:
    script = Script(COMMANDS)
    own = own_words(script)
    data = block(2, "top", "%end 7 2 1", f"%begin 7 {until} 1", "bottom")
    data += b"".join(block(number, word) for number, word in zip((3, 4, 6, 7), own, strict=True))
    with pytest.raises(Garbled):
        script.replies([x for each in Frames().feed(data) for x in script.checked(each.lines)])
