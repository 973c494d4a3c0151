"""Tasks as JSON lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.app.request import LABEL_LIMIT, parse_lines, parse_one
from ccpar_hybrid.core.errors import BadInput


def test_lines_are_read_and_empty_ones_passed_over() -> None:
    one, two = parse_lines(['{"prompt": "a"}\n', "\n", '{"prompt": "b", "after": ["x"]}'])
    assert (one.prompt, two.prompt, two.after) == ("a", "b", ("x",))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2"),
        ("null", "line 2"),
        ("{}", "line 2: prompt"),
        ('{"prompt": ""}', "line 2: the prompt is empty"),
        ('{"prompt": "  \\n"}', "line 2: the prompt is empty"),
        ('{"prompt": "a\\u0000b"}', "line 2: prompt"),
        ('{"prompt": "\\ud800"}', "line 2: prompt"),
        ('{"prompt": 3}', "line 2: prompt"),
        ('{"prompt": "a", "promt": 1}', "line 2"),
        ('{"prompt": "a", "priority": 4294967296}', "line 2: priority"),
        ('{"prompt": "a", "label": ""}', "line 2: label"),
        ('{"prompt": "a", "label": "%s"}' % ("x" * (LABEL_LIMIT + 1)), "line 2: label"),
        ('{"prompt": "a", "env": {"A": 1}}', "line 2: env"),
        ('{"prompt": "a", "after": "x"}', "line 2: after"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_lines(['{"prompt": "good"}', line])
    assert refused.value.message.startswith(said)
    assert refused.value.hint


def test_nothing_to_add_is_refused() -> None:
    with pytest.raises(BadInput):
        parse_lines(["", "\n"])


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_a_prompt_stays_as_it_is(prompt: str) -> None:
    if prompt.strip():
        assert parse_one(json.loads(json.dumps({"prompt": prompt}))).prompt == prompt


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x)))
def test_any_json_is_a_request_or_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        parse_one(value)
