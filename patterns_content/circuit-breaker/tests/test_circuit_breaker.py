"""Circuit Breaker's handlers, against real tables: when they call, when they do not, and who gets the probe."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines

SLUG = "circuit-breaker"
COOL_DOWN = 12.0


class Clock:
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Shop:
    """The shop's function and the carrier's on real tables. The call between them is a Python call."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "BREAKER_TABLE": make_table(SLUG, "BreakerTable"),
            "CARRIER_TABLE": make_table(SLUG, "CarrierTable"),
            "CARRIER_FUNCTION": "carrier",
            "COOL_DOWN_SECONDS": str(COOL_DOWN),
            "ESTIMATED_DAYS": "5",
            "STATE": "up",
            "WORK_SECONDS": "2",
            "PATIENCE_SECONDS": "8",
        }
        self.function: Any = load(f"{SLUG}/functions/delivery/app.py", **environment)
        self.breaker = self.function.breaker
        self.carrier = load(f"{SLUG}/functions/carrier/app.py", **environment)
        self.calls = 0
        self.fails = False
        self.failed: type[Exception] = self.function.CarrierFailed
        vars(self.function)["days_for"] = self.days_for

    def days_for(self, product: str) -> int:
        self.calls += 1
        if self.fails:
            raise self.failed("down")
        return 3

    def get(self, product: str = "sofa") -> dict[str, Any]:
        event = {
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "resource": "/products/{product}/delivery",
            "pathParameters": {"product": product},
        }
        answer = self.function.handler(event, LambdaContext())
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}

    def state(self) -> dict[str, Any]:
        event = {"headers": None, "resource": "/breaker", "pathParameters": None}
        found: dict[str, Any] = json.loads(self.function.handler(event, LambdaContext())["body"])
        return found

    def open(self) -> None:
        self.fails = True
        for _ in range(self.breaker.THRESHOLD):
            self.get()
        assert self.state()["state"] == "open"
        self.calls = 0

    def break_table(self, *operations: str) -> None:
        def look(model: Any, **_: Any) -> None:
            if model.name in operations:
                raise self.function.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

        self.breaker.dynamodb.meta.events.register("before-call.dynamodb", look)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture
def shop(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str, clock: Clock) -> Shop:
    return Shop(load_handler, make_table, embedded_aws)


def test_a_healthy_carrier_is_called_and_nothing_is_written(shop: Shop, log_lines: LogLines) -> None:
    shop.break_table("UpdateItem")
    assert shop.get() == {"status_code": 200, "product": "sofa", "days": 3, "source": "carrier"}
    (line,) = log_lines()
    assert (line["step"], line["trace"]) == ("answer.from.carrier", "Root=1-abc")
    assert shop.state() == {"downstream": "carrier", "state": "closed", "failures": 0}


@pytest.mark.parametrize("product", ["", "a/b", "a" * 65, "ä"])
def test_a_product_that_is_none_is_400_and_calls_no_one(shop: Shop, product: str) -> None:
    assert shop.get(product)["status_code"] == 400
    assert shop.calls == 0


def test_three_failures_in_a_row_open_the_breaker_and_the_next_customer_is_not_kept_waiting(
    shop: Shop, log_lines: LogLines
) -> None:
    shop.fails = True
    assert [shop.get()["source"] for _ in range(5)] == ["estimate"] * 5
    assert shop.calls == 3
    assert [line["step"] for line in log_lines() if line["step"].startswith(("breaker", "call"))] == [
        "call.failed",
        "call.failed",
        "call.failed",
        "breaker.opened",
        "call.skipped",
        "call.skipped",
    ]
    assert shop.state()["probe_in_seconds"] == COOL_DOWN


def test_a_success_in_between_starts_the_count_again(shop: Shop) -> None:
    for fails in (True, True, False, True, True):
        shop.fails = fails
        shop.get()
    assert shop.state() == {"downstream": "carrier", "state": "closed", "failures": 2}


def test_a_probe_that_succeeds_closes_the_breaker(shop: Shop, clock: Clock, log_lines: LogLines) -> None:
    shop.open()
    shop.fails = False
    clock.now += COOL_DOWN - 0.1
    assert shop.get()["source"] == "estimate"
    clock.now += 0.2
    assert shop.get()["source"] == "carrier"
    assert shop.state() == {"downstream": "carrier", "state": "closed", "failures": 0}
    assert [line["step"] for line in log_lines()].count("breaker.closed") == 1


def test_a_probe_that_fails_opens_it_for_another_pause(shop: Shop, clock: Clock, log_lines: LogLines) -> None:
    shop.open()
    clock.now += COOL_DOWN + 1
    assert [shop.get()["source"] for _ in range(4)] == ["estimate"] * 4
    assert shop.calls == 1
    assert shop.state()["probe_in_seconds"] == COOL_DOWN
    assert [line["step"] for line in log_lines()].count("breaker.reopened") == 1


def test_while_one_probes_no_other_calls_and_after_its_time_another_may(shop: Shop, clock: Clock) -> None:
    shop.open()
    clock.now += COOL_DOWN + 1
    first = shop.breaker.ask("carrier")
    assert (first.state, shop.state()["state"]) == ("probe", "half-open")
    assert shop.breaker.ask("carrier").state == "open"
    clock.now += shop.breaker.PROBE_SECONDS + 1  # it ended without a report
    second = shop.breaker.ask("carrier")
    assert second.state == "probe"
    assert shop.breaker.succeeded("carrier", first) is None  # it comes too late to close the breaker
    assert shop.breaker.failed("carrier", first) is None
    assert shop.breaker.succeeded("carrier", second) == "closed"


def test_a_call_that_began_before_the_breaker_opened_neither_closes_it_nor_delays_the_probe(
    shop: Shop, clock: Clock
) -> None:
    shop.fails = True
    shop.get()
    early = shop.breaker.ask("carrier")
    shop.open()
    clock.now += 5
    assert shop.breaker.succeeded("carrier", early) is None
    assert shop.breaker.failed("carrier", early) is None
    assert (shop.state()["state"], shop.state()["probe_in_seconds"]) == ("open", COOL_DOWN - 5)


def test_a_table_that_cannot_be_read_lets_calls_through(shop: Shop, log_lines: LogLines) -> None:
    shop.break_table("GetItem")
    assert shop.get()["source"] == "carrier"
    assert log_lines()[0]["step"] == "breaker.unreadable"


def test_a_table_that_cannot_be_written_changes_no_answer(shop: Shop, log_lines: LogLines) -> None:
    shop.break_table("UpdateItem")
    shop.fails = True
    assert shop.get()["source"] == "estimate"
    assert "breaker.unwritable" in [line["step"] for line in log_lines()]


def test_a_carrier_refuses_when_too_much_work_waits_and_recovers_when_left_alone(shop: Shop, clock: Clock) -> None:
    def call() -> int:
        status: int = shop.carrier.handler({"product": "sofa"}, LambdaContext())["status"]
        return status

    assert [call() for _ in range(12)] == [200] * 5 + [503] * 7
    clock.now += 4
    assert call() == 503  # and that call has filled the time that had passed
    clock.now += 12
    assert [call() for _ in range(4)] == [200] * 4


def test_a_carrier_that_is_down_refuses(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE", "down")
    assert shop.carrier.handler({"product": "sofa"}, LambdaContext()) == {"status": 503, "reason": "down"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.booleans(), st.floats(0, 30)), min_size=1, max_size=25))
def test_a_carrier_that_fails_is_called_at_most_three_times_and_then_once_a_pause(
    shop: Shop, clock: Clock, acts: list[tuple[bool, float]]
) -> None:
    shop.fails, shop.calls = False, 0
    clock.now += 100
    shop.get()
    shop.calls, shop.fails, began = 0, True, clock.now
    for _, seconds in acts:
        shop.get()
        clock.now += seconds
    assert shop.calls <= shop.breaker.THRESHOLD + (clock.now - began) / COOL_DOWN
