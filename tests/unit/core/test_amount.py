from __future__ import annotations

import pytest

from ccpar_hybrid.core.amount import cores, mebibytes, written
from ccpar_hybrid.core.errors import BadInput


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("512M", 512),
        ("2G", 2048),
        ("2g", 2048),
        (" 1.5GiB ", 1536),
        ("16 MB", 16),
        ("0.25 T", 1 << 18),
        ("1024Ti", 1 << 30),
    ],
)
def test_memory_is_read_with_its_unit(text: str, mib: int) -> None:
    assert mebibytes(text) == mib


@pytest.mark.parametrize(
    "text", ["", "512", "2 bytes", "G", "-1G", "1e3M", "15M", "1025T", "2GG", "nan", "9" * 400]
)
def test_any_other_amount_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        mebibytes(text)
    assert "512M, 2G" in refused.value.hint
    assert len(refused.value.message) < 100


@pytest.mark.parametrize("number", [0.1, 1.5, 1024])
def test_cores_may_be_parts(number: float) -> None:
    assert cores(number) == number


@pytest.mark.parametrize("number", [0, -1, 0.05, 1025, float("nan"), float("inf")])
def test_no_core_and_too_many_are_refused(number: float) -> None:
    with pytest.raises(BadInput):
        cores(number)


@pytest.mark.parametrize(
    ("mib", "text"), [(512, "512 MiB"), (2048, "2 GiB"), (2355, "2.3 GiB"), (0.4, "0 MiB")]
)
def test_an_amount_is_written_for_people(mib: float, text: str) -> None:
    assert written(mib) == text
