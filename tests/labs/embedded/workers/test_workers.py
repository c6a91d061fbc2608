"""Live workers are bounded: the one that was idle longest makes room, and its function's next call is cold."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process
from catalogue.labs.embedded.workers.workers import take_surplus
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.models import Status
from catalogue.patterns.content.pattern import Pattern
from tests.labs.conftest import run
from tests.labs.lifecycle.test_services import workers


def worker(last_used: float, *, in_use: bool = False, runs: bool = True) -> Any:
    alive = SimpleNamespace(poll=lambda: None)
    return SimpleNamespace(last_used=last_used, in_use=in_use, _proc=alive if runs else None)


def test_the_longest_idle_are_taken_and_never_one_in_use() -> None:
    old_but_busy, old, young, dead = worker(1, in_use=True), worker(2), worker(3), worker(0, runs=False)
    pools = {"a": [old_but_busy, young], "b": [old, dead]}
    assert take_surplus(pools, 3) == []
    assert take_surplus(pools, 2) == [old]
    assert take_surplus(pools, 1) == [young]
    assert take_surplus(pools, 0) == []
    assert pools == {"a": [old_but_busy], "b": [dead]}


@pytest.mark.lab
@pytest.mark.django_db(transaction=True)
def test_no_more_workers_live_than_allowed_and_every_lab_still_answers(
    postbox: Pattern, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABS_LIVE_WORKERS = 3
    with process.running() as own:
        monkeypatch.setenv("EMBEDDED_AWS_URL", own.url)
        labs = [services.create_lab(postbox, digest(str(number))).lab for number in range(5)]
        assert {lab.status for lab in labs} == {Status.READY}
        seen: list[int] = []

        async def calls_of(number: int) -> int:
            answer = await call_edge(labs[number].pk, "GET", "/look", {})
            seen.append(await asyncio.to_thread(workers, own))
            assert answer.status == 200
            return int(answer.parsed["calls"])

        async def scenario() -> None:
            for number in range(5):
                assert await calls_of(number) == 1
            assert [await calls_of(number) for number in (4, 3, 2)] == [2, 2, 2], "the last three are still warm"
            assert await calls_of(0) == 1, "the first made room and is cold"
            assert await calls_of(4) == 1, "and it took the place of the one idle longest"
            assert await calls_of(2) == 3
            await asyncio.gather(*(call_edge(lab.pk, "GET", "/slow?seconds=0.2", {}) for lab in labs))
            seen.append(await asyncio.to_thread(workers, own))

        run(scenario())
        assert max(seen) <= 3
        assert own.alive()
