"""Webhook Receiver's handlers: what is refused and stored, and how a payment ends in whatever order events come."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client

SLUG = "webhook-receiver"
_runs = count(1)


class Shop:
    """All functions, with a secret, a queue and tables of their own."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        self.dynamodb, self.sqs, self.secrets = (client(name, aws) for name in ("dynamodb", "sqs", "secretsmanager"))
        run = next(_runs)
        self.queue = self.sqs.create_queue(QueueName=f"webhooks-{run}")["QueueUrl"]
        self.secret = self.secrets.create_secret(Name=f"webhooks-{run}", SecretString="first-key")["ARN"]
        self.events, self.payments = (make_table(SLUG, name) for name in ("EventsTable", "PaymentsTable"))
        self.environment = {
            "AWS_ENDPOINT_URL": aws,
            "SIGNING_SECRET": self.secret,
            "EVENT_QUEUE_URL": self.queue,
            "EVENTS_TABLE": self.events,
            "PAYMENTS_TABLE": self.payments,
            "TOLERANCE_SECONDS": "300",
            "DIES": "never",
            "API_ID": "api",
            "STAGE": "live",
        }
        self.load = load
        self.receiver = self.handler("receiver")
        self.worker = self.handler("worker")
        self.reader = self.handler("reader")

    def handler(self, name: str) -> Any:
        return self.load(f"{SLUG}/functions/{name}/app.py", **self.environment)

    def post(self, body: bytes, headers: dict[str, str], function: Any = None, *, binary: bool = False) -> int:
        event = {
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc", **headers},
            "body": base64.b64encode(body).decode() if binary else body.decode(),
            "isBase64Encoded": binary,
        }
        return int((function or self.receiver).handler(event, LambdaContext())["statusCode"])

    def deliver(self, body: bytes, *, number: str = "evt-1", function: Any = None, **changed: Any) -> int:
        return self.post(body, signed(body, number, **changed), function)

    def stored(self) -> list[dict[str, Any]]:
        found = []
        while more := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found.extend(more)
        return found

    def work(self, body: str, trace: str = "Root=1-abc") -> None:
        attributes = {"trace": {"stringValue": f"trace:{trace}"}}
        self.worker.handler(
            {"Records": [{"messageId": "m", "body": body, "messageAttributes": attributes}]}, LambdaContext()
        )

    def apply(self, number: str, payment: str, version: int, status: str = "paid") -> None:
        self.work(json.dumps({"event": number, "body": payload(payment, version, status).decode()}))

    def look(self, payment: str) -> dict[str, Any]:
        answer = self.reader.handler({"headers": None, "pathParameters": {"payment": payment}}, LambdaContext())
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}


def payload(payment: str = "pay-1", version: int = 1, status: str = "paid") -> bytes:
    return (
        f'{{"type": "payment.{status}", "payment": "{payment}", "version": {version}, "amount": 12.50, "s": "Töpfe"}}'
    ).encode()


def signed(
    body: bytes, number: str = "evt-1", *, age: float = 0, key: bytes = b"first-key", more: str = ""
) -> dict[str, str]:
    timestamp = str(int(time.time() - age))
    mac = hmac.digest(key, f"{number}.{timestamp}.".encode() + body, "sha256")
    signature = more + "v1," + base64.b64encode(mac).decode()
    return {"Webhook-Id": number, "webhook-timestamp": timestamp, "webhook-signature": signature}


@pytest.fixture
def shop(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Shop:
    return Shop(load_handler, make_table, embedded_aws)


def test_the_signature_is_that_of_standard_webhooks(shop: Shop) -> None:
    """The example of its specification and libraries, with their key, id and time."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    verify = shop.receiver.verify
    assert verify(headers, b'{"test": 2432232314}', [key], 1614265330, 300) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_a_genuine_delivery_is_stored_as_it_came_and_answered(shop: Shop, log_lines: LogLines) -> None:
    assert shop.deliver(payload()) == 202
    (message,) = shop.stored()
    assert json.loads(message["Body"]) == {"event": "evt-1", "body": payload().decode()}
    shop.work(message["Body"])
    assert shop.look("pay-1") == {
        "status_code": 200,
        "payment": "pay-1",
        "status": "paid",
        "version": 1,
        "events_applied": 1,
    }
    lines = log_lines()
    assert [line["step"] for line in lines] == ["delivery.stored", "payment.changed", "payment.read"]
    assert {line["trace"] for line in lines[:2]} == {"Root=1-abc"}


def test_a_binary_body_is_verified_as_the_bytes_that_it_is(shop: Shop) -> None:
    assert shop.post(payload(), signed(payload()), binary=True) == 202
    assert shop.post(b"\xff\xfe", signed(b"\xff\xfe"), binary=True) == 401
    assert len(shop.stored()) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(payload()) - 1), bit=st.integers(0, 6))
def test_a_delivery_with_one_changed_bit_is_refused(shop: Shop, at: int, bit: int) -> None:
    headers, body = signed(payload()), bytearray(payload())
    body[at] ^= 1 << bit
    assert shop.post(bytes(body), headers, binary=True) == 401


@pytest.mark.parametrize("name", ["Webhook-Id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed_and_signed(shop: Shop, name: str) -> None:
    headers = signed(payload())
    assert shop.post(payload(), {**headers, name: "1"}) == 401
    assert shop.post(payload(), {key: value for key, value in headers.items() if key != name}) == 401
    assert shop.stored() == []


@pytest.mark.parametrize("age", [301, 3600, -302, -86400])
def test_a_delivery_that_is_too_old_or_from_the_future_is_refused(shop: Shop, age: float) -> None:
    assert shop.deliver(payload(), age=age) == 401
    assert shop.stored() == []


@pytest.mark.parametrize("age", [0, 250, -250])
def test_a_delivery_of_about_now_is_accepted(shop: Shop, age: float) -> None:
    assert shop.deliver(payload(), age=age) == 202


def test_one_of_several_signatures_is_enough(shop: Shop) -> None:
    assert shop.deliver(payload(), more="v1,bm9uZQ== v2,x ") == 202
    assert shop.deliver(payload(), key=b"another", more="v1,bm9uZQ== ") == 401


def test_after_a_rotation_the_previous_key_still_works_and_an_older_one_does_not(shop: Shop) -> None:
    shop.secrets.put_secret_value(SecretId=shop.secret, SecretString="second-key")
    receiver = shop.handler("receiver")
    for key in (b"first-key", b"second-key"):
        assert shop.deliver(payload(), key=key, function=receiver) == 202
    shop.secrets.put_secret_value(SecretId=shop.secret, SecretString="third-key")
    assert shop.deliver(payload(), key=b"first-key", function=shop.handler("receiver")) == 401


def test_a_key_in_memory_goes_on_while_secrets_manager_does_not_answer(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.deliver(payload()) == 202
    own = shop.receiver.keys.__globals__
    refuse(shop, own["secrets"])
    monkeypatch.setitem(own, "_read_at", float("-inf"))
    assert shop.deliver(payload()) == 202
    monkeypatch.setitem(own, "_read_at", float("-inf"))
    monkeypatch.setitem(own, "_keys", [])
    assert shop.deliver(payload()) == 503


def refuse(shop: Shop, clients: Any) -> None:
    def look(model: Any, **_: Any) -> None:
        raise shop.receiver.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, model.name)

    clients.meta.events.register("before-call", look)


def test_a_delivery_that_cannot_be_stored_is_503(shop: Shop, log_lines: LogLines) -> None:
    refuse(shop, shop.receiver.sqs)
    assert shop.deliver(payload()) == 503
    assert [line["step"] for line in log_lines()] == ["delivery.not.stored"]


def test_a_body_that_is_too_large_is_413_before_anything_is_computed(shop: Shop) -> None:
    large = b"x" * (256 * 1024 + 1)
    assert shop.post(large, {}) == 413
    assert shop.deliver(large[:-1]) == 202


def test_an_event_that_comes_again_changes_nothing(shop: Shop, log_lines: LogLines) -> None:
    for _ in range(3):
        shop.apply("evt-1", "pay-1", 1)
    assert shop.look("pay-1")["events_applied"] == 1
    assert [line["step"] for line in log_lines()][:3] == ["payment.changed", "event.repeated", "event.repeated"]


def test_an_older_event_that_comes_late_changes_nothing(shop: Shop, log_lines: LogLines) -> None:
    shop.apply("evt-3", "pay-1", 3, "refunded")
    shop.apply("evt-2", "pay-1", 2, "paid")
    assert (shop.look("pay-1")["status"], shop.look("pay-1")["events_applied"]) == ("refunded", 1)
    assert [line["step"] for line in log_lines()][:2] == ["payment.changed", "event.overtaken"]


def test_the_twin_repeats_and_goes_backwards(shop: Shop) -> None:
    twin = shop.handler("naive_receiver")
    for number, version, status in (("evt-3", 3, "refunded"), ("evt-3", 3, "refunded"), ("evt-2", 2, "paid")):
        assert shop.deliver(payload(version=version, status=status), number=number, function=twin) == 200
    found = shop.look("pay-1")
    assert (found["status"], found["version"], found["events_applied"]) == ("paid", 2, 3)
    assert shop.deliver(payload(), age=3600, function=twin) == 401
    assert shop.deliver(b"{}", function=twin) == 400
    refuse(shop, twin.dynamodb)
    assert shop.deliver(payload(), function=twin) == 500


def test_a_failing_table_leaves_the_message_in_the_queue(shop: Shop, log_lines: LogLines) -> None:
    refuse(shop, shop.worker.dynamodb)
    with pytest.raises(shop.receiver.ClientError):
        shop.apply("evt-1", "pay-1", 1)
    assert [line["step"] for line in log_lines()] == ["event.failed"]


def test_a_worker_killed_after_its_write_applies_the_event_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """Stands for the end of the process."""

    def end(code: int) -> None:
        raise Killed(code)

    monkeypatch.setattr("os._exit", end)
    monkeypatch.setenv("DIES", "after-write")
    with pytest.raises(Killed):
        shop.apply("evt-1", "pay-1", 1)
    shop.apply("evt-1", "pay-1", 1)
    assert shop.look("pay-1")["events_applied"] == 1


BAD = [
    "{",
    "[]",
    "null",
    "{}",
    "[" * 100_000,
    json.dumps({"event": "evt-1", "body": "no JSON"}),
    json.dumps({"event": "evt-1", "body": "[" * 100_000}),
    json.dumps({"event": "evt-1", "body": "{}"}),
    json.dumps({"event": "evt 1", "body": payload().decode()}),
    json.dumps({"event": "evt-1", "body": payload(payment="a b").decode()}),
    json.dumps({"event": "evt-1", "body": payload(status="stolen").decode()}),
    json.dumps({"event": "evt-1", "body": payload(version=0).decode()}),
    json.dumps({"event": "evt-1", "body": payload(version=10**40).decode()}),
    json.dumps({"event": "evt-1", "body": payload().decode().replace("1,", '"1",')}),
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:60])
def test_a_message_that_is_no_event_is_left_in_the_queue_and_changes_nothing(shop: Shop, body: str) -> None:
    with pytest.raises(shop.worker.event_in.__globals__["NotAnEvent"]):
        shop.work(body)
    assert shop.look("pay-1")["status_code"] == 404


def test_the_provider_signs_what_the_receiver_accepts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = shop.handler("provider")
    statuses = iter([500, 0, 202, 202, 401, 401, 401])
    sent: list[tuple[str, dict[str, str]]] = []

    def send(payload: str, signed: dict[str, str], trace: str) -> int:
        sent.append((payload, signed))
        return next(statuses)

    monkeypatch.setitem(provider.deliver.__globals__, "send", send)
    monkeypatch.setitem(provider.deliver.__globals__, "PAUSE_SECONDS", 0)

    def ask(**wanted: Any) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"payment": "pay-1", "status": "paid", "version": 2, **wanted})
        answer = provider.handler({"headers": None, "body": body}, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    status, body = ask(deliveries=2)
    assert (status, body["answers"]) == (200, [[500, 0, 202], [202]])
    assert shop.post(sent[0][0].encode(), sent[0][1]) == 202
    assert ask(deliveries=1)[0] == 502
    status, body = ask(age_seconds=3600)
    assert (status, body["answers"]) == (200, [])
    headers = {
        "webhook-id": body["id"],
        "webhook-timestamp": body["timestamp"],
        "webhook-signature": body["signature"],
    }
    assert shop.post(body["payload"].encode(), headers) == 401


def test_the_provider_finds_the_api_in_a_lab_and_on_aws(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = shop.handler("provider")
    assert provider.webhook_url().endswith("/_aws/execute-api/api/live/webhooks/payments")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert provider.webhook_url() == "https://api.execute-api.us-east-1.amazonaws.com/live/webhooks/payments"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_a_payment_ends_as_its_highest_version_in_any_order(shop: Shop, versions: list[int]) -> None:
    payment = f"pay-{next(_runs)}"
    for version in versions:
        shop.apply(f"{payment}-{version}", payment, version, ("authorized", "paid", "refunded", "paid")[version - 1])
    found = shop.look(payment)
    assert found["version"] == max(versions)
    rising = [version for place, version in enumerate(versions) if all(version > one for one in versions[:place])]
    assert found["events_applied"] == len(rising)
