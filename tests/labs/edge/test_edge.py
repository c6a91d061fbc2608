"""The edge on real labs: what passes, what is refused, and that nothing but the lab's own endpoint is called."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge import application as edge_module
from catalogue.labs.edge.application import running_edge
from catalogue.labs.edge.client import call_edge
from catalogue.labs.edge.routes import Route
from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.limits import TokenBucket
from catalogue.labs.models import EdgeCall, Lab, Status
from tests.labs.conftest import run

pytestmark = pytest.mark.django_db(transaction=True)

LAB = "A" * 22
"""A lab without a row: its route is put into the edge by hand, and nothing of it is recorded."""


def call(lab_id: str, method: str = "GET", path: str = "/look", **options: Any) -> StepAnswer:
    return run(call_edge(lab_id, method, path, options.pop("headers", {}), **options))


@dataclass
class Upstream:
    """A server in the place of a lab's API; it keeps what it was sent."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Callable[[], web.Response] = lambda: web.Response(text="ok")
    delay: float = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.method, request.raw_path, headers, await request.content.read()))
        await asyncio.sleep(self.delay)
        return self.answer()


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """An upstream that the lab `LAB` leads to."""
    double = Upstream()
    server = web.Server(double.handle)
    runner = web.ServerRunner(server, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    double.url = f"http://{host}:{port}/_aws/execute-api/api/live"
    route = Route(LAB, Status.READY, "", double.url, "b", None, time.monotonic() + 3600)
    running_edge().routes._keep(LAB, route)
    try:
        yield double
    finally:
        await runner.cleanup()


def test_method_path_query_headers_and_body_arrive_as_they_were_sent() -> None:
    async def scenario() -> None:
        async with upstream() as double:
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                await call_edge(LAB, method, "/a%2Fb//c;d?x=%20&x=2&e", {"X-Own": "ü", "accept": "text/*"}, text="bö")
            for method, path, headers, body in double.requests:
                assert path == "/_aws/execute-api/api/live/a%2Fb//c;d?x=%20&x=2&e", method
                assert headers["x-own"] == "ü"
                assert headers["accept"] == "text/*"
                assert headers["x-amzn-trace-id"].startswith("Root=1-")
                assert not {"user-agent", "accept-encoding", "cookie"} & headers.keys()
                assert body == "bö".encode()
            assert len(double.requests) == 6

    run(scenario())


def test_an_answer_too_large_for_lambda_is_a_502() -> None:
    async def scenario() -> None:
        async with upstream() as double:
            double.answer = lambda: web.Response(body=b"x" * edge_module.MOST_BYTES_OUT)
            assert len((await call_edge(LAB, "GET", "/", {})).body) == edge_module.MOST_BYTES_OUT
            double.answer = lambda: web.Response(body=b"x" * (edge_module.MOST_BYTES_OUT + 1))
            refused = await call_edge(LAB, "GET", "/", {})
            assert (refused.status, refused.parsed["title"]) == (502, "Response too large")

    run(scenario())


@pytest.mark.ledger("gateway-validator", "payload-size")
def test_a_body_too_large_for_the_gateway_is_a_413() -> None:
    async def scenario() -> None:
        async with upstream() as double:
            most = "x" * edge_module.MOST_BYTES_IN
            assert (await call_edge(LAB, "POST", "/", {}, text=most)).status == 200
            assert (await call_edge(LAB, "POST", "/", {}, text=most + "x")).status == 413
            lying = {"content-length": str(edge_module.MOST_BYTES_IN + 1)}
            assert (await call_edge(LAB, "POST", "/", lying, text="")).status == 413
            assert len(double.requests) == 1

    run(scenario())


@pytest.mark.ledger("function-as-a-web-service", "gateway-timeout")
@pytest.mark.ledger("asynchronous-request-reply", "patience")
def test_a_lab_that_does_not_answer_in_time_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "LONGEST_SECONDS", 0.2)

    async def scenario() -> None:
        async with upstream() as double:
            double.delay = 5
            answer = await call_edge(LAB, "GET", "/", {})
            assert answer.status == 504

    run(scenario())


def test_past_the_rate_comes_429_with_when_to_come_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LABS_REQUESTS_PER_SECOND = 1
    settings.LABS_BURST = 3
    take = TokenBucket.take
    monkeypatch.setattr(TokenBucket, "take", lambda bucket: take(bucket, bucket._at))  # time stands still

    async def scenario() -> None:
        async with upstream() as double:
            answers = [await call_edge(LAB, "GET", "/", {}) for _ in range(5)]
            assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
            assert answers[-1].headers["retry-after"] == "1"
            assert answers[-1].headers["content-type"] == "application/problem+json"
            assert len(double.requests) == 3

    run(scenario())


def test_a_preflight_is_answered_without_calling_the_lab() -> None:
    async def scenario() -> None:
        async with upstream() as double:
            asking = {
                "origin": "https://shop.example",
                "access-control-request-method": "PUT",
                "access-control-request-headers": "content-type, x-own",
            }
            answer = await call_edge(LAB, "OPTIONS", "/orders", asking)
            assert answer.status == 204
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "PUT" in answer.headers["access-control-allow-methods"]
            assert answer.headers["access-control-allow-headers"] == "content-type, x-own"
            assert double.requests == []

    run(scenario())


def test_redirects_are_passed_on_and_not_followed() -> None:
    async def scenario() -> None:
        async with upstream() as double:
            double.answer = lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/secret"})
            answer = await call_edge(LAB, "GET", "/", {})
            assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:9/secret")
            assert len(double.requests) == 1

    run(scenario())


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    tail=st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [
                "/..%2f..%2fx",
                "//evil.example/",
                "/@evil.example",
                "http://evil.example/",
                "/%0d%0aHost:%20x",
                "/?\r\nX: y",
            ]
        ),
    ),
    method=st.sampled_from(["GET", "POST", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get"]),
    headers=st.dictionaries(
        st.sampled_from(["host", "x-forwarded-host", "te", "x-a", "range"]), st.text(max_size=20), max_size=3
    ),
)
def test_no_request_makes_the_edge_call_elsewhere_or_fail(tail: str, method: str, headers: dict[str, str]) -> None:
    async def scenario() -> None:
        async with upstream() as double:
            answer = await call_edge(LAB, method, tail, headers)
            assert answer.status in (200, 400, 404, 405)
            for _, path, sent, _ in double.requests:
                assert path.startswith("/_aws/execute-api/api/live")
                assert sent["host"] == double.url.split("/")[2]

    run(scenario())


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("lab_id", ["", "x", "..", "A" * 22, "A" * 500, "%41" * 7, "ü" * 10])
def test_an_unknown_lab_is_a_404(lab_id: str) -> None:
    answer = call(lab_id)
    assert (answer.status, answer.headers["content-type"]) in [
        (404, "application/problem+json"),
        (400, "application/problem+json"),
    ]


def test_a_lab_answers_through_its_endpoint(lab: Lab) -> None:
    answer = call(lab.pk, "POST", "/look?a=1", json_body={"b": 2}, headers={"Authorization": "AWS4-HMAC-SHA256 x"})
    assert answer.status == 200
    event = answer.parsed["event"]
    assert (event["httpMethod"], event["path"], event["body"]) == ("POST", "/look", '{"b": 2}')
    assert event["queryStringParameters"] == {"a": "1"}
    assert answer.headers["x-amzn-trace-id"] == answer.parsed["headers"]["x-amzn-trace-id"]
    assert "authorization" not in answer.parsed["headers"]


def test_an_unhandled_error_is_a_502_that_tells_nothing(lab: Lab) -> None:
    answer = call(lab.pk, "GET", "/fail")
    assert (answer.status, answer.parsed) == (502, {"message": "Internal server error"})


def test_a_page_of_a_lab_is_sandboxed_and_sets_no_cookie(lab: Lab) -> None:
    answer = call(lab.pk, "GET", "/page")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert "set-cookie" not in answer.headers


def test_a_location_of_the_stage_leads_back_to_the_endpoint(lab: Lab) -> None:
    async def scenario() -> tuple[StepAnswer, StepAnswer]:
        moved = await call_edge(lab.pk, "GET", "/moved", {})
        return moved, await call_edge(lab.pk, "GET", moved.headers["location"], {})

    moved, followed = run(scenario())
    assert (moved.status, moved.headers["location"]) == (303, f"/live/{lab.pk}/letters/1")
    assert followed.parsed["event"]["path"] == "/letters/1"


def test_each_call_is_recorded_with_its_trace(lab: Lab) -> None:
    answer = call(lab.pk, "GET", "/look?a=1")
    (recorded,) = EdgeCall.objects.filter(lab=lab)
    assert (recorded.method, recorded.path, recorded.status) == ("GET", "/look?a=1", 200)
    assert answer.headers["x-amzn-trace-id"] == f"Root={recorded.trace}"
    assert abs(recorded.at - time.time()) < 60
    assert recorded.ms > 0


def test_a_call_keeps_its_lab_in_use(lab: Lab) -> None:
    before = Lab.objects.get(pk=lab.pk).used_at
    call(lab.pk)
    assert Lab.objects.get(pk=lab.pk).used_at > before


def test_a_deleted_lab_is_a_410_with_the_reason(lab: Lab) -> None:
    services.delete_lab(lab)
    answer = call(lab.pk)
    assert (answer.status, answer.parsed["detail"]) == (410, "You deleted it.")


def test_a_lab_still_deploying_asks_to_come_back(lab: Lab, settings: Settings) -> None:
    Lab.objects.filter(pk=lab.pk).update(status=Status.DEPLOYING, claimed_until=lab.expires_at)
    answer = call(lab.pk)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_a_lab_of_another_boot_is_gone_on_the_first_call(lab: Lab) -> None:
    """The route is known and still fresh when the emulator is started anew: its answer tells."""

    async def scenario() -> StepAnswer:
        route = await running_edge().routes.find(lab.pk)
        assert route is not None
        route.boot_id = "another"
        return await call_edge(lab.pk, "GET", "/look", {})

    answer = run(scenario())
    assert answer.status == 410
    assert "restarted" in answer.parsed["detail"]
    assert Lab.objects.get(pk=lab.pk).status == Status.GONE


def test_while_aws_is_away_the_edge_says_when_to_come_back(
    content: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalogue.patterns.content.pattern import load_pattern

    with process.running() as own:
        monkeypatch.setenv("EMBEDDED_AWS_URL", own.url)
        lab = services.create_lab(load_pattern(content / "postbox"), "somebody").lab
        assert lab.status == Status.READY

        async def scenario() -> tuple[StepAnswer, StepAnswer]:
            before = await call_edge(lab.pk, "GET", "/look", {})
            await asyncio.to_thread(own.stop)
            return before, await call_edge(lab.pk, "GET", "/look", {})

        before, after = run(scenario())
        assert before.status == 200
        assert (after.status, after.headers["retry-after"]) == (503, "2")
        with process.running(own.port):
            time.sleep(0.6)  # the boot id is kept for half a second
            assert call(lab.pk).status == 410
    assert "restarted" in json.dumps(Lab.objects.get(pk=lab.pk).reason)
