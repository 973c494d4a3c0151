"""The reckoning of what was asked sees what it is there for: each violation is planted once."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.chaos.asking import (
    ASK,
    MAY,
    NOT,
    POLICY,
    asking_chores,
    command_of,
    is_meant,
    lay_out,
    name_of,
    ran,
)
from tests.chaos.asking_checker import Asked, check_asked
from tests.chaos.checker import Claim
from tests.support.policy import Project

KEY = "tfirstaaa"
ALLOWED = Asked("0" * 32, KEY, 1, "may-c1-00", "allow", "allow", "policy", "answered")
DENIED = replace(ALLOWED, name="not-c1-00", ruling="deny", decision="deny")
LEFT = replace(ALLOWED, name="ask-c1-00", ruling="ask", by="person")


def wrong(
    *asked: Asked,
    state: str = "succeeded",
    attempts: int = 1,
    pressed: tuple[str, ...] = (),
    **ran: list[int],
) -> list[str]:
    """What is found where these were asked and these ran; `may` is the call of that name."""
    named = {f"{kind.rstrip('_')}-c1-00": times for kind, times in ran.items()}
    claim = Claim(KEY, "c1", state, "", (), attempts, 25e-9)
    keys = frozenset((KEY, 1, f"{kind}-c1-00") for kind in pressed)
    return [
        each.partition(": ")[2].partition(": [")[0]
        for each in check_asked(named, asked, [claim], keys)
    ]


def test_all_is_well_where_each_was_carried_out_as_it_was_decided() -> None:
    assert wrong(ALLOWED, DENIED, LEFT, may=[1], ask=[1]) == []
    assert wrong(replace(LEFT, decision="deny")) == []


def test_each_attempt_asks_anew() -> None:
    again = replace(ALLOWED, id="1" * 32, attempt=2)
    assert wrong(ALLOWED, again, attempts=2, may=[1, 2]) == []
    assert wrong(ALLOWED, attempts=2, may=[1, 2]) == ["was carried out, and nobody allowed it"]
    assert wrong(ALLOWED, again, attempts=2, may=[2, 1]) == ["ran after its attempt"]


def test_nothing_is_carried_out_twice_or_answered_twice() -> None:
    twice = replace(ALLOWED, id="1" * 32)
    assert wrong(ALLOWED, may=[1, 1]) == ["was carried out 2 times"]
    assert wrong(ALLOWED, twice, may=[1]) == ["was answered 2 times"]


@pytest.mark.parametrize("pressed", [(), ("not",)])
def test_nothing_denied_is_carried_out(pressed: tuple[str, ...]) -> None:
    found = wrong(replace(DENIED, decision="allow"), pressed=pressed, not_=[1])
    assert found == [
        "was denied by the policy and allowed by policy",
        "was carried out against the policy",
    ]


def test_nothing_is_carried_out_that_nobody_has_allowed() -> None:
    nobody = replace(LEFT, decision=None, by=None, end="gone")
    said = ["was carried out, and nobody allowed it"]
    assert wrong(nobody, ask=[1]) == said
    assert wrong(replace(LEFT, decision="deny"), ask=[1]) == said
    assert wrong(ask=[1]) == said
    assert wrong(nobody, ask=[1], pressed=("ask",)) == []


def test_nothing_allowed_is_left_hanging() -> None:
    assert wrong(ALLOWED) == ["was allowed, and not carried out"]
    assert wrong(ALLOWED, state="cancelled") == []
    assert wrong(ALLOWED, attempts=2) == []
    assert wrong(replace(LEFT, decision=None, by=None, end=None)) == ["stands, decided None"]


def test_the_policy_decides_what_it_is_to_decide() -> None:
    assert wrong(replace(LEFT, by="policy"), ask=[1]) == [
        "was left to a person and decided by the policy"
    ]
    assert wrong(replace(ALLOWED, ruling="deny", decision="deny")) == ["the policy said deny"]
    assert wrong(replace(LEFT, ruling="allow"), ask=[1]) == ["the policy said allow"]


def test_what_ran_is_known_by_the_names_of_its_files(home: Path) -> None:
    (home / "may-p1-c1-00.ran").write_text("1\n2\n")
    assert ran(home) == {"may-p1-c1-00": [1, 2]}
    assert name_of(command_of({"command": "sh may.sh p1-c1-00"})) == "may-p1-c1-00"
    assert name_of(command_of({"shown": "sh ask.sh p1-c1-00"})) == "ask-p1-c1-00"
    assert name_of("sh trace.sh p1-c1 begin") == ""


def test_a_person_is_free_only_where_it_does_not_matter() -> None:
    told = [is_meant(f"sh {kind}.sh c1-00") for kind in (MAY, ASK, NOT, "trace", "other")]
    assert told == [None, None, False, True, None]


def test_the_policy_of_the_storms_says_what_the_names_say(home: Path) -> None:
    project = Project(home, POLICY)
    lay_out(project.directory)
    said = {kind: project.bash(f"sh {kind}.sh c1-00") for kind in (MAY, NOT, ASK, "trace")}
    assert said == {MAY: "allow", NOT: "deny", ASK: "ask", "trace": "allow"}


def test_the_chores_of_a_seed_are_always_the_same() -> None:
    first, second = (asking_chores(Random("a"), "c", 5, ("demo",)) for _ in range(2))
    assert [each.request() for each in first] == [each.request() for each in second]
    kinds = {kind for each in first for turn in each.turns for kind in turn}
    assert kinds == {MAY, NOT, ASK}
