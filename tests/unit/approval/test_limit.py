"""When a person is asked though a rule allows it."""

from __future__ import annotations

from ccpar_hybrid.approval.limit import excess, is_alike
from ccpar_hybrid.core.decision import Approval
from tests.support.approval import ALLOWED, make_answer, make_request


def allowed(command: str) -> Approval:
    return Approval(request=make_request(command), ruling=ALLOWED, answer=make_answer())


def test_nothing_is_too_much_below_both_limits() -> None:
    earlier = [allowed("ls"), allowed("ls"), allowed("pwd")]
    assert excess(make_request("ls"), earlier, most=4, most_alike=3) == ""


def test_the_same_again_and_again_is_for_a_person() -> None:
    earlier = [allowed("ls"), allowed("ls"), allowed("pwd"), allowed("ls")]
    assert "2 times in a row" in excess(make_request("ls"), earlier, most=9, most_alike=2)
    assert excess(make_request("pwd"), earlier, most=9, most_alike=2) == ""


def test_so_many_are_for_a_person_whatever_they_are() -> None:
    earlier = [allowed("ls"), allowed("pwd")]
    assert "2 requests" in excess(make_request("make"), earlier, most=2, most_alike=9)


def test_what_a_call_is_described_as_makes_it_no_other_one() -> None:
    one = make_request(input={"command": "ls", "description": "look"})
    other = make_request(input={"command": "ls", "description": "look again"})
    assert is_alike(one, other)
    assert not is_alike(one, make_request(input={"command": "ls", "timeout": 5}))
    assert not is_alike(one, make_request(input={"command": "ls"}, tool="PowerShell"))
