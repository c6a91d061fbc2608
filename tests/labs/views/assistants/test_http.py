"""`/mcp` of a running site, with the SDK's own client: the same tools, behind the limits that every visitor has."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from catalogue.labs.assistants.server import _DESCRIPTIONS, SKILL
from tests.labs.views.assistants.asking import Assistant
from tests.support.site import Site, free_port, running_site

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    limits = {"LABS_PER_ADDRESS": "1", "MCP_PER_MINUTE": "60", "TRUSTED_PROXIES": "127.0.0.1"}
    with running_site(tmp_path_factory.mktemp("site"), free_port(), **limits) as site:
        yield site


def connected(site: Site, address: str) -> Client:
    """A client from this address, as a proxy reports it."""
    http = httpx2.AsyncClient(headers={"X-Forwarded-For": address}, timeout=120)
    return Client(streamable_http_client(f"{site.url}/mcp", http_client=http))


async def test_every_tool_is_there_with_its_description_and_arguments(site: Site) -> None:
    async with connected(site, "192.0.2.1") as client:
        tools = (await client.list_tools()).tools
        skill = await client.read_resource("skill://serverless-patterns")
    assert getattr(skill.contents[0], "text", "") == SKILL.read_text()
    assert {tool.name: tool.description for tool in tools} == _DESCRIPTIONS
    taken = {tool.name: set(tool.input_schema["properties"]) for tool in tools}
    assert taken["read_pattern"] == {"pattern", "part", "page"}
    assert taken["send_request"] == {"lab", "method", "path", "body", "headers"}


async def test_labs_are_limited_by_the_address_of_the_client(site: Site) -> None:
    async with connected(site, "192.0.2.2") as client:
        assistant = Assistant(client)
        lab = (await assistant.call("run_pattern", pattern="function-as-a-web-service"))["lab"]
        said = await assistant.refused("run_pattern", pattern="function-as-a-web-service")
        assert "One address can have 1" in said
        assert "Try again in" in said
        async with connected(site, "198.51.100.2") as other:
            elsewhere = await Assistant(other).call("run_pattern", pattern="function-as-a-web-service")
            await Assistant(other).call("end_lab", lab=elsewhere["lab"])
        await assistant.call("end_lab", lab=lab)


async def test_every_error_says_what_to_do(site: Site) -> None:
    async with connected(site, "192.0.2.3") as client:
        refused = Assistant(client).refused
        assert "Near it: idempotent-proxy" in await refused("read_pattern", pattern="idempotent-prox")
        assert "Its parts are: Overview; " in await refused("read_pattern", pattern="idempotent-proxy", part="x")
        assert "list_files names all" in await refused("read_file", pattern="idempotent-proxy", path="../README.md")
        assert "The pages are 1 to" in await refused("list_patterns", page=99)
        assert "in other words" in await refused("search_patterns", problem="zzzzzz qqqqqq")
        assert "whole value that run_pattern returned" in await refused("take_step", lab="abc", step="x")
        unknown = f"{'A' * 22}.{'b' * 32}"
        assert "Call run_pattern for a lab" in await refused("what_happened", lab=unknown)
        assert "read_pattern lists them" in await refused("take_step", lab=unknown, step="../delete")
        assert "Try again" not in await refused("run_pattern", pattern="no-such")
        assert "CloudFormation takes no YAML aliases" in await refused("draw_template", template="a: &a 1\nb: *a")


async def test_a_lab_is_its_owners_alone(site: Site) -> None:
    async with connected(site, "192.0.2.4") as client:
        assistant = Assistant(client)
        lab = (await assistant.call("run_pattern", pattern="function-as-a-web-service"))["lab"]
        id = lab.partition(".")[0]
        said = await assistant.refused("end_lab", lab=f"{id}.{'x' * 32}")
        assert "Use the whole `lab`" in said
        answer = await assistant.call("send_request", lab=lab, method="GET", path="/no/such/../place?a=é b")
        assert answer["status"] in (400, 403, 404)
        await assistant.call("end_lab", lab=lab)


def post(site: Site, address: str, **headers: str) -> tuple[int, dict[str, Any], str]:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    sent |= {"X-Forwarded-For": address} | headers
    request = urllib.request.Request(f"{site.url}/mcp", json.dumps(asked).encode(), sent)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read()), ""
    except HTTPError as error:
        return error.code, json.loads(error.read()), error.headers.get("Retry-After", "")


def test_a_page_of_another_site_and_a_strange_host_are_refused(site: Site) -> None:
    assert post(site, "192.0.2.5")[0] == 200
    assert post(site, "192.0.2.5", Origin=site.url)[0] == 200
    for origin in ("https://evil.example", "null", "http://[::"):
        status, problem, _ = post(site, "192.0.2.5", Origin=origin)
        assert (status, problem["title"]) == (403, "Request from another site")
    assert post(site, "192.0.2.5", Host="evil.example")[0] == 400


def test_an_address_has_so_many_requests_a_minute(site: Site) -> None:
    codes = [post(site, "192.0.2.6")[0] for _ in range(70)]
    assert codes[:60] == [200] * 60
    status, problem, retry = post(site, "192.0.2.6")
    assert (status, problem["status"], retry) == (429, 429, "60")
    assert post(site, "198.51.100.6")[0] == 200
