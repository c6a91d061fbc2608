"""Event Router's handlers, against real tables: what is put on the bus, and what the readers make of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from handler_tests import LambdaContext, LoadHandler, LogLines

SLUG = "event-router"


@pytest.fixture
def publisher(load_handler: LoadHandler, embedded_aws: str) -> Any:
    return load_handler(f"{SLUG}/functions/publisher/app.py", AWS_ENDPOINT_URL=embedded_aws, BUS_NAME="default")


def post(publisher: Any, show: str = "opera") -> dict[str, Any]:
    body = {"type": "sold", "seat": "A1", "euros": 150}
    event = {
        "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
        "pathParameters": {"show": show},
        "body": json.dumps(body),
    }
    answer = publisher.handler(event, LambdaContext())
    return {"status_code": answer["statusCode"], **json.loads(answer["body"])}


def test_an_event_names_what_happened_and_no_reader(publisher: Any) -> None:
    sent: list[dict[str, Any]] = []
    events = publisher.events.meta.events
    events.register("provide-client-params.events.PutEvents", lambda params, **_: sent.extend(params["Entries"]))
    answer = post(publisher)
    assert answer["status_code"] == 202
    (entry,) = sent
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == ("default", "concert.hall", "ticket.sold")
    detail = json.loads(entry["Detail"])
    assert detail == {"id": answer["event"], "show": "opera", "seat": "A1", "euros": 150, "trace": "Root=1-abc"}


@pytest.mark.parametrize("show", ["", "a/b", "a" * 65, "ä"])
def test_a_show_that_is_none_is_400(publisher: Any, show: str) -> None:
    assert post(publisher, show)["status_code"] == 400


def test_an_event_that_the_bus_refuses_within_a_200_is_503(publisher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "MalformedDetail"}]}
    monkeypatch.setattr(publisher.events, "put_events", lambda **_: refused)
    assert post(publisher)["status_code"] == 503


READERS = {
    "seating": (
        "SeatsTable",
        "SEATS_TABLE",
        {
            "detail-type": "ticket.sold",
            "detail": {"id": "one", "show": "opera", "seat": "A1", "euros": 150, "trace": "Root=1-abc"},
        },
    ),
    "accounting": (
        "BookingsTable",
        "BOOKINGS_TABLE",
        {"booking": "one", "show": "opera", "amount": 150, "trace": "Root=1-abc"},
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_writes_each_event_once_and_fails_for_no_neighbor(
    name: str,
    load_handler: LoadHandler,
    make_table: Callable[[str, str], str],
    embedded_aws: str,
    log_lines: LogLines,
) -> None:
    table, variable, good = READERS[name]
    reader = load_handler(
        f"{SLUG}/functions/{name}/app.py", AWS_ENDPOINT_URL=embedded_aws, **{variable: make_table(SLUG, table)}
    )
    bodies = [json.dumps(good), "{", "[]", "null", "{}", "[" * 100_000, json.dumps(good)]
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    answer = reader.handler({"Records": records}, LambdaContext())
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["1", "2", "3", "4", "5"]
    steps = [line for line in log_lines() if not line["step"].endswith("failed")]
    assert [line["step"].partition(".")[2] for line in steps] == ["written", "repeated"]
    assert {line["trace"] for line in steps} == {"Root=1-abc"}
