"""One lab's invocations wait for each other, and for no other lab's."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from catalogue.labs.embedded.calls.turns import Turns, waits
from tests.support.waiting import await_true


def test_so_many_of_one_lab_run_and_the_next_follow_in_their_order() -> None:
    order: list[int] = []
    most = 0
    running = 0

    async def invocation(turns: Turns, number: int) -> None:
        nonlocal most, running
        async with turns.of("lab"):
            order.append(number)
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.005)
            running -= 1

    async def scenario() -> None:
        turns = Turns(2, lambda pid: False)
        await asyncio.gather(*(invocation(turns, number) for number in range(10)))

    asyncio.run(scenario())
    assert most == 2
    assert order == list(range(10))


def test_another_lab_does_not_wait() -> None:
    async def scenario() -> None:
        turns = Turns(1, lambda pid: False)
        async with turns.of("busy"):
            waiting = asyncio.create_task(_once(turns, "busy"))
            await asyncio.wait_for(_once(turns, "quiet"), 5)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 60)

    asyncio.run(scenario())


def test_a_worker_that_waits_lets_the_next_one_start() -> None:
    async def scenario() -> None:
        turns = Turns(1, lambda pid: pid == 7)
        async with turns.of("lab") as sleeper:
            sleeper.pid = 7
            async with asyncio.timeout(5), turns.of("lab") as computing:
                computing.pid = 8
                third = asyncio.create_task(_once(turns, "lab"))
                await asyncio.sleep(0.05)
                assert not third.done()
            await asyncio.wait_for(third, 60)

    asyncio.run(scenario())


async def _once(turns: Turns, lab: str) -> None:
    async with turns.of(lab):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere every worker is taken for one that waits.")
def test_a_process_that_sleeps_waits_and_one_that_calculates_does_not() -> None:
    with running("import time; time.sleep(60)") as sleeper:
        await_true(lambda: waits(sleeper), 60)
    with running("while True: pass") as busy:
        await_true(lambda: not waits(busy), 60)
        assert not any(waits(busy) for _ in range(50))


@contextlib.contextmanager
def running(program: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            yield process.pid
        finally:
            process.kill()
