"""What can be kept of a tool input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccpar_hybrid.core.decision import keepable


def test_what_json_has_words_for_is_kept_as_it_is() -> None:
    given: dict[str, Any] = {"command": "ls\0 ä", "n": [1, 2.5, None, True, {"a": {}}]}
    assert keepable(given) == given


@pytest.mark.parametrize(
    "odd", ["\ud800", float("nan"), float("inf"), {"\udfff": 1}, [["\ud800"]], {1: 2}, {3}]
)
def test_what_it_has_no_words_for_is_written_out_and_is_seen_to_differ(odd: Any) -> None:
    given = {"value": odd}
    kept = keepable(given)
    assert kept != given
    json.dumps(kept, allow_nan=False).encode("utf-8")
    json.dumps(kept, ensure_ascii=False).encode("utf-8")


def test_what_is_nested_without_end_is_cut() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert len(json.dumps(keepable(deep))) < 2000
