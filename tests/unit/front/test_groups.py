"""How `setup` reads numbers and groups."""

import pytest

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.front.cli.session import DEMO_WORKERS, read_groups


@pytest.mark.parametrize(
    ("workers", "given", "groups"),
    [
        (None, [], None),
        ("6", [], {"default": 6}),
        ("demo", [], {"default": DEMO_WORKERS}),
        (None, ["a=3", "b=5"], {"a": 3, "b": 5}),
        ("4", ["a"], {"a": 4}),
        (None, ["a"], {"a": 1}),
        (None, ["a=b=2"], {"a=b": 2}),
    ],
)
def test_groups_are_read(
    workers: str | None, given: list[str], groups: dict[str, int] | None
) -> None:
    assert read_groups(workers, given, "default") == groups


@pytest.mark.parametrize(
    ("workers", "given"),
    [
        ("0", []),
        ("-1", []),
        ("x", []),
        ("", []),
        ("1.5", []),
        ("٣", []),
        (None, ["a=0"]),
        (None, ["a="]),
        (None, ["=3"]),
        (None, ["a=1", "a=2"]),
        ("3", ["a=2"]),
        ("3", ["a", "b"]),
    ],
)
def test_bad_numbers_are_refused(workers: str | None, given: list[str]) -> None:
    with pytest.raises(BadInput):
        read_groups(workers, given, "default")
