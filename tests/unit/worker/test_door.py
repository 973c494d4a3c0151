"""The worker's socket, without a worker."""

import asyncio
from pathlib import Path

from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.door import Door
from ccpar_hybrid.worker.wire import Message


def test_a_request_that_the_end_of_the_worker_cuts_short_is_no_error(home: Path) -> None:
    told: list[object] = []

    async def leave_with_a_visitor() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        asked: asyncio.Future[asyncio.Task[object] | None] = asyncio.Future()

        async def answer(message: Message) -> Message:
            asked.set_result(asyncio.current_task())
            return await asyncio.Future()

        door = Door(str(home / "r" / "w"), answer)
        await door.open()
        reader, writer = await asyncio.open_unix_connection(home / "r" / "w")
        writer.write(wire.encode({"type": wire.STATUS}))
        visit = await asked
        assert visit
        visit.cancel()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        await door.close()

    asyncio.run(leave_with_a_visitor())
    assert told == []
