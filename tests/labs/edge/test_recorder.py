"""Calls through the edge are written in batches; who asks for all of them gets those under way too."""

import asyncio
from typing import Any

import pytest
from django.db import DataError

from catalogue.labs.edge import recorder
from catalogue.labs.edge.recorder import Call, Recorder


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


@pytest.mark.django_db(transaction=True)
def test_one_call_that_the_database_does_not_take_does_not_hold_back_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = recorder._write
    written: list[str] = []

    def write(calls: list[Call], *rest: Any) -> None:
        if any(call.path == "/bad" for call in calls):
            raise DataError("a character that it does not take")
        real(calls, *rest)
        written.extend(call.path for call in calls)

    monkeypatch.setattr(recorder, "_write", write)

    async def scenario() -> None:
        kept = Recorder()
        for path in ("/one", "/bad", "/two", "/bad", "/three"):
            kept.add(Call("lab", "trace", "GET", path, 200, 1.0, 0.0))
        await kept.flush()
        await kept.flush()

    asyncio.run(scenario())
    assert written == ["/one", "/two", "/three"]
    assert caplog.text.count("A call could not be recorded") == 1


def test_a_listener_hears_of_a_call_at_once_and_again_when_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []

    class Ear:
        def hurry(self, lab_id: str) -> None:
            heard.append(lab_id)

        def calls_recorded(self) -> None:
            heard.append("recorded")

    async def in_database(*args: Any) -> None:
        heard.append("written")

    monkeypatch.setattr(recorder, "in_database", in_database)

    async def scenario() -> None:
        kept = Recorder(Ear())
        kept.add(Call("a-lab", "trace", "GET", "/", 200, 1.0, 0.0))
        await kept.flush()

    asyncio.run(scenario())
    assert heard == ["a-lab", "written", "recorded"]
