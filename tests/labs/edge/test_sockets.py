"""WebSockets of a lab, over a real connection, through the web server's protocol and the edge."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import uvicorn
from pytest_django import Settings

from catalogue.labs.edge.application import running_edge
from catalogue.labs.edge.sockets import relay
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets import target_of
from catalogue.labs.watching import gauges
from catalogue.patterns.content.pattern import load_pattern
from catalogue.processes.server import configuration
from catalogue.web.front.limits import MOST_SOCKET_MESSAGE
from tests.labs.conftest import CONTENT, Deploy, run
from tests.support.waiting import await_true

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
WAIT = 60


@pytest.fixture
def chat(content: Any, deploy: Deploy) -> Lab:
    return deploy(load_pattern(CONTENT / "chat"))


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[str]:
    """The site's server on a port of its own, in the running loop: its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = configuration()
        config.timeout_graceful_shutdown = 5
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def connected(lab: Lab, path: str = "/", **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        served() as url,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/live/{lab.pk}{path}", **options) as ws,
    ):
        yield ws


async def refused(lab_id: str, path: str = "/", **options: Any) -> tuple[int, dict[str, Any], Any]:
    """Status, document and headers of the answer to a handshake that is refused."""
    key = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    key["Sec-WebSocket-Key"] = "AQIDBAUGBwgJCgsMDQ4PEA=="
    headers = {**key, **options.pop("headers", {})}
    async with (
        served() as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/live/{lab_id}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.json(content_type=None), answer.headers


async def said(ws: aiohttp.ClientWebSocketResponse) -> Any:
    return await ws.receive_json(timeout=WAIT)


async def closed(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    """The code with which the other side closes."""
    message = await ws.receive(timeout=WAIT)
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message
    # Of a connection that is gone by now, aiohttp itself says 1006: what the frame said counts.
    return message.data if message.type is aiohttp.WSMsgType.CLOSE else ws.close_code


def has_logged(lab: Lab, step: str) -> bool:
    return bool(gauges.read_logs(target_of(lab), resources_of(lab), 0, f'"{step}"'))


def test_messages_go_both_ways_and_the_function_learns_of_the_end(chat: Lab) -> None:
    async def scenario() -> None:
        async with connected(chat) as ws:
            await ws.send_json({"say": "hello"})
            assert await said(ws) == {"said": "hello"}
            await ws.send_json({"say": "héllo"})
            assert await said(ws) == {"said": "héllo"}
            assert running_edge().places.open == 1

    run(scenario())
    await_true(lambda: has_logged(chat, "disconnect"), WAIT)
    call = EdgeCall.objects.get(lab_id=chat.pk)
    assert (call.method, call.path, call.status) == ("GET", "/", 101)


def test_what_the_lab_closes_is_closed(chat: Lab) -> None:
    async def scenario() -> None:
        async with connected(chat) as ws:
            await ws.send_json({"hang up": True})
            assert await closed(ws) == 1000

    run(scenario())


def test_a_connect_that_the_lab_refuses_is_refused_as_http(chat: Lab) -> None:
    status, document, headers = run(refused(chat.pk, "/?refuse=1"))
    assert (status, document["title"]) == (403, "The connection was refused")
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"]


def test_any_origin_may_connect_and_the_lab_learns_which(chat: Lab) -> None:
    async def scenario() -> None:
        async with connected(chat, headers={"Origin": "https://anywhere.example"}) as ws:
            await ws.send_json({"say": "hello"})
            assert await said(ws) == {"said": "hello"}

    run(scenario())
    assert run(refused(chat.pk, headers={"Origin": "https://not.welcome"}))[0] == 403


def test_a_message_of_128_kb_passes_and_one_byte_more_closes_with_1009(chat: Lab) -> None:
    def of_size(size: int) -> str:
        return json.dumps({"say": "hello", "more": "x" * (size - len(json.dumps({"say": "hello", "more": ""})))})

    async def scenario() -> None:
        async with connected(chat) as ws:
            await ws.send_str(of_size(MOST_SOCKET_MESSAGE))
            assert await said(ws) == {"said": "hello"}
            await ws.send_str(of_size(MOST_SOCKET_MESSAGE + 1))
            assert await closed(ws) == 1009

    run(scenario())


def test_a_message_of_the_lab_that_is_too_large_closes_with_1009(chat: Lab) -> None:
    async def scenario() -> None:
        async with connected(chat, max_msg_size=0) as ws:
            await ws.send_json({"long": MOST_SOCKET_MESSAGE})
            assert len(await ws.receive_str(timeout=WAIT)) == MOST_SOCKET_MESSAGE
            await ws.send_json({"long": MOST_SOCKET_MESSAGE + 1})
            assert await closed(ws) == 1009

    run(scenario())


def test_a_connection_without_messages_is_closed(chat: Lab, settings: Settings) -> None:
    settings.LABS_SOCKET_IDLE_SECONDS = 2

    async def scenario() -> None:
        async with connected(chat) as ws:
            await ws.send_json({"say": "hello"})
            assert await said(ws) == {"said": "hello"}
            assert await closed(ws) == 1001

    run(scenario())
    assert (relay.LONGEST_SECONDS, relay.MOST_BYTES) == (7200, 131072), "API Gateway's"


def test_a_connection_that_has_had_its_time_is_closed(chat: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LONGEST_SECONDS", 1)

    async def scenario() -> None:
        async with connected(chat) as ws:
            assert await closed(ws) == 1001

    run(scenario())


def test_a_connection_is_closed_with_its_lab(chat: Lab) -> None:
    async def scenario() -> None:
        async with connected(chat) as ws:
            await ws.send_json({"say": "hello"})
            assert await said(ws) == {"said": "hello"}
            await in_database(services.end_lab, chat, "It was ended.")
            assert await closed(ws) == 1001

    run(scenario())
    status, document, _ = run(refused(chat.pk))
    assert (status, document["title"]) == (410, "This lab is gone")


def test_a_lab_has_so_many_connections_and_no_more(chat: Lab, settings: Settings) -> None:
    settings.LABS_SOCKETS_PER_LAB = 2

    async def scenario() -> None:
        async with served() as url, aiohttp.ClientSession() as session:
            address = f"{url}/live/{chat.pk}/"
            async with session.ws_connect(address) as first, session.ws_connect(address):
                with pytest.raises(aiohttp.WSServerHandshakeError) as over:
                    await session.ws_connect(address)
                assert over.value.status == 429
                assert over.value.headers is not None
                assert over.value.headers["retry-after"] == "5"
                await first.close()
                while running_edge().places.open > 1:
                    await asyncio.sleep(0.01)
                async with session.ws_connect(address) as next_one:
                    await next_one.send_json({"say": "hello"})
                    assert await said(next_one) == {"said": "hello"}

    run(scenario())


def test_a_client_has_so_many_connections_wherever_they_lead(chat: Lab, settings: Settings) -> None:
    settings.LABS_SOCKETS_PER_ADDRESS = 1
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    async def scenario() -> None:
        async with served() as url, aiohttp.ClientSession() as session:
            address = f"{url}/live/{chat.pk}/"
            one, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
            async with session.ws_connect(address, headers=one):
                with pytest.raises(aiohttp.WSServerHandshakeError) as over:
                    await session.ws_connect(address, headers=one)
                assert over.value.status == 429
                async with session.ws_connect(address, headers=other) as ws:
                    await ws.send_json({"say": "hello"})
                    assert await said(ws) == {"said": "hello"}

    run(scenario())


def test_messages_past_the_labs_rate_come_later_and_none_is_lost(chat: Lab, settings: Settings) -> None:
    settings.LABS_BURST, settings.LABS_REQUESTS_PER_SECOND = 3, 10

    async def scenario() -> None:
        async with connected(chat) as ws:
            for number in range(8):
                await ws.send_json({"say": number})
            assert [(await said(ws))["said"] for _ in range(8)] == list(range(8))

    run(scenario())


def test_what_has_no_socket_says_so(chat: Lab, lab: Lab) -> None:
    async def scenario() -> list[tuple[int, str]]:
        addresses = [("unknown", "/"), (lab.pk, "/"), (chat.pk, "/live")]
        return [(answer[0], answer[1]["title"]) for at in addresses for answer in [await refused(*at)]]

    assert run(scenario()) == [(404, "No such lab"), (404, "No WebSocket API"), (404, "Not Found")]


def test_a_server_that_stops_closes_its_connections_with_1012(chat: Lab) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            async with served() as url:
                ws = await session.ws_connect(f"{url}/live/{chat.pk}/")
                await ws.send_json({"say": "hello"})
                assert await said(ws) == {"said": "hello"}
            assert await closed(ws) == 1012
            await ws.close()

    run(scenario())
    await_true(lambda: has_logged(chat, "disconnect"), WAIT)


def test_a_client_that_vanishes_leaves_no_place_taken(chat: Lab) -> None:
    async def scenario() -> None:
        async with connected(chat) as ws:
            await ws.send_json({"say": "hello"})
            assert await said(ws) == {"said": "hello"}
            transport = ws._response.connection.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.abort()
            while running_edge().places.open:
                await asyncio.sleep(0.01)

    run(scenario())
    await_true(lambda: has_logged(chat, "disconnect"), WAIT)
