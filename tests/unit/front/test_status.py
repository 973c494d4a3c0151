"""What `list`, `status` and the monitor say of requests."""

from __future__ import annotations

from ccpar_hybrid.front.cli.status import asking_words, with_request


def test_nothing_is_said_where_nobody_asks() -> None:
    assert asking_words(0) == ""
    assert with_request("make", ()) == "make"


def test_requests_are_counted_with_where_they_are() -> None:
    assert asking_words(1) == "1 request waits for your answer: ccpar-hybrid approvals list"
    assert asking_words(2).startswith("2 requests wait for")


def test_the_oldest_request_is_named_where_its_agent_waits() -> None:
    ids = ("3f2a91bc" * 4, "a" * 32, "b" * 32)
    assert with_request("make", ids[:1]) == "[3f2a91bc] make"
    assert with_request("make", ids) == "[3f2a91bc and 2 more] make"
