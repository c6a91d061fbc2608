"""A web server of two processes as operators run it: its log, its ids, and metrics that add up."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from catalogue.observability.prometheus import metric_files
from tests.observability.test_metrics import samples
from tests.pages.test_protocol import CLOSE, Server, get, statuses, talk
from tests.support.waiting import await_true

TOKEN = "t" * 32


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("watched")
    metric_files.clear(folder / "metrics")
    server = Server(
        folder,
        2,
        ACCESS_LOG="1",
        LOG_FORMAT="json",
        METRICS_TOKEN=TOKEN,
        TRUSTED_PROXIES="127.0.0.1",
        PROMETHEUS_MULTIPROC_DIR=str(folder / "metrics"),
    )
    server.build()
    with server.running():
        yield server


def lines(site: Server, request_id: str) -> list[dict[str, Any]]:
    """The log's lines of one request; every line of the log is an object."""
    documents = [json.loads(line) for line in site.log.read_text().splitlines()]
    return [document for document in documents if document.get("request_id") == request_id]


def test_kept_pages_are_logged_with_id_and_client(site: Server) -> None:
    asked = get("/patterns/owls/?utm=ada@example.com", "X-Request-ID: from-proxy-1", "X-Forwarded-For: 203.0.113.9")
    last = get("/patterns/owls/", "X-Request-ID: from-proxy-2", CLOSE)
    received = talk(site.port, asked, asked, last)
    assert statuses(received) == [b"200"] * 3
    assert re.findall(rb"\r\nx-request-id: (\S+)\r\n", received) == [b"from-proxy-1"] * 2 + [b"from-proxy-2"]
    await_true(lambda: lines(site, "from-proxy-2"), 60)
    first, again = lines(site, "from-proxy-1")
    assert {name: first[name] for name in ("method", "path", "status", "kind", "client", "logger", "level")} == {
        "method": "GET",
        "path": "/patterns/owls/",
        "status": 200,
        "kind": "kept",
        "client": "203.0.113.0",
        "logger": "catalogue.access",
        "level": "INFO",
    }
    assert first["bytes"] == again["bytes"] > 500
    assert "ada" not in json.dumps(first)


def test_an_answer_has_one_id_and_a_body_that_is_whole(site: Server) -> None:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{site.port}", headers={"host": "patterns.example"}, timeout=30
    ) as client:
        for path in ("/patterns/owls/", "/search/?q=owls", "/nowhere", "/healthz", "/live/none/"):
            answer = client.get(path)
            assert len(answer.headers.get_list("x-request-id")) == 1, path
            await_true(lambda answer=answer: lines(site, answer.headers["x-request-id"]), 60)  # type: ignore[misc]
        page = client.get("/patterns/owls/")
        assert page.text.rstrip().endswith("</html>")
        again = client.get("/patterns/owls/", headers={"if-none-match": page.headers["etag"]})
        assert again.status_code == 304
        assert "x-request-id" in again.headers


def test_two_processes_count_together(site: Server) -> None:
    def scraped() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        headers = {"host": "patterns.example", "authorization": f"Bearer {TOKEN}"}
        answer = httpx.get(f"http://127.0.0.1:{site.port}/metrics", headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return samples(answer.text)

    def partial() -> float:
        return scraped().get(("patterns_requests_total", (("kind", "kept"), ("status", "206"))), 0)

    await_true(lambda: sum(name == "patterns_process_resident_bytes" for name, _ in scraped()) == 2, 60)
    # A process hands its counts over once a second. No other test asks for a part of a file, so none of these are late.
    assert partial() == 0
    for _ in range(40):  # each on a connection of its own, which either process may take
        assert statuses(talk(site.port, get("/patterns/twin/project.zip", "Range: bytes=0-99", CLOSE))) == [b"206"]
    await_true(lambda: partial() == 40, 60)
