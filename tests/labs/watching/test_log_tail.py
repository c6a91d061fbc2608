"""The tail of a stack's log: each line once, none lost to the order in which functions are read and lines appear."""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs.embedded.process import Emulator
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import Resource, Resources
from catalogue.labs.watching import gauges
from catalogue.labs.watching.log_tail import LogTail
from catalogue.labs.watching.trace import LogLine

NOW = int(time.time() * 1000)

type Write = Callable[[str, int, str], None]
type ReadLog = Callable[..., list[LogLine]]


@pytest.fixture
def resources(emulator: Emulator) -> Iterator[Resources]:
    """Two functions, as far as their logs go."""
    names = {logical: f"{logical.lower()}-{uuid.uuid4().hex[:8]}" for logical in ("Billing", "Shipping")}
    logs = get_target().client("logs")
    for name in names.values():
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    yield {logical: Resource("AWS::Lambda::Function", name) for logical, name in names.items()}
    for name in names.values():
        logs.delete_log_group(logGroupName=f"/aws/lambda/{name}")


@pytest.fixture
def write(resources: Resources) -> Write:
    """Writes a line with a timestamp to a stream of its own, as each invocation does."""

    def put(logical: str, at_ms: int, message: str) -> None:
        logs: Any = get_target().client("logs")
        place = {"logGroupName": f"/aws/lambda/{resources[logical].id}", "logStreamName": uuid.uuid4().hex}
        logs.create_log_stream(**place)
        logs.put_log_events(**place, logEvents=[{"timestamp": at_ms, "message": message}])

    return put


def read(tail: LogTail, resources: Resources) -> list[str]:
    return [line.message for line in tail.read(get_target(), resources)]


def test_each_line_is_given_once_and_in_the_order_of_time(resources: Resources, write: Write) -> None:
    tail = LogTail(NOW - 1)
    write("Shipping", NOW, "first")
    write("Billing", NOW + 10, "second")
    assert read(tail, resources) == ["first", "second"]
    assert read(tail, resources) == []
    write("Billing", NOW + 20, "third")
    assert read(tail, resources) == ["third"]


def test_alike_lines_of_one_moment_are_all_given(resources: Resources, write: Write) -> None:
    tail = LogTail(NOW - 1)
    write("Billing", NOW, "the same")
    write("Billing", NOW, "the same")
    assert read(tail, resources) == ["the same", "the same"]
    write("Billing", NOW, "the same")
    assert read(tail, resources) == ["the same"]


def test_a_line_is_not_lost_to_one_of_another_function_that_is_read_long_after(
    resources: Resources, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine seconds may pass between the two readings."""
    really: ReadLog = gauges.read_log

    def slow(target: Any, logical: str, *rest: Any) -> list[LogLine]:
        lines = really(target, logical, *rest)
        if logical == "Billing" and not lines:
            write("Billing", NOW + 1, "billed just after the reading")
            write("Shipping", NOW + 60_000, "shipped just before its own")
        return lines

    monkeypatch.setattr(gauges, "read_log", slow)
    tail = LogTail(NOW - 1)
    assert read(tail, resources) == ["shipped just before its own"]
    assert read(tail, resources) == ["billed just after the reading"]


def test_a_line_that_appears_late_is_given(resources: Resources, write: Write) -> None:
    tail = LogTail(NOW - 10_000)
    write("Billing", NOW, "in time")
    assert read(tail, resources) == ["in time"]
    write("Billing", NOW - get_target().log_delay_ms, "late")
    assert read(tail, resources) == ["late"]
    assert read(tail, resources) == []


def test_what_was_long_ago_is_not_read_again(
    resources: Resources, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = LogTail(NOW - 1)
    write("Billing", NOW, "old")
    write("Billing", NOW + 60_000, "new")
    read(tail, resources)
    asked: list[list[str]] = []
    really: ReadLog = gauges.read_log

    def watched(*arguments: Any) -> list[LogLine]:
        lines = really(*arguments)
        asked.append([line.message for line in lines])
        return lines

    monkeypatch.setattr(gauges, "read_log", watched)
    assert read(tail, resources) == []
    assert asked == [["new"], []]


def test_no_line_is_lost_to_a_reading_that_failed(
    resources: Resources, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = LogTail(NOW - 1)
    write("Billing", NOW, "billed")
    really: ReadLog = gauges.read_log

    def fail(target: Any, logical: str, *rest: Any) -> list[LogLine]:
        if logical == "Shipping":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "FilterLogEvents")
        return really(target, logical, *rest)

    with monkeypatch.context() as failing:
        failing.setattr(gauges, "read_log", fail)
        with pytest.raises(ClientError):
            read(tail, resources)
    assert read(tail, resources) == ["billed"]
