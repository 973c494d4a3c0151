"""What the name of an offer tells."""

import pytest

from ccpar_hybrid.worker.offer import Offer


@pytest.mark.parametrize(
    ("name", "pid", "version"),
    [
        ("00001795275687561661.4711.2", 4711, 2),
        ("00001795275687561661.4711.13", 4711, 13),
        ("00001795275687561661.4711", 4711, 1),
        ("stray", 0, 1),
        ("stray.file.name", 0, 1),
        ("", 0, 1),
    ],
)
def test_a_name_tells_the_shims_process_and_version(name: str, pid: int, version: int) -> None:
    assert (Offer.pid_of(name), Offer.wire_of(name)) == (pid, version)


def test_names_sort_by_time_whatever_the_version() -> None:
    names = ["00000000000000000003.1.2", "00000000000000000001.9.3", "00000000000000000002.5"]
    assert [name[19] for name in sorted(names)] == ["1", "2", "3"]
