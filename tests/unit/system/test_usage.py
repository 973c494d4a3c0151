from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.system import usage
from ccpar_hybrid.system.usage import proportional, resident

MIB = 1 << 20
_FORKED = """
import os, sys
block = bytearray(b"x" * (100 << 20))
child = os.fork()
if child:
    print(child, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def pair() -> Iterator[list[int]]:
    """A process with 100 MiB, and its child that shares them."""
    with subprocess.Popen(
        [sys.executable, "-c", _FORKED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        yield [parent.pid, int(parent.stdout.readline())]
        parent.communicate("")


def test_shared_pages_count_for_each_that_has_them(pair: list[int]) -> None:
    held = resident(pair)
    assert [one.pid for one in held] == pair
    assert sum(one.bytes for one in held) > 200 * MIB


def test_shared_pages_are_divided(pair: list[int]) -> None:
    total = sum(one.bytes for one in proportional(pair))
    assert 100 * MIB < total < 150 * MIB


def test_a_process_has_its_name(pair: list[int]) -> None:
    assert resident(pair)[0].name.startswith("python")


def test_what_has_ended_is_left_out() -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait(timeout=10)
    assert [one.pid for one in resident([ended.pid, os.getpid()])] == [os.getpid()]


def test_elsewhere_ps_is_asked(tmp_path: Path) -> None:
    (held,) = resident([os.getpid()], proc=tmp_path)
    assert held.bytes > MIB
    assert held.name
    assert usage.resident([], proc=tmp_path) == []
