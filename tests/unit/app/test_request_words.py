"""What is wrong with a JSON line is said in words, with what is accepted."""

from __future__ import annotations

import pytest

from ccpar_hybrid.app.request import parse_lines
from ccpar_hybrid.core.errors import BadInput

_FIELDS = "accepted fields are prompt, label"


@pytest.mark.parametrize(
    ("line", "message", "accepted"),
    [
        ("nope", "line 1 is not JSON", '{"prompt"'),
        ("[" * 100_000, "line 1 is not JSON", '{"prompt"'),
        ('{"prompt": "x", "priority": ' + "9" * 5000 + "}", "line 1 is not JSON", '{"prompt"'),
        ("[]", "line 1: is no object", _FIELDS),
        ("null", "line 1: is no object", _FIELDS),
        ('"x"', "line 1: is no object", _FIELDS),
        ("{}", "line 1: prompt is missing", '{"prompt"'),
        ('{"prompt": ""}', "line 1: the prompt is empty", "what the agent shall do"),
        ('{"prompt": " \\n"}', "line 1: the prompt is empty", "what the agent shall do"),
        ('{"prompt": 3}', "line 1: prompt cannot be 3", "text is accepted"),
        ('{"prompt": "x", "promt": 1}', "line 1: there is no field promt", _FIELDS),
        ('{"prompt": "x", "\\ud800": 1}', "line 1: a field's name is not UTF-8", _FIELDS),
        ('{"prompt": "x", "prompt": "y"}', "line 1: prompt is given twice", "each name once"),
        ('{"prompt": "a\\u0000b"}', "line 1: prompt has a NUL byte at position 1", "without NUL"),
        ('{"prompt": "a\\ud800"}', "line 1: prompt is not UTF-8 at position 1", "UTF-8"),
        ('{"prompt": "x", "label": "\\udcff"}', "line 1: label is not UTF-8", "UTF-8"),
        ('{"prompt": "x", "env": {"\\ud800": ""}}', "line 1: env is not UTF-8", "UTF-8"),
        ('{"prompt": "x", "env": {"": "v"}}', "line 1: env is empty", "give a text"),
        ('{"prompt": "x", "env": {"A": 1}}', "line 1: env cannot be 1", "text"),
        ('{"prompt": "x", "env": ["A"]}', 'line 1: env cannot be ["A"]', "object of texts"),
        ('{"prompt": "x", "after": "y"}', 'line 1: after cannot be "y"', "list of texts"),
        ('{"prompt": "x", "after": ["\\ud800"]}', "line 1: after is not UTF-8", "UTF-8"),
        ('{"prompt": "x", "priority": "high"}', 'priority cannot be "high"', "whole number"),
        ('{"prompt": "x", "priority": true}', "priority cannot be true", "whole number"),
        ('{"prompt": "x", "priority": 1.5}', "priority cannot be 1.5", "whole number"),
        ('{"prompt": "x", "priority": 1e400}', "priority cannot be", "whole number"),
        ('{"prompt": "x", "priority": 2147483648}', "out of range", "-2147483648 to 2147483647"),
        ('{"prompt": "x", "timeout": true}', "timeout cannot be true", "seconds"),
        ('{"prompt": "x", "timeout": []}', "timeout cannot be []", "seconds"),
        ('{"prompt": "x", "retries": -1}', "retries -1 is out of range", "0 to 100"),
        ('{"prompt": "x", "retries": "3"}', 'retries cannot be "3"', "whole number"),
        ('{"prompt": "x", "idle": false}', "idle cannot be false", "seconds"),
        ('{"prompt": "x", "on_limit": "stop"}', 'on_limit cannot be "stop"', "wait, ask or fail"),
        ('{"prompt": "x", "ignore_reserve": 1}', "ignore_reserve cannot be 1", "true or false"),
        ('{"prompt": "x", "memory": 512}', "memory cannot be 512", "text"),
        ('{"prompt": "x", "cpus": "2"}', 'cpus cannot be "2"', "a number is accepted"),
        ('{"prompt": "x", "label": " "}', "line 1: label is empty", "leave it out"),
        ('{"prompt": "x", "label": "%s"}' % ("y" * 201), "label is too long", "at most 200"),
        ('{"prompt": "x", "agent": ""}', "line 1: agent is empty", "leave it out"),
    ],
)
def test_a_bad_line_is_refused_with_what_is_accepted(
    line: str, message: str, accepted: str
) -> None:
    with pytest.raises(BadInput) as caught:
        parse_lines([line])
    assert message in caught.value.message
    assert accepted in caught.value.hint
    assert len(caught.value.message) < 300


def test_the_number_of_a_bad_line_counts_empty_ones() -> None:
    with pytest.raises(BadInput, match="line 3: prompt is missing"):
        parse_lines(['{"prompt": "x"}', "", "{}"])
