"""API Gateway's own limits and the site's, gone past on a real lab."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from asgiref.typing import HTTPScope
from pytest_django import Settings

from catalogue.labs.edge import application as edge_module
from catalogue.labs.edge.application import edge, running_edge
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle.limits import TokenBucket
from catalogue.labs.models import Lab
from tests.labs.conftest import run

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]

MB = 1024 * 1024


@contextmanager
def patience(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    """API Gateway's 29 seconds, made short."""
    assert edge_module.LONGEST_SECONDS == 29
    with monkeypatch.context() as changed:
        changed.setattr(edge_module, "LONGEST_SECONDS", seconds)
        yield


def test_an_answer_of_6_mb_passes_and_one_byte_more_is_a_502(lab: Lab) -> None:
    async def scenario() -> None:
        most = await call_edge(lab.pk, "GET", f"/big?bytes={6 * MB}", {})
        assert (most.status, len(most.body)) == (200, 6 * MB)
        beyond = await call_edge(lab.pk, "GET", f"/big?bytes={6 * MB + 1}", {})
        assert (beyond.status, beyond.parsed["title"]) == (502, "Response too large")
        assert (await call_edge(lab.pk, "GET", "/look", {})).status == 200

    run(scenario())


def test_a_body_of_10_mb_passes_the_edge_and_one_byte_more_is_its_413(lab: Lab) -> None:
    async def scenario() -> None:
        assert (await call_edge(lab.pk, "POST", "/big?bytes=1", {}, text="x" * 5 * MB)).status == 200
        most = await call_edge(lab.pk, "POST", "/big?bytes=1", {}, text="x" * 10 * MB)
        assert (most.status, most.parsed["message"]) == (413, "Request Too Long"), "Lambda's: its event is over 6 MB"
        beyond = await call_edge(lab.pk, "POST", "/big?bytes=1", {}, text="x" * (10 * MB + 1))
        assert (beyond.status, beyond.headers["content-type"]) == (413, "application/problem+json")

    run(scenario())


def test_headers_beyond_10240_bytes_are_a_431(lab: Lab) -> None:
    async def scenario() -> None:
        assert (await call_edge(lab.pk, "GET", "/look", {"X-Long": "x" * 10_000})).status == 200
        assert (await call_edge(lab.pk, "GET", "/look", {"X-Long": "x" * 10_300})).status == 431
        assert (await call_edge(lab.pk, "GET", "/look?" + "x" * 10_300, {})).status == 431

    run(scenario())


def test_a_function_that_takes_longer_than_the_gateway_waits_is_a_504(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        assert (await call_edge(lab.pk, "GET", "/look", {})).status == 200
        with patience(monkeypatch, 1.5):
            started = time.monotonic()
            late = await call_edge(lab.pk, "GET", "/slow?seconds=9", {})
            assert (late.status, late.parsed["title"]) == (504, "Gateway Timeout")
            assert 1.4 <= time.monotonic() - started < 9, "it waited for the function"

    run(scenario())


def test_a_body_that_does_not_arrive_is_given_up(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> int:
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"/live/{lab.pk}/look",
            "raw_path": f"/live/{lab.pk}/look".encode(),
            "query_string": b"",
            "headers": [(b"content-length", b"10")],
        }
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        with patience(monkeypatch, 0.3):
            await edge(cast("HTTPScope", scope), receive, send)
        return int(sent[0]["status"])

    assert run(scenario()) == 408


def test_past_the_rate_of_a_lab_comes_429_and_another_lab_does_not_notice(
    lab: Lab, deploy: Any, postbox: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = deploy(postbox, "another")
    assert (settings.LABS_REQUESTS_PER_SECOND, settings.LABS_BURST) == (20, 100)
    settings.LABS_REQUESTS_PER_SECOND, settings.LABS_BURST = 2, 6

    take = TokenBucket.take
    monkeypatch.setattr(TokenBucket, "take", lambda bucket: take(bucket, bucket._at))  # time stands still

    async def scenario() -> None:
        answers = [await call_edge(lab.pk, "GET", "/big?bytes=1", {}) for _ in range(9)]
        refused = [answer for answer in answers if answer.status == 429]
        assert [answer.status for answer in answers] == [200] * 6 + [429] * 3
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert (await call_edge(other.pk, "GET", "/look", {})).status == 200

    run(scenario())


def test_past_the_requests_under_way_comes_429_until_one_is_done(lab: Lab, settings: Settings) -> None:
    settings.LABS_REQUESTS_AT_ONCE = 2

    async def scenario() -> None:
        slow = [asyncio.create_task(call_edge(lab.pk, "GET", "/slow?seconds=4", {})) for _ in range(2)]
        async with asyncio.timeout(60):
            while running_edge().routes._under_way[lab.pk] < 2:
                await asyncio.sleep(0.01)
        refused = await call_edge(lab.pk, "GET", "/look", {})
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
        assert json.loads(refused.body)["detail"].startswith("This lab has reached its limit of concurrent requests")
        assert {answer.status for answer in await asyncio.gather(*slow)} == {200}
        assert (await call_edge(lab.pk, "GET", "/look", {})).status == 200

    run(scenario())
