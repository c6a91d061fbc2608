"""Calls through the edge are written in batches; who asks for all of them gets those under way too."""

import asyncio
from typing import Any

import pytest

from catalogue.labs import recorder
from catalogue.labs.recorder import Call, Recorder


def test_a_flush_waits_for_the_batch_that_is_being_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Call] = []
    may_write = asyncio.Event()

    async def in_database(write: Any, calls: list[Call], *rest: Any) -> None:
        await may_write.wait()
        written.extend(calls)

    monkeypatch.setattr(recorder, "in_database", in_database)
    call = Call("lab", "trace", "GET", "/", 200, 1.0, 0.0)

    async def two_flushes() -> None:
        kept = Recorder()
        kept.add(call)
        under_way = asyncio.create_task(kept.flush())
        await asyncio.sleep(0)
        asked = asyncio.create_task(kept.flush())
        done, _ = await asyncio.wait([asked], timeout=0.05)
        assert not done, "it returned while a batch was still being written"
        may_write.set()
        await asyncio.gather(under_way, asked)

    asyncio.run(two_flushes())
    assert written == [call]
