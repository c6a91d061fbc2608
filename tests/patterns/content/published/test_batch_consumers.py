"""Every batch consumer of the catalogue with batches of which some records are bad: none touches or repeats another.

The handlers run against tables and queues of the embedded AWS, in front of which stand the limits that AWS has and the
emulator has not: a key has at most 2,048 bytes, a sort key 1,024, and a number 38 digits.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as st

from catalogue.patterns.cloudformation.template import Resource, referenced_ids
from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from handler_tests import LambdaContext, LoadHandler, client

BAD = ("no JSON", "no object", "nested", "a long key", "a lone surrogate", "a failing put", "a huge number", "no trace")
"""What can be wrong with a record. The last is none of it: a record that is only unusual."""
FAILING = "put-fails"
CONTENT = Path(settings.BASE_DIR) / "patterns_content"


@dataclass(frozen=True)
class Consumer:
    """How one consumer of the catalogue is fed, and where its work shows."""

    slug: str
    function: str
    table: str
    """Logical id of the table that gets one item for each record."""
    key: str
    body: Callable[[str], dict[str, Any]]
    """A good body for the record with this number."""
    tables: Mapping[str, str]
    """Environment variables that name tables, with their logical ids."""
    environment: Mapping[str, str] = field(default_factory=dict)
    number: str = ""
    """A field whose number goes into the table, if there is one."""
    part: str = ""
    """The member of the body that has the key; empty if that is the body itself."""
    patches: Mapping[str, Any] = field(default_factory=dict)
    """Globals to set in the module that `pack` comes from, so that nothing sleeps."""

    @property
    def id(self) -> str:
        return f"{self.slug}/{self.function}"


def order(number: str) -> dict[str, Any]:
    return {"order": number, "item": "mug", "delivery": "parcel", "total_cents": 2400}


CONSUMERS = (
    Consumer(
        "queue-based-load-leveling",
        "WorkerFunction",
        "OrdersTable",
        "order",
        lambda number: {"order": number, "item": "mug"},
        {"ORDERS_TABLE": "OrdersTable", "TERMINALS_TABLE": "TerminalsTable"},
        {"STOCKED": "mug", "TERMINALS": "2"},
        patches={"PACKING_SECONDS": 0},
    ),
    Consumer(
        "queue-based-event-distribution",
        "BillingFunction",
        "InvoicesTable",
        "order",
        order,
        {"INVOICES_TABLE": "InvoicesTable"},
        {"VAT_PERCENT": "19"},
        number="total_cents",
    ),
    Consumer(
        "queue-based-event-distribution",
        "ShippingFunction",
        "ShipmentsTable",
        "order",
        order,
        {"SHIPMENTS_TABLE": "ShipmentsTable"},
    ),
    Consumer(
        "queue-based-event-distribution",
        "AnalyticsFunction",
        "CountedTable",
        "order",
        order,
        {"COUNTED_TABLE": "CountedTable"},
    ),
    Consumer(
        "dead-letter-triage",
        "WorkerFunction",
        "OrdersTable",
        "order",
        lambda number: {"order": number, "version": 1, "quantity": 2, "unit": "piece"},
        {"ORDERS_TABLE": "OrdersTable"},
        {"UNITS": "piece", "OVEN": "works"},
        number="version",
    ),
    Consumer(
        "gateway-proxy",
        "Recorder",
        "Scans",
        "parcel",
        lambda number: {"parcel": number, "scanned_at": "2026-11-23T09:00:00Z", "depot": "north"},
        {"SCANS_TABLE": "Scans"},
    ),
    Consumer(
        "transactional-outbox",
        "DeliveryFunction",
        "DeliveriesTable",
        "order",
        lambda number: {"type": "order.placed", "event": f"event-{number}", "order": number, "street": "1 Mill Lane"},
        {"DELIVERIES_TABLE": "DeliveriesTable"},
    ),
    Consumer(
        "event-router",
        "SeatingFunction",
        "SeatsTable",
        "event",
        lambda number: {
            "detail-type": "ticket.sold",
            "detail": {"id": number, "show": "opera", "seat": "A1", "euros": 150, "trace": ""},
        },
        {"SEATS_TABLE": "SeatsTable"},
        part="detail",
    ),
    Consumer(
        "event-router",
        "AccountingFunction",
        "BookingsTable",
        "booking",
        lambda number: {"booking": number, "show": "opera", "amount": 150, "trace": ""},
        {"BOOKINGS_TABLE": "BookingsTable"},
        number="amount",
    ),
)
ONE_AT_A_TIME = {
    "asynchronous-request-reply/WorkerFunction",
    "claim-check/WorkerFunction",
    "retry-budget/ReserveFunction",
    "webhook-receiver/WorkerFunction",
}
"""Consumers whose event source hands them one record at a time: no record has a neighbor."""
IN_ORDER = {"ordered-groups/WorkerFunction"}
"""Consumers of a FIFO queue: a record that fails holds back those of its group. Their own tests have mixed batches."""


def test_every_consumer_of_a_queue_is_among_them() -> None:
    found: set[str] = set()
    single: set[str] = set()
    for folder in pattern_folders(CONTENT):
        pattern = load_pattern(folder)
        for mapping in pattern.template.of_type("AWS::Lambda::EventSourceMapping"):
            if mapping.property("StartingPosition"):  # of a stream, which has no identifiers of messages
                continue
            (function,) = referenced_ids(mapping.property("FunctionName"))
            one = mapping.property("BatchSize") == 1
            (single if one else found).add(f"{pattern.slug}/{function}")
    assert found == {consumer.id for consumer in CONSUMERS} | IN_ORDER
    assert single == ONE_AT_A_TIME


class Aws:
    """The handler's AWS: the embedded one, with the limits of the real one and one kind of put that fails."""

    def __init__(self, module: ModuleType) -> None:
        self.written: Counter[str] = Counter()
        self.aside: list[str] = []
        self.keys: Mapping[str, str] = {}
        for found in _clients(module):
            events = found.meta.events
            events.register("provide-client-params.dynamodb.PutItem", self._put)
            events.register("after-call.dynamodb.PutItem", self._was_put)
            events.register("provide-client-params.sqs.SendMessage", self._sent)
            events.register("provide-client-params.sqs.ChangeMessageVisibility", self._hidden)

    def _put(self, params: Mapping[str, Any], **_: Any) -> None:
        for name, value in params["Item"].items():
            if isinstance(value, str) and len(value.encode()) > 1024:
                raise _error("ValidationException", f"{name} exceeds the size limit", "PutItem")
        if any(len(digits) > 38 for digits in re.findall(r"\d+", json.dumps(params["Item"], default=str))):
            raise _error("ValidationException", "Attempting to store more than 38 significant digits", "PutItem")
        if FAILING in json.dumps(params["Item"]):
            raise _error("InternalServerError", "Try again", "PutItem")
        self.last = json.dumps(params["Item"], default=str)

    def _was_put(self, http_response: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            self.written[self.last] += 1

    def _sent(self, params: Mapping[str, Any], **_: Any) -> None:
        self.aside.append(params["MessageBody"])

    def _hidden(self, **_: Any) -> None:
        raise _error("ReceiptHandleIsInvalid", "There is no such message", "ChangeMessageVisibility")


def _clients(module: ModuleType) -> list[Any]:
    """Every boto3 client of the handler and of the modules beside it, once."""
    modules = [vars(module)]
    if "pack" in vars(module):
        modules.append(vars(module)["pack"].__globals__)
    found = {}
    for value in (value for names in modules for value in names.values()):
        client = getattr(getattr(value, "meta", None), "client", value)
        if hasattr(getattr(client, "meta", None), "events"):
            found[id(client)] = client
    return list(found.values())


def _error(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def body_of(consumer: Consumer, number: str, what: str) -> str:
    """The text of a record that is good, or bad in this way."""
    good = consumer.body(number)
    match what:
        case "no JSON":
            return '{"parcel": '
        case "no object":
            return '"text"'
        case "nested":
            return "[" * 100_000
        case "a long key":
            return json.dumps(_with_key(consumer, good, "9" * 2049))
        case "a lone surrogate":
            return json.dumps(_with_key(consumer, good, "\ud800"))
        case "a huge number":
            return json.dumps({**good, consumer.number: 10**40})
        case "a failing put":
            return json.dumps(_with_key(consumer, good, f"{FAILING}-{number}"))
        case _:
            return json.dumps(good)


def _with_key(consumer: Consumer, good: dict[str, Any], value: str) -> dict[str, Any]:
    if not consumer.part:
        return {**good, consumer.key: value}
    return {**good, consumer.part: {**good[consumer.part], "id": value}}


def kinds_for(consumer: Consumer) -> list[str]:
    """What a record of this consumer can be. One without numbers has none that is too large."""
    return [kind for kind in ("good", *BAD) if consumer.number or kind != "a huge number"]


def record(consumer: Consumer, number: str, what: str, attempt: int) -> dict[str, Any]:
    trace = {} if what == "no trace" else {"trace": {"dataType": "String", "stringValue": "Root=1-abc"}}
    return {
        "messageId": number,
        "receiptHandle": f"handle-{number}",
        "body": body_of(consumer, number, what),
        "attributes": {"ApproximateReceiveCount": str(attempt)},
        "messageAttributes": trace,
    }


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.id)
def test_a_bad_record_touches_no_other_and_repeats_none(
    consumer: Consumer,
    load_handler: LoadHandler,
    make_table: Callable[[str, str], str],
    embedded_aws: str,
    context: LambdaContext,
) -> None:
    names = {variable: make_table(consumer.slug, table) for variable, table in consumer.tables.items()}
    queue = client("sqs", embedded_aws).create_queue(QueueName=f"aside-{consumer.function}")
    template = load_pattern(CONTENT / consumer.slug).template
    module = load_handler(
        f"{consumer.slug}/{_folder(template.resources[consumer.function])}/app.py",
        AWS_ENDPOINT_URL=embedded_aws,
        DEAD_LETTERS_URL=queue["QueueUrl"],
        QUEUE_URL=queue["QueueUrl"],
        **names,
        **consumer.environment,
    )
    if consumer.patches:
        module.pack.__globals__.update(consumer.patches)
    aws = Aws(module)
    batches = iter(range(10_000))

    @search(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(st.sampled_from(kinds_for(consumer)), min_size=1, max_size=10))
    def holds(kinds: list[str]) -> None:
        batch = next(batches)
        numbers = {f"b{batch}-{index}": what for index, what in enumerate(kinds)}
        aws.written.clear()
        aws.aside.clear()
        waiting, tries = dict(numbers), 0
        while waiting and tries < 3:
            tries += 1
            records = [record(consumer, number, what, tries) for number, what in waiting.items()]
            failed = {
                item["itemIdentifier"] for item in module.handler({"Records": records}, context)["batchItemFailures"]
            }
            assert failed <= waiting.keys()
            good = {number for number, what in waiting.items() if what in ("good", "no trace")}
            assert not failed & good, "a good record was made to come again"
            waiting = {number: what for number, what in waiting.items() if number in failed}
        for number, what in numbers.items():
            written = sum(count for item, count in aws.written.items() if f'"{number}"' in item)
            assert written == (1 if what in ("good", "no trace") else 0), (number, what)
        gone = [what for number, what in numbers.items() if what in BAD[:-1] and number not in waiting]
        assert len(aws.aside) == len(gone), "what is neither done nor to come again must be in the dead-letter queue"

    holds()


def _folder(function: Resource) -> str:
    return str(function.property("CodeUri")).rstrip("/")
