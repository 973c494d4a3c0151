"""Which offers a worker sees, and what it clears away."""

import asyncio
import os
import subprocess
from pathlib import Path

from ccpar_hybrid.system.paths import resolve
from ccpar_hybrid.worker.post import Post


def test_an_offer_whose_shim_died_before_it_listened_is_removed(
    environment: dict[str, str],
) -> None:
    paths = resolve(environment)
    gone = subprocess.Popen(["true"])
    gone.wait()
    begun, dead = f"1.{os.getpid()}~", f"2.{gone.pid}~"

    async def look() -> None:
        with Post(paths, "g", "w") as post:
            for name in (begun, dead):
                Path(paths.offers("g"), name).touch()
            claiming = asyncio.ensure_future(post.claim())
            await asyncio.sleep(0)
            claiming.cancel()

    asyncio.run(look())
    assert [file.name for file in Path(paths.offers("g")).iterdir()] == [begun]
