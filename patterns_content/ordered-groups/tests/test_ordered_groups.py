"""Ordered Groups' handlers, against a real table: what is booked, what is returned to the queue, and in which order."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import count
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, repeat_each

SLUG = "ordered-groups"
QUEUE = {
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/entries.fifo",
    "DEAD_LETTERS_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/set-aside.fifo",
}
WAITING = "waiting-card"
BROKEN = "broken-card"
"""Cards whose loads wait for a review, and whose writes fail."""


class Shop:
    """The worker and the function for balances on one table. Calls to SQS are noted and not made."""

    def __init__(self, load: LoadHandler, table: str, aws: str) -> None:
        at = f"{SLUG}/functions"
        environment = {"AWS_ENDPOINT_URL": aws, "LEDGER_TABLE": table, **QUEUE, "UNDER_REVIEW": f"other,{WAITING}"}
        self.worker = load(f"{at}/worker/app.py", **environment)
        self.cards = load(f"{at}/cards/app.py", **environment)
        self.numbers = count(1)
        self.hidden: dict[str, int] = {}
        self.aside: list[dict[str, Any]] = []
        self.refuse_sends = False
        events = self.worker.sqs.meta.events
        events.register("before-call.sqs", self._sqs)

    def _sqs(self, model: Any, params: dict[str, Any], **_: Any) -> Any:
        sent = json.loads(params["body"])
        if model.name == "ChangeMessageVisibility":
            self.hidden[sent["ReceiptHandle"]] = sent["VisibilityTimeout"]
        elif self.refuse_sends:
            raise self.worker.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)
        else:
            self.aside.append(sent)
        return type("Ok", (), {"status_code": 200})(), {}

    def record(self, card: str, amount: int, entry: str | None = None, *, body: str | None = None) -> dict[str, Any]:
        """A record as Lambda's poller makes it, with the card as its group."""
        number = next(self.numbers)
        sent = body if body is not None else json.dumps({"entry": entry or f"e-{number}", "amount": amount})
        return {
            "messageId": f"m-{number}",
            "receiptHandle": f"handle-{number}",
            "body": sent,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "MessageGroupId": card,
                "SequenceNumber": f"{number:020}",
            },
            "messageAttributes": {
                "card": {"dataType": "String", "stringValue": card},
                "trace": {"dataType": "String", "stringValue": "trace:Root=1-abc"},
            },
        }

    def deliver(self, *records: dict[str, Any]) -> list[str]:
        """The identifiers that the worker returns for this batch."""
        answer = self.worker.handler({"Records": list(records)}, LambdaContext())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def card(self, name: str) -> dict[str, Any]:
        answer = self.cards.handler({"headers": None, "pathParameters": {"card": name}}, LambdaContext())
        return {"status": answer["statusCode"], **json.loads(answer["body"])}


@pytest.fixture
def shop(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Shop:
    return Shop(load_handler, make_table(SLUG, "LedgerTable"), embedded_aws)


def test_entries_are_booked_in_order_and_the_statement_shows_it(shop: Shop, log_lines: LogLines) -> None:
    assert shop.deliver(shop.record("a", 20, "load"), shop.record("a", -15, "coffee"), shop.record("b", 5)) == []
    found = shop.card("a")
    assert (found["status"], found["balance"], found["booked"], found["refused"]) == (200, 5, 2, 0)
    assert [entry["entry"] for entry in found["entries"]] == ["load", "coffee"]
    booked = [line for line in log_lines() if line["step"] == "entry.booked"]
    assert [(line["card"], line["amount"]) for line in booked] == [("a", 20), ("a", -15), ("b", 5)]
    assert {line["trace"] for line in booked} == {"Root=1-abc"}


def test_a_card_without_entries_is_404(shop: Shop) -> None:
    assert shop.card("unknown") == {"status": 404, "title": "No such card", "card": "unknown"}


def test_a_card_that_cannot_be_is_404(shop: Shop) -> None:
    """A key longer than 2,048 bytes would be an error of DynamoDB."""
    assert shop.card("c" * 3000)["status"] == 404


@pytest.mark.parametrize(("balance", "price", "state"), [(5, 5, "booked"), (5, 6, "refused"), (0, 1, "refused")])
def test_a_spend_needs_a_balance_that_covers_it(shop: Shop, balance: int, price: int, state: str) -> None:
    if balance:
        shop.deliver(shop.record("a", balance))
    assert shop.deliver(shop.record("a", -price)) == []
    found = shop.card("a")
    assert found["entries"][-1]["state"] == state
    assert found["balance"] == (balance - price if state == "booked" else balance)


def test_an_entry_that_is_sent_again_is_booked_once_and_refused_once(shop: Shop, log_lines: LogLines) -> None:
    for _ in range(2):
        assert (
            shop.deliver(shop.record("a", -3, "early"), shop.record("a", 10, "load"), shop.record("b", 10, "load"))
            == []
        )
    assert shop.card("a")["balance"] == 10
    assert shop.card("a")["refused"] == 1
    assert shop.card("b")["balance"] == 10  # the same identifier on another card is another entry
    steps = Counter(line["step"] for line in log_lines())
    assert steps["entry.repeated"] == 3


def test_a_write_whose_answer_was_lost_books_once(shop: Shop) -> None:
    repeat_each(shop.worker.book.__globals__["dynamodb"], "TransactWriteItems")
    assert shop.deliver(shop.record("a", 7)) == []
    assert shop.card("a")["balance"] == 7


def test_a_stuck_entry_holds_back_its_card_and_no_other(shop: Shop, log_lines: LogLines) -> None:
    load, spend = shop.record(WAITING, 20), shop.record(WAITING, -15)
    assert shop.deliver(shop.record("a", 1), load, shop.record("b", 2), spend) == [
        load["messageId"],
        spend["messageId"],
    ]
    assert (shop.card("a")["balance"], shop.card("b")["balance"]) == (1, 2)
    assert shop.card(WAITING)["status"] == 404
    waits = {shop.hidden[load["receiptHandle"]], shop.hidden[spend["receiptHandle"]]}
    assert len(waits) == 1  # the group returns as a whole
    assert 1 <= waits.pop() <= 2
    (line,) = [line for line in log_lines() if line["step"] == "entry.waits"]
    assert line["card"] == WAITING


def test_a_spend_needs_no_review(shop: Shop) -> None:
    shop.deliver(shop.record(WAITING, -1))
    assert shop.card(WAITING)["refused"] == 1


BAD = [
    "{",
    "[]",
    "null",
    '"text"',
    '{"entry": "e"}',
    '{"entry": 7, "amount": 1}',
    '{"entry": "e", "amount": "1"}',
    '{"entry": "e", "amount": 1.5}',
    '{"entry": "e", "amount": true}',
    '{"entry": "e", "amount": 0}',
    '{"entry": "e", "amount": 1001}',
    json.dumps({"entry": "e", "amount": 10**40}),  # DynamoDB takes 38 digits
    '{"entry": "#balance", "amount": 1}',
    '{"entry": "\\ud800", "amount": 1}',
    json.dumps({"entry": "e" * 65, "amount": 1}),
    "[" * 100_000,
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:24])
def test_what_can_never_be_booked_is_set_aside_in_its_group_and_the_card_goes_on(shop: Shop, body: str) -> None:
    bad = shop.record("a", 0, body=body)
    assert shop.deliver(bad, shop.record("a", 4)) == []
    assert shop.card("a")["balance"] == 4
    (aside,) = shop.aside
    assert (aside["MessageBody"], aside["MessageGroupId"]) == (body, "a")
    assert aside["MessageDeduplicationId"] == bad["messageId"]
    assert aside["MessageAttributes"]["card"]["StringValue"] == "a"


def test_what_cannot_be_set_aside_is_retried_and_holds_its_card_back(shop: Shop) -> None:
    shop.refuse_sends = True
    bad, after = shop.record("a", 0), shop.record("a", 4)
    assert shop.deliver(bad, after) == [bad["messageId"], after["messageId"]]
    assert shop.card("a")["status"] == 404


def test_a_message_without_its_attributes_is_set_aside(shop: Shop) -> None:
    bare = {**shop.record("a", 1), "messageAttributes": {}}
    assert shop.deliver(bare) == []
    assert list(shop.aside[0]["MessageAttributes"]) == ["reason", "trace"]


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (100, 30), (5000, 30)])
def test_waits_are_fully_jittered_up_to_a_limit_that_doubles(shop: Shop, attempt: int, longest: int) -> None:
    assert {shop.worker.wait_after(attempt) for _ in range(2000)} == set(range(1, longest + 1))


def fail_writes_of(worker: ModuleType, card: str) -> None:
    """Let each transaction on this card end in a conflict with another one."""
    dynamodb = worker.book.__globals__["dynamodb"]

    def look(params: dict[str, Any], **_: Any) -> None:
        if params["TransactItems"][0]["Put"]["Item"]["card"]["S"].startswith(card):
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
            raise dynamodb.exceptions.TransactionCanceledException(
                {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons},
                "TransactWriteItems",
            )

    dynamodb.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", look)


CARDS = ["a", "b", WAITING, BROKEN]
KINDS = ["good", "bad"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(st.tuples(st.sampled_from(CARDS), st.sampled_from(KINDS)), min_size=1, max_size=10))
def test_of_each_group_a_batch_returns_the_end_and_books_what_came_before(
    load_handler: LoadHandler, shop: Shop, batch: list[tuple[str, str]]
) -> None:
    fail_writes_of(shop.worker, BROKEN)
    run = f"-{next(shop.numbers)}"
    shop.worker.os.environ["UNDER_REVIEW"] = WAITING + run
    shop.aside.clear()
    records = [shop.record(card + run, 1 if kind == "good" else 0) for card, kind in batch]
    returned = shop.deliver(*records)
    for card in CARDS:
        mine = [(record, kind) for record, (owner, kind) in zip(records, batch, strict=True) if owner == card]
        stops = card in (WAITING, BROKEN)
        first = next((at for at, (_, kind) in enumerate(mine) if kind == "good" and stops), len(mine))
        ids = [record["messageId"] for record, _ in mine]
        assert [name for name in returned if name in ids] == ids[first:]
        if card != BROKEN:
            booked = sum(kind == "good" for _, kind in mine[:first])
            assert shop.card(card + run).get("booked", 0) == booked
    tried = [
        record["body"] for record in records if record["messageId"] not in returned and '"amount": 0' in record["body"]
    ]
    assert [sent["MessageBody"] for sent in shop.aside] == tried
