"""Materialized View's handlers, against real tables and a queue: the board agrees with the bookings whatever fails."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client

SLUG = "materialized-view"
_runs = count(1)


class Killed(BaseException):
    """Stands for the end of the process. No handler catches it."""


class Ferry:
    """All functions, on tables and a queue of their own. The stream is played by handing images to the projector."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        self.dynamodb, self.sqs = client("dynamodb", aws), client("sqs", aws)
        self.queue = self.sqs.create_queue(QueueName=f"aside-{next(_runs)}")["QueueUrl"]
        self.bookings, self.board, self.next = (
            make_table(SLUG, name) for name in ("BookingsTable", "BoardTable", "NextBoardTable")
        )
        self.environment = {
            "AWS_ENDPOINT_URL": aws,
            "BOOKINGS_TABLE": self.bookings,
            "BOARD_TABLE": self.board,
            "FIRST_TABLE": self.board,
            "SECOND_TABLE": self.next,
            "SET_ASIDE_URL": self.queue,
            "VIEW": "FIRST",
            "SUMS": "passengers",
            "DIES": "never",
        }
        self.load = load
        self.writer = load(f"{SLUG}/functions/bookings/app.py", **self.environment)
        self.projector = load(f"{SLUG}/functions/projector/app.py", **self.environment)
        self.reader = load(f"{SLUG}/functions/reader/app.py", **self.environment)
        self.stream: list[dict[str, Any]] = []

    def book(self, number: str, sailing: str, passengers: int, cars: int = 0) -> dict[str, Any]:
        event = {
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "pathParameters": {"booking": number},
            "body": json.dumps({"sailing": sailing, "passengers": passengers, "cars": cars}),
        }
        answer = self.writer.handler(event, LambdaContext())
        if answer["statusCode"] == 200:
            key = {"booking": {"S": number}}
            image = self.dynamodb.get_item(TableName=self.bookings, Key=key, ConsistentRead=True)["Item"]
            self.stream.append({"eventName": "MODIFY", "dynamodb": {"Keys": key, "NewImage": image}})
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}

    def deliver(self, *records: dict[str, Any], function: Any = None) -> None:
        (function or self.projector).handler({"Records": list(records or self.stream)}, LambdaContext())

    def look(self, sailing: str, **asked: str) -> dict[str, Any]:
        event = {"headers": None, "pathParameters": {"sailing": sailing}, "queryStringParameters": asked or None}
        answer = self.reader.handler(event, LambdaContext())
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}

    def aside(self) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    def true_sums(self) -> dict[str, tuple[int, int]]:
        """Bookings and passengers of each sailing, added up from the source."""
        sums: dict[str, tuple[int, int]] = {}
        for row in self.dynamodb.scan(TableName=self.bookings, ConsistentRead=True)["Items"]:
            bookings, passengers = sums.get(row["sailing"]["S"], (0, 0))
            sums[row["sailing"]["S"]] = (bookings + 1, passengers + int(row["passengers"]["N"]))
        return sums


@pytest.fixture
def ferry(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Ferry:
    return Ferry(load_handler, make_table, embedded_aws)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let `os._exit` raise, and choose the point at which a process dies."""

    def end(code: int) -> None:
        raise Killed(code)

    monkeypatch.setattr("os._exit", end)
    return lambda point: monkeypatch.setenv("DIES", point)


def bad(number: str = "pier-7", **attributes: Any) -> dict[str, Any]:
    key = {"booking": {"S": number}}
    return {"eventName": "INSERT", "dynamodb": {"Keys": key, "NewImage": {**key, **attributes}}}


def test_a_booking_is_written_counted_and_read(ferry: Ferry, log_lines: LogLines) -> None:
    assert ferry.book("one", "noon", 4)["version"] == 1
    ferry.deliver()
    found = ferry.look("noon", booking="one", version="1")
    assert (found["bookings"], found["passengers"], found["shows_your_change"]) == (1, 4, True)
    lines = log_lines()
    assert [line["step"] for line in lines] == ["booking.written", "change.applied", "board.read"]
    assert {line["trace"] for line in lines[:2]} == {"Root=1-abc"}
    assert lines[1]["lag_ms"] >= 0


def test_a_change_that_is_not_counted_yet_is_reported_as_such(ferry: Ferry) -> None:
    ferry.book("one", "noon", 4)
    ferry.deliver()
    version = ferry.book("one", "noon", 6)["version"]
    found = ferry.look("noon", booking="one", version=str(version))
    assert (version, found["passengers"], found["shows_your_change"]) == (2, 4, False)
    assert ferry.look("noon", booking="another", version="1")["shows_your_change"] is False


@pytest.mark.parametrize("version", ["x", "-1", "1.5", ""])
def test_a_version_that_is_no_number_is_400(ferry: Ferry, version: str) -> None:
    assert ferry.look("noon", booking="one", version=version)["status_code"] == 400


def test_a_sailing_without_bookings_has_none(ferry: Ferry) -> None:
    found = ferry.look("empty")
    assert (found["status_code"], found["bookings"], found["passengers"]) == (200, 0, 0)


@pytest.mark.parametrize("number", ["", "a/b", "a" * 65, "ä", "a b"])
def test_a_number_that_is_none_is_400_and_writes_nothing(ferry: Ferry, number: str) -> None:
    assert ferry.book(number, "noon", 1)["status_code"] == 400
    assert ferry.true_sums() == {}


def test_a_write_that_fails_is_503(ferry: Ferry) -> None:
    def refuse(model: Any, **_: Any) -> None:
        raise ferry.writer.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

    ferry.writer.dynamodb.meta.events.register("before-call.dynamodb", refuse)
    assert ferry.book("one", "noon", 1)["status_code"] == 503


def test_a_booking_that_moves_to_another_sailing_leaves_the_first(ferry: Ferry) -> None:
    ferry.book("one", "noon", 4)
    ferry.book("one", "evening", 5)
    ferry.deliver()
    assert (ferry.look("noon")["bookings"], ferry.look("noon")["passengers"]) == (0, 0)
    assert (ferry.look("evening")["bookings"], ferry.look("evening")["passengers"]) == (1, 5)


def test_a_batch_that_comes_again_changes_nothing(ferry: Ferry, log_lines: LogLines) -> None:
    for number in ("one", "two"):
        ferry.book(number, "noon", 3)
    ferry.deliver()
    ferry.deliver()
    assert ferry.look("noon")["passengers"] == 6
    steps = [line["step"] for line in log_lines()]
    assert (steps.count("change.applied"), steps.count("change.known")) == (2, 2)


def test_an_older_change_that_comes_last_changes_nothing(ferry: Ferry) -> None:
    ferry.book("one", "noon", 4)
    ferry.book("one", "noon", 6)
    older, newer = ferry.stream
    ferry.deliver(newer)
    ferry.deliver(older)
    assert ferry.look("noon")["passengers"] == 6


def test_the_twin_counts_a_repetition_again_and_stops_at_a_bad_record(ferry: Ferry) -> None:
    twin = ferry.load(f"{SLUG}/functions/naive_projector/app.py", **ferry.environment)
    ferry.book("one", "noon", 2)
    ferry.deliver(function=twin)
    ferry.deliver(function=twin)
    assert ferry.look("noon")["passengers"] == 4
    with pytest.raises(KeyError):
        ferry.deliver(bad(sailing={"S": "noon"}), function=twin)


def test_the_twin_takes_off_what_a_booking_was_before(ferry: Ferry) -> None:
    twin = ferry.load(f"{SLUG}/functions/naive_projector/app.py", **ferry.environment)
    ferry.book("one", "noon", 2)
    ferry.book("one", "noon", 5)
    first, second = ferry.stream
    second["dynamodb"]["OldImage"] = first["dynamodb"]["NewImage"]
    ferry.deliver(first, second, function=twin)
    assert (ferry.look("noon")["bookings"], ferry.look("noon")["passengers"]) == (1, 5)


BAD: list[dict[str, Any]] = [
    {},
    {"sailing": {"S": "noon"}},
    {"passengers": {"S": "four"}},
    {"passengers": {"N": "-4"}},
    {"passengers": {"N": "1.5"}},
    {"passengers": {"N": "9" * 38}},
    {"sailing": {"S": "a" * 65}},
    {"sailing": {"S": "\ud800"}},
    {"sailing": {"M": {}}},
    {"version": {"N": "-1"}},
]


@pytest.mark.parametrize("wrong", BAD, ids=lambda wrong: json.dumps(wrong)[:40])
def test_a_bad_record_goes_aside_whole_and_its_neighbors_are_counted(ferry: Ferry, wrong: dict[str, Any]) -> None:
    whole = {
        "sailing": {"S": "noon"},
        "passengers": {"N": "2"},
        "cars": {"N": "0"},
        "version": {"N": "1"},
        "written_ms": {"N": "1"},
    }
    record = bad(**({**whole, **wrong} if len(wrong) == 1 and "sailing" not in wrong else {**wrong}))
    ferry.book("one", "noon", 1)
    ferry.book("two", "noon", 1)
    ferry.deliver(ferry.stream[0], record, ferry.stream[1])
    assert ferry.look("noon")["passengers"] == 2
    (message,) = ferry.aside()
    assert message["record"] == record
    assert message["reason"]


def test_a_record_that_cannot_be_set_aside_ends_the_batch(ferry: Ferry) -> None:
    def refuse(model: Any, **_: Any) -> None:
        raise ferry.writer.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

    ferry.projector.sqs.meta.events.register("before-call.sqs", refuse)
    with pytest.raises(ferry.writer.ClientError):
        ferry.deliver(bad())


@pytest.mark.parametrize("operation", ["GetItem", "TransactWriteItems"])
def test_a_board_that_cannot_be_changed_ends_the_batch_and_sets_nothing_aside(ferry: Ferry, operation: str) -> None:
    def refuse(model: Any, **_: Any) -> None:
        raise ferry.writer.ClientError({"Error": {"Code": "Throttled", "Message": "no"}}, model.name)

    ferry.book("one", "noon", 1)
    ferry.projector.board.dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", refuse)
    with pytest.raises(ferry.writer.ClientError):
        ferry.deliver()
    assert ferry.aside() == []


def test_a_second_view_counts_cars_too_and_the_reader_switches(ferry: Ferry, monkeypatch: pytest.MonkeyPatch) -> None:
    ferry.book("one", "noon", 4, cars=1)
    ferry.book("one", "noon", 5, cars=2)
    ferry.deliver()
    assert "cars" not in ferry.look("noon")
    second = {**ferry.environment, "BOARD_TABLE": ferry.next, "SUMS": "passengers,cars"}
    ferry.deliver(function=ferry.load(f"{SLUG}/functions/projector/app.py", **second))
    monkeypatch.setenv("VIEW", "SECOND")
    found = ferry.look("noon")
    assert (found["bookings"], found["passengers"], found["cars"]) == (1, 5, 2)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(
            st.sampled_from(["book", "deliver", "deliver and die", "repeat from the start", "lose one"]),
            st.integers(0, 2),
            st.sampled_from(["noon", "evening"]),
            st.integers(0, 5),
        ),
        max_size=10,
    )
)
def test_the_board_agrees_with_the_bookings_whatever_fails(
    ferry: Ferry, kill_at: Callable[[str], None], acts: list[tuple[str, int, str, int]]
) -> None:
    for act, number, sailing, passengers in acts:
        kill_at("after-write" if act == "deliver and die" else "never")
        try:
            if act == "book":
                ferry.book(f"booking-{number}", sailing, passengers)
            elif act == "lose one" and ferry.stream:
                ferry.stream.pop(0)
            elif ferry.stream:
                ferry.deliver()
        except Killed:
            pass
    kill_at("never")
    for number in range(3):  # the latest version of each comes last, in the order of its item
        ferry.book(f"booking-{number}", "noon", number)
    ferry.deliver()
    true = ferry.true_sums()
    for sailing in ("noon", "evening"):
        found = ferry.look(sailing)
        assert (found["bookings"], found["passengers"]) == true.get(sailing, (0, 0))
