"""Saga's handlers, against real tables: bookings and cancellations in any order, and trips as executions."""

import contextlib
import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client, repeat_each

SLUG = "saga"
_runs = count(1)


class Killed(BaseException):
    """Stands for the end of the process. No handler catches it."""


@pytest.fixture(autouse=True)
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let `os._exit` raise, and choose the point at which a process dies."""

    def end(code: int) -> None:
        raise Killed(code)

    monkeypatch.setattr("os._exit", end)
    return lambda point: monkeypatch.setenv("DIES", point)


class Service:
    """The car rental with two cars for each departure, on a table of its own."""

    def __init__(self, load: LoadHandler, table: str, aws: str) -> None:
        self.table, self.dynamodb = table, client("dynamodb", aws)
        environment = {"SERVICE": "car", "TABLE": table, "CAPACITY": "2", "DIES": "never", "FAILS": "never"}
        self.module = load(f"{SLUG}/functions/service/app.py", AWS_ENDPOINT_URL=aws, **environment)

    def __call__(self, do: str, trip: str, departure: str = "sea") -> dict[str, str]:
        event = {"do": do, "trip": trip, "departure": departure, "trace": "Root=1-abc"}
        result: dict[str, str] = self.module.handler(event, LambdaContext())
        return result

    def status(self, trip: str) -> str | None:
        found = self.dynamodb.get_item(TableName=self.table, Key={"id": {"S": f"trip {trip}"}}, ConsistentRead=True)
        return found["Item"]["status"]["S"] if "Item" in found else None

    def taken(self, departure: str = "sea") -> int:
        key = {"id": {"S": f"departure {departure}"}}
        found = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return int(found["Item"]["taken"]["N"]) if "Item" in found else 0


@pytest.fixture
def service(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Service:
    return Service(load_handler, make_table(SLUG, "CarTable"), embedded_aws)


def test_a_booking_takes_one_and_a_cancellation_gives_it_back(service: Service, log_lines: LogLines) -> None:
    assert service("book", "one") == {"status": "booked", "reason": ""}
    assert (service.status("one"), service.taken()) == ("booked", 1)
    assert service("cancel", "one") == {"status": "canceled", "reason": ""}
    assert (service.status("one"), service.taken()) == ("canceled", 0)
    assert [(line["step"], line["trace"]) for line in log_lines()] == [
        ("booking.booked", "Root=1-abc"),
        ("cancel.done", "Root=1-abc"),
    ]


def test_a_full_departure_is_refused_as_a_result(service: Service) -> None:
    service("book", "one")
    service("book", "two")
    assert service("book", "three") == {"status": "refused", "reason": "The car has nothing left for this departure"}
    assert (service.status("three"), service.taken()) == (None, 2)
    assert service("book", "three", "mountains")["status"] == "booked"


def test_a_booking_asked_for_again_takes_no_second_one(service: Service) -> None:
    assert [service("book", "one")["status"] for _ in range(3)] == ["booked"] * 3
    assert service.taken() == 1


def test_a_booking_asked_for_again_is_booked_although_the_departure_is_full_by_now(service: Service) -> None:
    service("book", "one")
    service("book", "two")
    assert service("book", "one")["status"] == "booked"


def test_a_cancellation_asked_for_again_gives_nothing_back_twice(service: Service) -> None:
    for trip in ("one", "two"):
        service("book", trip)
    for _ in range(3):
        service("cancel", "one")
    assert service.taken() == 1


def test_a_booking_that_arrives_after_its_cancellation_is_refused(service: Service) -> None:
    assert service("cancel", "late")["status"] == "canceled"
    assert service("book", "late") == {"status": "refused", "reason": "The car was canceled before"}
    assert service.taken() == 0


def test_a_booking_between_the_two_writes_of_a_cancellation_makes_it_fail_so_that_it_is_tried_again(
    service: Service,
) -> None:
    service("book", "one")
    with pytest.raises(RuntimeError, match="meanwhile"):
        service.module.refuse_later("one")
    assert service("cancel", "one")["status"] == "canceled"


def test_a_write_whose_answer_was_lost_takes_one(service: Service) -> None:
    repeat_each(service.module.dynamodb, "TransactWriteItems")
    assert service("book", "one")["status"] == "booked"
    assert service.taken() == 1
    assert service("cancel", "one")["status"] == "canceled"
    assert service.taken() == 0


def test_a_service_killed_after_its_booking_has_booked(service: Service, kill_at: Callable[[str], None]) -> None:
    kill_at("after-booking")
    with pytest.raises(Killed):
        service("book", "one")
    assert service.status("one") == "booked"
    assert service("cancel", "one")["status"] == "canceled"


def test_a_service_that_fails_to_cancel_keeps_the_booking(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service("book", "one")
    monkeypatch.setenv("FAILS", "cancel")
    with pytest.raises(RuntimeError):
        service("cancel", "one")
    assert service.status("one") == "booked"


ACTS = st.tuples(st.sampled_from(["book", "book and die", "cancel"]), st.integers(1, 4))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=14))
def test_what_is_taken_is_what_is_booked_whatever_is_asked_and_in_which_order(
    service: Service, kill_at: Callable[[str], None], acts: list[tuple[str, int]]
) -> None:
    departure = f"departure-{next(_runs)}"
    canceled: set[str] = set()
    for act, number in acts:
        trip = f"{departure}-{number}"
        kill_at("after-booking" if act == "book and die" else "never")
        with contextlib.suppress(Killed):
            service(act.partition(" ")[0], trip, departure)
        if act == "cancel":
            canceled.add(trip)
        booked = [n for n in range(1, 5) if service.status(f"{departure}-{n}") == "booked"]
        assert service.taken(departure) == len(booked) <= 2
    assert all(service.status(trip) == "canceled" for trip in canceled)


class Agency:
    """The trips function, with a state machine that books nothing: its executions are what is tested."""

    def __init__(self, load: LoadHandler, aws: str, state: dict[str, Any]) -> None:
        self.states = client("stepfunctions", aws)
        definition = {"StartAt": "Only", "States": {"Only": state}}
        self.machine = self.states.create_state_machine(
            name=f"trips-{next(_runs)}", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/any"
        )["stateMachineArn"]
        environment = {"AWS_ENDPOINT_URL": aws, "TRIP_MACHINE": self.machine, "DIES": "never"}
        self.module = load(f"{SLUG}/functions/trips/app.py", **environment)

    def __call__(self, method: str, trip: str, departure: str = "sea") -> tuple[int, dict[str, Any]]:
        event = {
            "httpMethod": method,
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "pathParameters": {"trip": trip},
            "body": json.dumps({"departure": departure}) if method == "PUT" else None,
        }
        answer = self.module.handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def inputs(self) -> list[dict[str, Any]]:
        found = self.states.list_executions(stateMachineArn=self.machine)["executions"]
        return [json.loads(self.states.describe_execution(executionArn=one["executionArn"])["input"]) for one in found]


WAITS = {"Type": "Wait", "Seconds": 600, "End": True}
FAILS = {"Type": "Fail", "Error": "NotUndone", "Cause": "Still booked: flight"}
SUCCEEDS = {"Type": "Pass", "Result": {"status": "refused", "reason": "No car"}, "End": True}


def test_a_trip_is_an_execution_of_its_number(load_handler: LoadHandler, embedded_aws: str) -> None:
    agency = Agency(load_handler, embedded_aws, WAITS)
    assert agency("PUT", "one") == (202, {"trip": "one", "status": "started"})
    assert agency.inputs() == [{"trip": "one", "departure": "sea", "trace": "Root=1-abc"}]
    assert agency("GET", "one") == (200, {"trip": "one", "status": "working"})


def test_a_trip_sent_again_is_started_once(load_handler: LoadHandler, embedded_aws: str) -> None:
    agency = Agency(load_handler, embedded_aws, WAITS)
    assert [agency("PUT", "one")[0] for _ in range(3)] == [202, 200, 200]
    assert agency("PUT", "one", "mountains")[0] == 409
    assert len(agency.inputs()) == 1


def test_a_process_killed_after_the_start_has_started_the_trip(
    load_handler: LoadHandler, embedded_aws: str, kill_at: Callable[[str], None]
) -> None:
    agency = Agency(load_handler, embedded_aws, WAITS)
    kill_at("after-start")
    with pytest.raises(Killed):
        agency("PUT", "one")
    kill_at("never")
    assert agency("GET", "one")[1]["status"] == "working"


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (SUCCEEDS, {"status": "refused", "reason": "No car"}),
        (FAILS, {"status": "stuck", "reason": "Still booked: flight"}),
    ],
)
def test_what_an_execution_ended_with_is_the_trips_status(
    load_handler: LoadHandler, embedded_aws: str, state: dict[str, Any], shown: dict[str, str]
) -> None:
    agency = Agency(load_handler, embedded_aws, state)
    agency("PUT", "one")
    deadline = time.monotonic() + 60
    while (seen := agency("GET", "one"))[1]["status"] == "working":
        assert time.monotonic() < deadline
    assert seen == (200, {"trip": "one", **shown})


def test_an_unknown_trip_is_404_and_a_number_that_is_none_400(load_handler: LoadHandler, embedded_aws: str) -> None:
    agency = Agency(load_handler, embedded_aws, WAITS)
    assert agency("GET", "none")[0] == 404
    for number in ("", "a/b", "a" * 65, "ä", "a b"):
        assert agency("PUT", number)[0] == 400
    assert agency.inputs() == []


def test_a_start_that_is_refused_is_503(load_handler: LoadHandler, embedded_aws: str) -> None:
    agency = Agency(load_handler, embedded_aws, WAITS)
    agency.states.delete_state_machine(stateMachineArn=agency.machine)
    assert agency("PUT", "one")[0] == 503


class Twin:
    """The naive function, with services that are played here."""

    def __init__(self, load: LoadHandler, table: str, aws: str, answers: dict[str, str]) -> None:
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "TRIPS_TABLE": table,
            "HOTEL_FUNCTION": "hotel",
            "FLIGHT_FUNCTION": "flight",
            "CAR_FUNCTION": "car",
            "DIES": "never",
        }
        self.module = load(f"{SLUG}/functions/naive_trips/app.py", **environment)
        self.asked: list[tuple[str, str]] = []

        def call(service: str, request: dict[str, str]) -> dict[str, str]:
            name = service.partition("_")[0].lower()
            self.asked.append((request["do"], name))
            if answers.get(name) == "fails":
                raise RuntimeError("away")
            return {"status": answers.get(name, "booked"), "reason": ""}

        self.module.call = call  # type: ignore[attr-defined]

    def put(self) -> dict[str, Any]:
        event = {
            "httpMethod": "PUT",
            "headers": None,
            "pathParameters": {"trip": "one"},
            "body": '{"departure": "sea"}',
        }
        answer: dict[str, Any] = json.loads(self.module.handler(event, LambdaContext())["body"])
        return answer


@pytest.mark.parametrize("car", ["refused", "fails"])
def test_the_twin_undoes_what_it_booked_while_it_lives_and_not_what_it_does_not_know_of(
    load_handler: LoadHandler, embedded_aws: str, car: str
) -> None:
    twin = Twin(load_handler, make_table_of_trips(embedded_aws), embedded_aws, {"car": car})
    assert twin.put()["status"] == "refused"
    assert twin.asked[3:] == [("cancel", "flight"), ("cancel", "hotel")]
    assert twin.put()["status"] == "refused"
    assert len(twin.asked) == 5


def test_the_twin_killed_before_it_undoes_leaves_two_bookings(
    load_handler: LoadHandler, embedded_aws: str, kill_at: Callable[[str], None]
) -> None:
    twin = Twin(load_handler, make_table_of_trips(embedded_aws), embedded_aws, {"car": "refused"})
    kill_at("before-undo")
    with pytest.raises(Killed):
        twin.put()
    assert twin.asked == [("book", "hotel"), ("book", "flight"), ("book", "car")]


def make_table_of_trips(aws: str) -> str:
    """The twin's table, which the pattern's template does not have."""
    name = f"trips-{next(_runs)}"
    client("dynamodb", aws).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "trip", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "trip", "KeyType": "HASH"}],
    )
    return name
