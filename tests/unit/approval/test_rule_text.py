"""A rule that is written is read as the same rule."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.approval.policy import parse
from ccpar_hybrid.approval.rule import Decision, Rule
from ccpar_hybrid.approval.rule_text import is_writable, written

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NUMBER = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUE: st.SearchStrategy[Any] = st.recursive(
    TEXT | st.booleans() | NUMBER,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(TEXT, VALUE, max_size=3), st.lists(TEXT, min_size=1, max_size=3))
def test_what_is_written_is_read_back(given_input: dict[str, Any], tools: list[str]) -> None:
    rule = Rule(decision=Decision.ALLOW, tool=tuple(tools), directory=("/a b",), input=given_input)
    assert is_writable(given_input)
    text = written(rule)
    assert parse(text, "p").rule == (rule.model_copy(update={"where": "p:1"}),)
    assert all(c.isprintable() or c == "\n" for c in text)


def test_what_toml_has_no_words_for_is_known() -> None:
    for value in (None, "\ud800", float("inf"), float("nan"), 2**63):
        assert not is_writable({"a": [value]})
