"""Retry Budget's handlers: tries, tokens and waits are counted, and orders are reserved on a real table."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines

SLUG = "retry-budget"
STOCK = {"STOCK_FUNCTION": "stock", "RETRY_TOKENS": "2"}


class Shop:
    """A handler of the shop with a stock system that fails as often as it is told to."""

    def __init__(self, handler: ModuleType) -> None:
        self.handler, self.client = handler, handler.client
        self.asked: list[dict[str, Any]] = []
        self.waits: list[float] = []
        self.failing: list[bool] = []
        self.down = False
        self.client.invoke = self._invoke
        self.client.time = type("Clock", (), {"sleep": self.waits.append})
        self.client.ask.__kwdefaults__["sleep"] = self.waits.append

    def _invoke(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question)
        if self.down or (self.failing and self.failing.pop(0)):
            raise self.client.Failed
        return {"item": question["item"], "in_stock": 12}

    @property
    def tokens(self) -> float:
        return float(self.client.budget.tokens)

    def quote(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        event = {"headers": {"X-Amzn-Trace-Id": "Root=1-abc"}, "pathParameters": {"item": "mug"}}
        answer = self.handler.handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


@pytest.fixture
def shop(load_handler: LoadHandler) -> Shop:
    return Shop(load_handler(f"{SLUG}/functions/shop/quote.py", **STOCK))


def test_a_quote_is_given_at_the_first_try(shop: Shop) -> None:
    status, body, _ = shop.quote()
    assert (status, body) == (200, {"item": "mug", "in_stock": 12, "tries": 1})
    assert shop.asked == [{"item": "mug", "trace": "Root=1-abc", "attempt": 1}]
    assert shop.waits == []


def test_a_short_fault_costs_one_token_and_a_random_wait(shop: Shop) -> None:
    shop.failing = [True]
    status, body, _ = shop.quote()
    assert (status, body["tries"]) == (200, 2)
    assert shop.tokens == pytest.approx(1.1)
    (wait,) = shop.waits
    assert 0 <= wait <= 0.2


def test_an_outage_costs_the_budget_once_and_then_one_try_for_each_call(shop: Shop, log_lines: LogLines) -> None:
    shop.down = True
    for _ in range(10):
        status, body, headers = shop.quote()
        assert (status, headers["Retry-After"]) == (503, "5")
    assert body["tries"] == 1
    assert len(shop.asked) == 10 + 2
    assert {line["step"] for line in log_lines()} == {"quote.refused"}


def test_a_time_limit_counts_as_a_failure(shop: Shop) -> None:
    def too_slow(question: dict[str, Any]) -> dict[str, Any]:
        raise ReadTimeoutError(endpoint_url="https://lambda")

    shop.client.invoke = too_slow
    assert shop.quote()[0] == 503


def test_a_mistake_in_our_own_code_is_not_retried(shop: Shop) -> None:
    def broken(question: dict[str, Any]) -> dict[str, Any]:
        shop.asked.append(question)
        raise KeyError("item")

    shop.client.invoke = broken
    with pytest.raises(KeyError):
        shop.quote()
    assert len(shop.asked) == 1


def test_ten_successes_earn_one_retry_and_the_bucket_does_not_overflow(shop: Shop) -> None:
    shop.down = True
    shop.quote()
    assert shop.tokens == 0
    shop.down = False
    for _ in range(11):
        shop.quote()
    assert 1 <= shop.tokens < 1.2
    for _ in range(30):
        shop.quote()
    assert shop.tokens == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(outcomes=st.lists(st.booleans(), max_size=200))
def test_retries_are_never_more_than_the_first_tokens_and_a_tenth_of_the_successes(
    shop: Shop, outcomes: list[bool]
) -> None:
    shop.client.budget.tokens = 2
    shop.asked.clear()
    calls = successes = 0
    shop.failing = list(outcomes)
    while shop.failing:
        calls += 1
        successes += shop.quote()[0] == 200
    assert len(shop.asked) - calls <= 2 + successes * 0.1 + 1e-9


def test_the_sdk_itself_never_retries(shop: Shop) -> None:
    config = shop.client.stock.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout == shop.client.TRY_SECONDS
    assert shop.client.MOST_TRIES * shop.client.TRY_SECONDS + 2 * shop.client.LONGEST_BACKOFF_SECONDS < 10


class Queue:
    """The worker on a real table, with calls to SQS noted and not made."""

    def __init__(self, load: LoadHandler, table: str, aws: str) -> None:
        self.table = table
        self.worker = load(
            f"{SLUG}/functions/shop/reserve.py",
            AWS_ENDPOINT_URL=aws,
            RESERVATIONS_TABLE=table,
            QUEUE_URL="https://sqs.us-east-1.amazonaws.com/000000000000/orders",
            DEAD_LETTERS_URL="https://sqs.us-east-1.amazonaws.com/000000000000/set-aside",
            **STOCK,
        )
        self.shop = Shop(self.worker)
        self.hidden: list[int] = []
        self.aside: list[str] = []
        self.refuse = False
        self.worker.sqs.meta.events.register("before-call.sqs", self._sqs)

    def _sqs(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        sent = json.loads(params["body"])
        if self.refuse:
            raise self.worker.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)
        if model.name == "ChangeMessageVisibility":
            self.hidden.append(sent["VisibilityTimeout"])
        else:
            self.aside.append(sent["MessageBody"])
        return type("Ok", (), {"status_code": 200})(), {}

    def deliver(self, *bodies: str, attempt: int = 1) -> list[str]:
        records = [
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(attempt)},
                "messageAttributes": {"trace": {"stringValue": "trace:Root=1-abc"}},
            }
            for number, body in enumerate(bodies)
        ]
        answer = self.worker.handler({"Records": records}, LambdaContext())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def reserved(self) -> set[str]:
        return {item["order"]["S"] for item in self.worker.dynamodb.scan(TableName=self.table)["Items"]}


@pytest.fixture
def queue(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Queue:
    return Queue(load_handler, make_table(SLUG, "ReservationsTable"), embedded_aws)


def order(name: str) -> str:
    return json.dumps({"order": name, "item": "mug"})


def test_an_order_is_reserved_once_however_often_it_is_delivered(queue: Queue) -> None:
    for _ in range(2):
        assert queue.deliver(order("o-1")) == []
    assert queue.reserved() == {"o-1"}


def test_an_order_that_fails_is_returned_with_a_wait_and_its_neighbors_are_not(queue: Queue) -> None:
    queue.shop.failing = [True, True, True]
    assert queue.deliver(order("o-1"), order("o-2")) == ["m-0"]
    assert queue.reserved() == {"o-2"}
    (wait,) = queue.hidden
    assert 1 <= wait <= 4


@pytest.mark.parametrize(("attempt", "longest"), [(1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (500, 60)])
def test_waits_grow_with_each_receive_up_to_a_minute(queue: Queue, attempt: int, longest: int) -> None:
    waits = [queue.worker.wait_after(attempt) for _ in range(500)]
    assert min(waits) >= 1
    assert longest / 2 < max(waits) <= longest


def test_thirty_receives_last_for_about_thirteen_minutes(queue: Queue) -> None:
    runs = [sum(queue.worker.wait_after(attempt) for attempt in range(1, 30)) for _ in range(300)]
    assert 12 * 60 < sum(runs) / len(runs) < 14.5 * 60


@pytest.mark.parametrize(
    "body", ["not json", "[]", "null", '{"order": "o"}', '{"order": "o o", "item": "mug"}', "[" * 5000]
)
def test_what_is_no_order_is_set_aside_at_the_first_receive(queue: Queue, body: str) -> None:
    assert queue.deliver(body) == []
    assert queue.aside == [body]
    assert queue.shop.asked == []


def test_what_cannot_be_set_aside_is_retried(queue: Queue) -> None:
    queue.refuse = True
    assert queue.deliver("not json") == ["m-0"]


def test_a_wait_that_cannot_be_set_is_logged_and_the_order_is_returned(queue: Queue, log_lines: LogLines) -> None:
    queue.refuse = True
    queue.shop.down = True
    assert queue.deliver(order("o-1")) == ["m-0"]
    assert [line["step"] for line in log_lines()] == ["wait.not.set", "order.waits"]


@pytest.mark.parametrize(("state", "item", "attempt", "works"), [
    ("up", "mug", 1, True), ("up", "rare-bowl", 1, False), ("up", "rare-bowl", 2, True), ("down", "mug", 1, False),
])  # fmt: skip
def test_the_stock_system_is_what_its_state_says(
    load_handler: LoadHandler, state: str, item: str, attempt: int, works: bool
) -> None:
    stock = load_handler(f"{SLUG}/functions/stock/app.py", STATE=state)
    event = {"item": item, "trace": "", "attempt": attempt}
    if works:
        assert stock.handler(event, LambdaContext()) == {"item": item, "in_stock": 12}
    else:
        with pytest.raises(stock.Down):
            stock.handler(event, LambdaContext())
