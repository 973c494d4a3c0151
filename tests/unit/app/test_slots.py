"""Names of workers, which become parts of tmux targets and file names."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.app.session_record import SessionRecord
from ccpar_hybrid.app.slot import slots, wanted_slots


def names(groups: dict[str, int]) -> list[str]:
    return [slot.name for slot in slots(groups)]


def test_one_group_has_short_names() -> None:
    assert names({"subissues": 3}) == ["w1", "w2", "w3"]


def test_several_groups_stand_in_the_names() -> None:
    assert names({"frontend": 2, "back end": 1}) == ["frontend-1", "frontend-2", "back-end-1"]


def test_groups_that_would_be_called_alike_differ() -> None:
    assert names({"a/b": 1, "a:b": 1, "日本": 1, "語": 1}) == [
        "a-b-1",
        "a-b2-1",
        "group-1",
        "group2-1",
    ]


@given(st.dictionaries(st.text(), st.integers(1, 12), min_size=1, max_size=6))
def test_names_are_distinct_safe_and_of_their_group(groups: dict[str, int]) -> None:
    found = slots(groups)
    assert len({slot.name for slot in found}) == sum(groups.values())
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", slot.name) for slot in found)
    for group, count in groups.items():
        assert sum(slot.group == group for slot in found) == count


def test_workers_that_were_sent_away_are_not_wanted() -> None:
    record = SessionRecord(groups={"g": 3}, layout="auto", agent="claude", drained=("w2",))
    assert [slot.name for slot in wanted_slots(record)] == ["w1", "w3"]
