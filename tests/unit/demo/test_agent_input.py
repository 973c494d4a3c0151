"""What keys and pastes become, and what the input box makes of them."""

from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.demo.agent_box import InputBox, Submission
from ccpar_hybrid.demo.agent_key import PASTE_BEGIN, PASTE_END, Key, KeyReader, Pasted, Typed

ENTER = Key("enter")


def test_keys_text_and_pastes_are_told_apart() -> None:
    data = f"ab\r\x1b[A\x1b[Z\x03é{PASTE_BEGIN}x\r\ny\r\x1b[A{PASTE_END}\t".encode()
    assert KeyReader().feed(data) == [
        Typed("ab"), ENTER, Key("up"), Key("shift-tab"), Key("ctrl-c"), Typed("é"),
        Pasted("x\ny\n\x1b[A"), Key("tab"),
    ]  # fmt: skip


@given(st.text(alphabet=st.characters(exclude_characters="\x1b\r", codec="utf-8")), st.data())
def test_a_paste_is_the_same_however_its_bytes_are_cut(text: str, data: st.DataObject) -> None:
    raw = f"{PASTE_BEGIN}{text}{PASTE_END}".encode()
    cut = data.draw(st.integers(0, len(raw)))
    reader = KeyReader()
    assert reader.feed(raw[:cut]) + reader.feed(raw[cut:]) == [Pasted(text)]


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    reader = KeyReader()
    reader.feed(raw)
    reader.flush()
    assert not reader.pending


def test_an_escape_counts_as_the_key_only_once_nothing_follows() -> None:
    reader = KeyReader()
    assert reader.feed(b"\x1b") == []
    assert reader.pending
    assert reader.flush() == [Key("escape")]
    assert reader.feed(b"\x1b") + reader.feed(b"[B") == [Key("down")]


def test_a_long_paste_is_folded_and_sent_whole() -> None:
    box = InputBox()
    text = "\n".join(f"line {number}" for number in range(20_000))
    box.take(Typed("see "))
    box.take(Pasted(text))
    assert box.draft == "see [Pasted text #1 +19999 lines]"
    assert box.take(ENTER) == Submission(f"see {text}", typed=False)
    assert box.draft == ""


@given(st.text(min_size=1).filter(lambda text: bool(text.strip())))
def test_a_pasted_text_is_sent_exactly(text: str) -> None:
    box = InputBox()
    box.take(Pasted(text))
    assert box.take(ENTER) == Submission(text, typed=False)


def test_a_paste_that_names_another_is_not_expanded() -> None:
    box = InputBox()
    box.take(Pasted("a\nb\nc\nd"))
    box.take(Pasted("[Pasted text #1 +3 lines]\n\n\n"))
    sent = box.take(ENTER)
    assert sent is not None
    assert sent.text == "a\nb\nc\nd[Pasted text #1 +3 lines]\n\n\n"


def test_the_draft_can_be_edited() -> None:
    box = InputBox()
    for event in (
        Typed("one two"),
        Key("ctrl-w"),
        Typed("2"),
        Key("home"),
        Typed("> "),
        Key("end"),
    ):
        box.take(event)
    assert (box.draft, box.cursor) == ("> one 2", 7)
    box.take(Key("newline"))
    box.take(Pasted("x\n" * 9))
    box.take(Key("backspace"))
    assert box.draft == "> one 2\n"
    box.take(Key("up"))
    assert box.take(ENTER) == Submission("> one 2\n", typed=False)


def test_a_backslash_before_enter_makes_a_line_and_a_blank_draft_is_not_sent() -> None:
    box = InputBox()
    assert box.take(ENTER) is None
    box.take(Typed("a\\"))
    assert box.take(ENTER) is None
    assert box.draft == "a\n"
