"""Error reports as Sentry would get them."""

import logging
from collections.abc import Iterator

import pytest
import sentry_sdk
from pytest_django.fixtures import Settings

from catalogue.observability.checks import check_observability
from catalogue.observability.exporters import sentry
from catalogue.observability.requests.request_context import RequestContext, bound
from tests.observability.receivers import Received, receiver

logger = logging.getLogger("catalogue.tests")
CLIENT = "203.0.113.0"  # a report has some lines of source around a failure, which must not hold this


@pytest.fixture
def server(settings: Settings) -> Iterator[Received]:
    with receiver() as received:
        settings.SENTRY_DSN = f"http://public@127.0.0.1:{received.port}/7"
        sentry.start()
        yield received
        sentry_sdk.get_client().close(2)
        sentry_sdk.init(dsn="")


def test_an_error_is_reported_with_its_request_and_without_personal_data(server: Received) -> None:
    password = " ".join(("a", "local", "variable"))
    with bound(RequestContext("request-one", client=CLIENT, trace="1-58406520-a0", lab="lab1")):
        logger.warning("before it, to ada@example.com")
        try:
            raise ValueError(f"no mail for ada@example.com at /newsletter/confirm/abc{len(password)}")
        except ValueError:
            logger.exception("Sending to %s failed", "ada@example.com")
    sentry_sdk.flush(5)
    assert server.posts[0][0] == "/api/7/envelope/"
    (event,) = server.events()
    assert event["tags"] == {"request_id": "request-one", "trace": "1-58406520-a0", "lab": "lab1"}
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert event["exception"]["values"][0]["value"] == "no mail for …@example.com at /newsletter/confirm/…"
    sent = server.posts[0][1]
    for private in (b"ada@", b"a local variable", b"confirm/abc", b"203.0.113"):
        assert private not in sent
    assert "request" not in event
    assert "user" not in event
    assert "server_name" not in event


def test_warnings_are_not_reported(server: Received) -> None:
    logger.warning("only this")
    sentry_sdk.flush(5)
    assert server.events() == []


def test_requests_cookies_and_users_never_leave() -> None:
    event = {
        "message": "x",
        "request": {"cookies": "sessionid=1", "data": "a", "url": "https://x/?q=1"},
        "user": {"email": "ada@example.com", "ip_address": "203.0.113.7"},
        "server_name": "host",
        "extra": {"cookie": "sessionid=1", "note": "ada@example.com"},
    }
    assert sentry.scrubbed_event(event) == {
        "message": "x",
        "tags": {},
    }


@pytest.mark.parametrize(("name", "number"), [("OTEL_EXPORTER_OTLP_ENDPOINT", "E003"), ("SENTRY_DSN", "E004")])
def test_a_setting_without_its_package_is_an_error_with_the_remedy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, number: str
) -> None:
    setattr(settings, name, "http://127.0.0.1:1/1")
    assert check_observability(None) == []
    monkeypatch.setattr("catalogue.observability.checks.find_spec", lambda module: None)
    (problem,) = check_observability(None)
    assert problem.id == f"observability.{number}"
    assert "--require-hashes -r requirements-" in str(problem.hint)
    setattr(settings, name, "here")
    (problem,) = check_observability(None)
    assert "is not an http or https address" in problem.msg


@pytest.mark.parametrize(
    ("name", "value", "number"), [("METRICS_TOKEN", "short", "E001"), ("READY_NEEDS", ["databse"], "E002")]
)
def test_a_setting_that_cannot_be_meant_is_an_error(settings: Settings, name: str, value: object, number: str) -> None:
    setattr(settings, name, value)
    assert [problem.id for problem in check_observability(None)] == [f"observability.{number}"]
