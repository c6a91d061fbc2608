"""Asynchronous Request Reply: what the embedded AWS does, as the pattern's ledger says."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.labs.demos import operations
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.fidelity.conftest import Stack, until

SLUG = "asynchronous-request-reply"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def order(stack: Stack, pages: int) -> str:
    """Order a proof and give the job's id."""
    answer = stack.call("POST", "/proofs", json={"artwork": "lighthouse", "font": "Garamond", "pages": pages})
    assert answer.status == 202
    return str(answer.parsed["job"])


def ask(stack: Stack, job: str) -> dict[str, Any]:
    return dict(stack.call("GET", f"/jobs/{job}").parsed)


def pages_done(stack: Stack, job: str) -> int:
    progress = ask(stack, job).get("progress")
    return int(progress["done"]) if progress else 0


def switch(stack: Stack, enabled: bool) -> None:
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("WorkerTrigger"), Enabled=enabled)


def depth(stack: Stack) -> tuple[int, int]:
    """Messages that wait, and messages in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = stack.client("sqs").get_queue_attributes(QueueUrl=stack.id("JobsQueue"), AttributeNames=names)
    return int(found["Attributes"][names[0]]), int(found["Attributes"][names[1]])


@pytest.mark.ledger(SLUG, "pause")
def test_a_running_job_ends_though_its_source_is_disabled(stack: Stack) -> None:
    running = order(stack, 5)
    until(lambda: pages_done(stack, running) >= 1)
    switch(stack, False)
    waiting = order(stack, 1)
    until(lambda: ask(stack, running)["status"] == "succeeded")
    assert ask(stack, waiting)["status"] == "queued"
    assert depth(stack) == (1, 0)


@pytest.mark.ledger(SLUG, "update-while-running")
def test_a_changed_environment_ends_a_running_invocation(stack: Stack) -> None:
    job = order(stack, 60)
    until(lambda: pages_done(stack, job) >= 1)
    stack.set_environment("WorkerFunction", SECONDS_PER_PAGE="0.1")
    until(lambda: stack.invocations("WorkerFunction") == 1)  # it ended, long before its 24 seconds
    assert ask(stack, job)["status"] == "running"
    assert depth(stack) == (0, 1)
    assert stack.lines("WorkerFunction", "job.succeeded") == []


@pytest.mark.ledger(SLUG, "log-lines")
def test_the_lines_of_a_running_job_come_at_its_end(stack: Stack) -> None:
    job = order(stack, 15)
    until(lambda: pages_done(stack, job) >= 2)
    assert stack.lines("WorkerFunction", "page.rendered") == []
    until(lambda: ask(stack, job)["status"] == "succeeded")
    lines = until(lambda: stack.lines("WorkerFunction", "page.rendered"))
    assert len({line.at_ms for line in lines}) == 1
    times = [json.loads(line.message)["at"] for line in lines]
    assert len(times) == 15
    assert times[-1] - times[0] > 1.5


@pytest.mark.ledger(SLUG, "trace-through-the-queue")
def test_the_callers_trace_reaches_the_worker(stack: Stack) -> None:
    answer = stack.call("POST", "/proofs", json={"artwork": "pier", "font": "Futura", "pages": 1})
    (line,) = until(lambda: stack.lines("WorkerFunction", "job.started"))
    (intake,) = stack.lines("IntakeFunction", "job.accepted")
    trace = json.loads(line.message)["trace"]
    assert trace == json.loads(intake.message)["trace"]
    assert trace in answer.headers["x-amzn-trace-id"]


@pytest.mark.ledger(SLUG, "purge")
@pytest.mark.ledger("queue-based-load-leveling", "purge")
def test_a_purge_is_over_when_the_call_returns(stack: Stack) -> None:
    sqs, queue = stack.client("sqs"), stack.id("JobsQueue")
    switch(stack, False)
    order(stack, 1)
    until(lambda: depth(stack) == (1, 0))
    sqs.purge_queue(QueueUrl=queue)
    assert depth(stack) == (0, 0)
    order(stack, 1)
    assert depth(stack) == (1, 0)
    sqs.purge_queue(QueueUrl=queue)
    assert depth(stack) == (0, 0)


def test_a_job_past_its_deadline_has_failed_and_stays_so(stack: Stack) -> None:
    switch(stack, False)
    late = order(stack, 1)
    expire = Operation(action="expire-items", resource="JobsTable", name="deadline")
    operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), expire)
    assert ask(stack, late)["status"] == "failed"
    switch(stack, True)
    until(lambda: stack.lines("WorkerFunction", "job.skipped"))
    late_job = ask(stack, late)
    assert (late_job["status"], late_job["progress"]["done"]) == ("failed", 0)
    fresh = order(stack, 1)
    until(lambda: ask(stack, fresh)["status"] == "succeeded")


@pytest.mark.ledger(SLUG, "consistent-read")
def test_an_eventually_consistent_read_shows_the_last_write(stack: Stack) -> None:
    job = order(stack, 1)
    until(lambda: ask(stack, job)["status"] == "succeeded")
    item = stack.client("dynamodb").get_item(TableName=stack.id("JobsTable"), Key={"id": {"S": job}})["Item"]
    assert len(item["proof"]["L"]) == 1


@pytest.mark.ledger(SLUG, "expiry")
def test_an_expired_job_is_gone_before_its_item_is(stack: Stack) -> None:
    switch(stack, False)
    job = order(stack, 1)
    dynamodb, table, key = stack.client("dynamodb"), stack.id("JobsTable"), {"id": {"S": job}}
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )
    assert dynamodb.get_item(TableName=table, Key=key)["Item"]["status"] == {"S": "queued"}
    assert [stack.call(method, f"/jobs/{job}").status for method in ("GET", "DELETE")] == [404, 404]
