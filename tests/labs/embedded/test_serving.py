"""What clients see of the emulator's HTTP server is what they see of AWS's endpoints."""

import asyncio
import http.client
import json
import socket
from typing import Any

import aiohttp
import pytest

from catalogue.labs.embedded import host
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.targets import get_target


def connection(emulator: Emulator) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=60)


def test_an_answer_has_one_date_and_names_no_server(emulator: Emulator) -> None:
    client = connection(emulator)
    client.request("GET", "/")
    answer = client.getresponse()
    names = [name.lower() for name, _ in answer.getheaders()]
    assert names.count("date") == 1
    assert "server" not in names
    assert answer.reason == http.client.responses[answer.status]


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(emulator: Emulator) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), 20) as client:
        head = f"PUT /bucket/key HTTP/1.1\r\nHost: 127.0.0.1:{emulator.port}\r\nContent-Length: 3\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"abc")
        assert client.recv(1000).startswith(b"HTTP/1.1 40")  # it is not signed


def test_a_request_that_is_no_http_is_refused_and_closed(emulator: Emulator) -> None:
    with socket.create_connection(("127.0.0.1", emulator.port), 20) as client:
        client.sendall(b"NONSENSE\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")
        while client.recv(1000):
            pass


def test_small_answers_are_sent_at_once() -> None:
    """asyncio turns Nagle's algorithm off only where the protocol is named. With it, a body waits for the client's
    acknowledgement of the head, 40 ms."""

    async def scenario() -> int:
        listening = host._socket("127.0.0.1", 0)
        listening.listen(1)
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        class Seen(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                connection = transport.get_extra_info("socket")
                accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                transport.close()

        async with await asyncio.get_running_loop().create_server(Seen, sock=listening):
            with socket.create_connection(listening.getsockname(), 20):
                return await accepted

    assert asyncio.run(scenario())


def test_objects_of_megabytes_go_both_ways(emulator: Emulator) -> None:
    s3 = get_target().client("s3")
    s3.create_bucket(Bucket="serving")
    body = bytes(range(256)) * 20_000
    try:
        s3.put_object(Bucket="serving", Key="large", Body=body)
        assert s3.get_object(Bucket="serving", Key="large")["Body"].read() == body
        assert s3.head_object(Bucket="serving", Key="large")["ContentLength"] == len(body)
    finally:
        s3.delete_object(Bucket="serving", Key="large")
        s3.delete_bucket(Bucket="serving")


def test_a_websocket_api_takes_connections_and_messages(emulator: Emulator) -> None:
    gateway = get_target().client("apigatewayv2")
    api = gateway.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    try:
        integration = gateway.create_integration(ApiId=api["ApiId"], IntegrationType="MOCK")
        for key in ("$connect", "$default"):
            target = f"integrations/{integration['IntegrationId']}"
            gateway.create_route(ApiId=api["ApiId"], RouteKey=key, Target=target)
        gateway.create_stage(ApiId=api["ApiId"], StageName="live", AutoDeploy=True)
        address = f"ws://127.0.0.1:{emulator.port}/_aws/execute-api/{api['ApiId']}/live"

        async def scenario() -> Any:
            async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
                await socket.send_str(json.dumps({"action": "hello"}))
                await socket.ping()
                return socket.closed

        assert asyncio.run(scenario()) is False
    finally:
        gateway.delete_api(ApiId=api["ApiId"])


def test_a_websocket_to_no_api_is_refused(emulator: Emulator) -> None:
    async def scenario() -> None:
        async with aiohttp.ClientSession() as session:
            await session.ws_connect(f"ws://127.0.0.1:{emulator.port}/chat")

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        asyncio.run(scenario())
    assert refused.value.status == 403
