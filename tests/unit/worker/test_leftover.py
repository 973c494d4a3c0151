"""What a killed worker left in the runtime directory goes, and what is held stays."""

import asyncio
from pathlib import Path

import pytest

from ccpar_hybrid.system.paths import Paths, make_private, resolve
from ccpar_hybrid.worker.lease import lease
from ccpar_hybrid.worker.leftover import sweep


@pytest.fixture
def paths(environment: dict[str, str]) -> Paths:
    found = resolve(environment)
    make_private(found.runtime)
    for key in ("tdead", "tlives"):
        for file in (Path(found.lease(key)), Path(found.run_socket(key))):
            make_private(str(file.parent))
            file.touch()
    Path(found.run_socket("tbegan") + "~").touch()
    return found


def names(paths: Paths) -> list[str]:
    runtime = Path(paths.runtime)
    return sorted(str(file.relative_to(runtime)) for file in runtime.glob("[lr]/*"))


def test_a_sweep_removes_what_nobody_holds(paths: Paths) -> None:
    with lease(paths, "tlives"):
        asyncio.run(sweep(paths, 0.1))
        assert names(paths) == ["l/tlives", "r/tlives"]
    asyncio.run(sweep(paths, 0.1))
    assert names(paths) == []


def test_a_sweep_of_nothing_is_no_error(environment: dict[str, str]) -> None:
    asyncio.run(sweep(resolve(environment), 0.1))
