"""A process ends at the point that a test has named, once."""

import signal
import subprocess
import sys
from pathlib import Path

from ccpar_hybrid.system.fault import VARIABLE, reach

_WALK = """\
from ccpar_hybrid.system.fault import reach
reach('a')
print('past a', flush=True)
reach('b')
"""


def walk(value: str) -> tuple[int, str]:
    """The exit code of a process that passes two points, and what it says on its way."""
    done = subprocess.run(
        [sys.executable, "-c", _WALK], env={VARIABLE: value}, capture_output=True, text=True
    )
    return done.returncode, done.stdout.strip()


def test_a_process_ends_at_the_named_point_and_the_next_one_goes_past_it(home: Path) -> None:
    file = home / "armed"
    file.touch()
    assert walk(f"b:{file}") == (-signal.SIGKILL, "past a")
    assert not file.exists()
    assert walk(f"b:{file}") == (0, "past a")


def test_a_star_means_every_point_that_has_a_file_of_its_own(home: Path) -> None:
    Path(home, "armed.a").touch()
    Path(home, "armed.b").touch()
    assert walk(f"*:{home}/armed") == (-signal.SIGKILL, "")
    assert walk(f"*:{home}/armed") == (-signal.SIGKILL, "past a")
    assert walk(f"*:{home}/armed") == (0, "past a")


def test_without_the_variable_nothing_happens() -> None:
    reach("a")
