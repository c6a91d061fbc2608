"""The outermost layer: every request has an id, in its answer, in its log lines, and in what it queues."""

import json
import logging
import uuid
from typing import Any

import pytest
from asgiref.typing import ASGI3Application
from django.test import override_settings

from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.newsletter.subscribers import tokens
from catalogue.observability.asgi import observed
from catalogue.observability.requests.request_context import current
from tests.observability.asgi_client import call, scope_of

JSON = {"accept": "application/json"}


async def app_that_fails(scope: Any, receive: Any, send: Any) -> None:
    raise ZeroDivisionError("for ada@example.com")


async def app_that_breaks_off(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
    raise ZeroDivisionError


async def app_that_tells(scope: Any, receive: Any, send: Any) -> None:
    body = json.dumps({"here": current().request_id, "client": current().client}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def app_with_a_thread(scope: Any, receive: Any, send: Any) -> None:
    seen = await in_database(lambda: current().request_id)
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": seen.encode(), "more_body": False})


async def test_an_answer_carries_the_id_of_its_context() -> None:
    answer = await call(observed(app_that_tells), scope_of("/"))
    assert json.loads(answer.body)["here"] == answer.headers["x-request-id"]
    assert len(answer.headers["x-request-id"]) == 20
    assert current().request_id == ""


@pytest.mark.django_db(transaction=True)
async def test_the_labs_database_threads_see_it_too() -> None:
    answer = await call(observed(app_with_a_thread), scope_of("/"))
    assert answer.body.decode() == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("proxies", "sent", "kept"),
    [
        ([], "from-a-stranger-1", False),
        (["192.0.2.0/24"], "from-a-stranger-1", False),
        (["127.0.0.1"], "from-the-proxy-1", True),
        (["127.0.0.1"], "bad id", False),
    ],
)
async def test_only_a_trusted_proxys_well_formed_id_is_kept(proxies: list[str], sent: str, kept: bool) -> None:
    with override_settings(TRUSTED_PROXIES=proxies):
        answer = await call(observed(app_that_tells), scope_of("/", headers={"x-request-id": sent}))
    assert (answer.headers["x-request-id"] == sent) is kept


@pytest.mark.parametrize(("how", "client"), [("truncated", "203.0.113.0"), ("full", "203.0.113.77"), ("none", "")])
async def test_the_client_is_that_behind_the_proxy_as_the_setting_says(how: str, client: str) -> None:
    with override_settings(TRUSTED_PROXIES=["127.0.0.1"], LOG_CLIENT=how):
        headers = {"x-forwarded-for": "198.51.100.1, 203.0.113.77"}
        answer = await call(observed(app_that_tells), scope_of("/", headers=headers))
    assert json.loads(answer.body)["client"] == client


async def test_an_exception_is_a_500_and_a_log_line_with_the_same_id(caplog: pytest.LogCaptureFixture) -> None:
    answer = await call(observed(app_that_fails), scope_of("/"))
    assert answer.status == 500
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"]
    assert b"ada" not in answer.body
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert logged.exc_info[0] is ZeroDivisionError  # type: ignore[index]


async def test_an_answer_that_has_begun_is_broken_off() -> None:
    with pytest.raises(ZeroDivisionError):
        await call(observed(app_that_breaks_off), scope_of("/"))


@pytest.mark.parametrize(
    ("method", "status", "body"), [("GET", 200, b'{"status":"ok"}\n'), ("HEAD", 200, b""), ("DELETE", 405, None)]
)
async def test_healthz_ends_at_the_outermost_layer(method: str, status: int, body: bytes | None) -> None:
    """It answers while everything behind is broken, under any Host."""
    answer = await call(observed(app_that_fails), scope_of("/healthz", method=method, headers={"host": "elsewhere"}))
    assert answer.status == status
    assert body is None or answer.body == body


async def test_the_access_log_has_one_line_per_answer_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    token = tokens.preferences_token(uuid.uuid4())
    with override_settings(ACCESS_LOG=True), caplog.at_level(logging.INFO, "catalogue.access"):
        answer = await call(observed(app_that_tells), scope_of(f"/newsletter/preferences/{token}", query=b"q=ada"))
    (line,) = [record for record in caplog.records if record.name == "catalogue.access"]
    fields: dict[str, Any] = line.__dict__["fields"]
    assert fields["path"] == "/newsletter/preferences/…"
    assert fields["status"] == 200
    assert fields["bytes"] == len(answer.body)
    assert fields["kind"] == "newsletter"
    assert fields["ms"] > 0
    assert line.__dict__["request_id"] == answer.headers["x-request-id"]
    assert token not in line.getMessage()
    assert "ada" not in line.getMessage()


async def test_the_access_log_is_sampled_and_keeps_every_5xx(caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(ACCESS_LOG=True, ACCESS_LOG_EVERY=5), caplog.at_level(logging.INFO, "catalogue.access"):
        for _ in range(20):
            await call(observed(app_that_tells), scope_of("/"))
        for _ in range(3):
            await call(observed(app_that_fails), scope_of("/"))
    statuses = [record.__dict__["fields"]["status"] for record in caplog.records if record.name == "catalogue.access"]
    assert statuses.count(200) == 4
    assert statuses.count(500) == 3


async def test_without_the_setting_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "catalogue.access"):
        await call(observed(app_that_tells), scope_of("/"))
    assert [record for record in caplog.records if record.name == "catalogue.access"] == []


def django() -> ASGI3Application:
    from catalogue.asgi import application

    return application


@pytest.mark.parametrize("debug", [True, False])
async def test_a_problem_names_its_request_to_the_visitor(debug: bool) -> None:
    with override_settings(DEBUG=debug):
        document = await call(django(), scope_of("/nowhere", headers=JSON))
        page = await call(django(), scope_of("/patterns/", method="DELETE", headers={"accept": "text/html"}))
    assert json.loads(document.body)["request_id"] == document.headers["x-request-id"]
    assert page.status == 405
    assert page.headers["x-request-id"] in page.body.decode()


@pytest.mark.django_db
async def test_the_edges_refusal_names_its_request() -> None:
    async with edge_in_use():
        answer = await call(django(), scope_of("/live/!/x"))
    assert answer.status == 404
    assert json.loads(answer.body)["request_id"] == answer.headers["x-request-id"]
