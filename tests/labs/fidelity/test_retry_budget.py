"""Retry Budget: what the embedded AWS does, as the pattern's ledger reports it."""

import json
import re
from collections.abc import Callable
from itertools import pairwise

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from catalogue.labs.lifecycle.services import create_lab, delete_lab, wait_until_deployed
from catalogue.labs.models import Status
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.fidelity.conftest import Stack, until
from tests.patterns.content.published.test_batch_consumers import CONTENT

SLUG = "retry-budget"
pytestmark = pytest.mark.lab

QUESTION = json.dumps({"item": "mug", "trace": "", "attempt": 1}).encode()
HOLD = """
import json, time

def handler(event, context):
    print(json.dumps({"step": "began", "at": time.time()}))
    time.sleep(0.5)
    print(json.dumps({"step": "ended", "at": time.time()}))
    return {"item": event["item"], "in_stock": 1}
"""
"""A stock system that says when it begins and ends."""


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


@pytest.mark.ledger(SLUG, "function-error")
def test_a_function_that_raises_is_answered_with_200_and_an_error(stack: Stack) -> None:
    stack.set_environment("StockFunction", STATE="down")
    answer = stack.client("lambda").invoke(FunctionName=stack.id("StockFunction"), Payload=QUESTION)
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "Runtime.HandlerError"  # on AWS: Down


@pytest.mark.ledger(SLUG, "time-out")
def test_a_function_runs_to_its_end_when_its_caller_has_gone(stack: Stack) -> None:
    stack.set_environment("StockFunction", STATE="slow")
    known = stack.client("lambda")
    config = Config(read_timeout=1, retries={"total_max_attempts": 1})
    keys = known._request_signer._credentials.get_frozen_credentials()
    impatient = boto3.client(
        "lambda",
        endpoint_url=known.meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        config=config,
    )
    with pytest.raises(ReadTimeoutError):
        impatient.invoke(FunctionName=stack.id("StockFunction"), Payload=QUESTION)
    (report,) = until(lambda: stack.lines("StockFunction", "REPORT RequestId"))
    duration = re.search(r"\tDuration: ([\d.]+) ms", report.message)
    assert duration is not None
    assert float(duration[1]) >= 4_000


@pytest.mark.ledger(SLUG, "environment")
def test_calls_one_after_the_other_share_a_budget_until_the_settings_change(stack: Stack) -> None:
    def statuses(count: int) -> list[int]:
        return [stack.call("GET", "/quotes/rare-bowl").status for _ in range(count)]

    assert statuses(3) == [200, 200, 503]
    stack.set_environment("QuoteFunction", RETRY_TOKENS="1")
    assert statuses(2) == [200, 503]


@pytest.mark.ledger(SLUG, "visibility")
def test_a_failed_order_of_the_twin_returns_after_the_queues_timeout(emulator: object, transactional_db: None) -> None:
    created = create_lab(load_pattern(CONTENT / SLUG), "somebody", variant="naive").lab
    try:
        lab = wait_until_deployed(created, 60)
        assert lab.status == Status.READY
        twin = Stack(lab)
        twin.set_environment("StockFunction", STATE="down")
        assert twin.call("POST", "/orders", json={"order": "o-1", "item": "mug"}).status == 202
        lines = until(lambda: found if len(found := twin.lines("ReserveFunction", "order.waits")) > 1 else [])
        apart = [after.at_ms - before.at_ms for before, after in pairwise(lines)]
        assert all(ms >= 5_500 for ms in apart)
    finally:
        delete_lab(created)


@pytest.mark.ledger(SLUG, "concurrency")
def test_at_most_five_orders_ask_the_stock_system_at_once(stack: Stack) -> None:
    stack.replace_handler("StockFunction", HOLD)
    for number in range(12):
        assert stack.call("POST", "/orders", json={"order": f"o-{number}", "item": "mug"}).status == 202
    until(lambda: len(stack.lines("ReserveFunction", "order.reserved")) >= 12)
    moments = [json.loads(line.message) for line in stack.lines("StockFunction", '"step"')]
    at_once = most = 0
    for moment in sorted(moments, key=lambda one: one["at"]):
        at_once += 1 if moment["step"] == "began" else -1
        most = max(most, at_once)
    assert 1 < most <= 5
