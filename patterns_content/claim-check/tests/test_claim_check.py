"""Claim Check's handlers, against a real bucket, queues and table: what is stored, sent, booked and deleted."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client, repeat_each, resources

SLUG = "claim-check"
_runs = count(1)


class Grocer:
    """The exporter, the worker and the reader, with a bucket, two queues and a table of their own."""

    def __init__(self, load: LoadHandler, table: str, aws: str) -> None:
        run = next(_runs)
        self.s3, self.sqs = client("s3", aws), client("sqs", aws)
        self.bucket = f"exports-{run}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.claims = self.sqs.create_queue(QueueName=f"claims-{run}")["QueueUrl"]
        self.aside = self.sqs.create_queue(QueueName=f"aside-{run}")["QueueUrl"]
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "EXPORT_BUCKET": self.bucket,
            "CLAIM_QUEUE_URL": self.claims,
            "DEAD_LETTERS_URL": self.aside,
            "STOCK_TABLE": table,
        }
        self.exporter = load(f"{SLUG}/functions/exporter/app.py", **environment)
        self.worker = load(f"{SLUG}/functions/worker/app.py", **environment)
        self.stock = load(f"{SLUG}/functions/stock/app.py", **environment)

    def export(self, store: str, articles: int) -> dict[str, Any]:
        event = {
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "pathParameters": {"store": store},
            "body": json.dumps({"articles": articles}),
        }
        answer = self.exporter.handler(event, LambdaContext())
        return {"status_code": answer["statusCode"], **json.loads(answer["body"])}

    def receive(self, url: str) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
        )
        return list(found.get("Messages", []))

    def claim(self) -> dict[str, Any]:
        """The record that Lambda makes of the last message in the queue."""
        message = self.receive(self.claims)[-1]
        return self.record(message["Body"], message["ReceiptHandle"])

    def record(self, body: str, handle: str = "handle") -> dict[str, Any]:
        return {
            "messageId": "m-1",
            "receiptHandle": handle,
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {"trace": {"dataType": "String", "stringValue": "trace:Root=1-abc"}},
        }

    def deliver(self, record: dict[str, Any]) -> bool:
        """Whether the worker is done with this record."""
        answer: dict[str, Any] = self.worker.handler({"Records": [record]}, LambdaContext())
        return answer == {"batchItemFailures": []}

    def booked(self, store: str) -> dict[str, Any]:
        answer = self.stock.handler({"headers": None, "pathParameters": {"store": store}}, LambdaContext())
        return {"status": answer["statusCode"], **json.loads(answer["body"])}

    def objects(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def refuse(self, clients: Any, service: str, *operations: str, status: int = 403, retries: int = 0) -> None:
        def look(model: Any, **_: Any) -> None:
            if model.name in operations:
                answer = {"HTTPStatusCode": status, "RetryAttempts": retries}
                error = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": answer}
                raise self.worker.ClientError(error, model.name)

        clients.meta.events.register(f"before-call.{service}", look)


@pytest.fixture
def grocer(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Grocer:
    return Grocer(load_handler, make_table(SLUG, "StockTable"), embedded_aws)


def test_an_export_is_stored_claimed_booked_and_deleted(grocer: Grocer, log_lines: LogLines) -> None:
    answer = grocer.export("shop", 100)
    assert (answer["status_code"], answer["bytes"]) == (202, 7500)
    assert grocer.objects() == [f"exports/{answer['export']}"]
    record = grocer.claim()
    assert len(record["body"]) == answer["sent_bytes"] < 250
    assert grocer.deliver(record)
    found = grocer.booked("shop")
    assert (found["exports"], found["articles"], found["bytes"]) == (1, 100, 7500)
    assert grocer.objects() == []
    lines = log_lines()
    steps = ["export.stored", "claim.sent", "export.booked", "export.deleted", "store.read"]
    assert [line["step"] for line in lines] == steps
    assert {line["trace"] for line in lines[:-1]} == {"Root=1-abc"}


@pytest.mark.parametrize("articles", [1, 30_000])
def test_the_message_has_the_same_size_for_the_smallest_and_the_largest_export(grocer: Grocer, articles: int) -> None:
    assert grocer.export("shop", articles)["sent_bytes"] < 250
    assert grocer.deliver(grocer.claim())
    assert grocer.booked("shop")["articles"] == articles


@pytest.mark.parametrize("store", ["", "a/b", "../x", "a" * 65, "ä"])
def test_a_name_that_is_none_is_refused_before_anything_is_stored(grocer: Grocer, store: str) -> None:
    assert grocer.export(store, 1)["status_code"] == 400
    assert grocer.objects() == []


def test_a_claim_that_sqs_refuses_leaves_no_object(grocer: Grocer) -> None:
    grocer.refuse(grocer.exporter.sqs, "sqs", "SendMessage")
    assert grocer.export("shop", 1)["status_code"] == 503
    assert (grocer.objects(), grocer.receive(grocer.claims)) == ([], [])


@pytest.mark.parametrize(("status", "retries"), [(500, 0), (503, 4), (403, 1)])
def test_an_object_stays_unless_sqs_certainly_has_no_claim(grocer: Grocer, status: int, retries: int) -> None:
    """A failure of SQS itself, or an attempt before the refusal, may have left a claim in the queue."""
    grocer.refuse(grocer.exporter.sqs, "sqs", "SendMessage", status=status, retries=retries)
    assert grocer.export("shop", 1)["status_code"] == 503
    assert len(grocer.objects()) == 1


BODIES = [None, "", "{", "[]", "null", '{"articles": "7"}', '{"articles": 1.5}', '{"articles": true}', "[" * 100_000]
BODIES += ['{"articles": 0}', '{"articles": 30001}']


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:24])
@pytest.mark.parametrize("naive", [False, True])
def test_a_body_that_the_gateways_model_did_not_see_is_a_400(
    grocer: Grocer, load_handler: LoadHandler, naive: bool, body: str | None
) -> None:
    """The model is for application/json. API Gateway passes a body of any other type on unchecked."""
    handler = load_handler(f"{SLUG}/functions/naive_exporter/app.py").handler if naive else grocer.exporter.handler
    event = {"headers": {"content-type": "text/plain"}, "pathParameters": {"store": "shop"}, "body": body}
    assert handler(event, LambdaContext())["statusCode"] == 400
    assert (grocer.objects(), grocer.receive(grocer.claims)) == ([], [])


def test_a_store_that_cannot_be_is_a_404(grocer: Grocer) -> None:
    """A key longer than 2,048 bytes would be an error of DynamoDB."""
    assert grocer.booked("s" * 3000)["status"] == 404


def test_claims_are_retried_for_about_twelve_minutes(grocer: Grocer) -> None:
    receives = resources(SLUG)["ClaimQueue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    longest = [min(2**attempt, grocer.worker.LONGEST_WAIT_SECONDS) for attempt in range(1, receives)]
    assert 11.5 < sum((1 + most) / 2 for most in longest) / 60 < 12.5


def test_an_object_that_s3_refuses_is_not_claimed(grocer: Grocer) -> None:
    grocer.refuse(grocer.exporter.s3, "s3", "PutObject")
    assert grocer.export("shop", 1)["status_code"] == 503
    assert grocer.receive(grocer.claims) == []


def test_an_object_whose_claim_may_have_been_sent_stays(grocer: Grocer) -> None:
    def lose(model: Any, **_: Any) -> None:
        if model.name == "SendMessage":
            raise grocer.exporter.BotoCoreError

    grocer.exporter.sqs.meta.events.register("after-call.sqs", lose)
    assert grocer.export("shop", 1)["status_code"] == 503
    assert len(grocer.objects()) == 1
    assert grocer.deliver(grocer.claim())
    assert grocer.booked("shop")["exports"] == 1


def test_a_claim_that_is_delivered_twice_is_booked_once(grocer: Grocer, log_lines: LogLines) -> None:
    grocer.export("shop", 3)
    record = grocer.claim()
    assert grocer.deliver(record)
    assert grocer.deliver(record)
    assert grocer.booked("shop")["exports"] == 1
    assert [line["step"] for line in log_lines()].count("export.repeated") == 1
    assert grocer.receive(grocer.aside) == []


def test_a_duplicate_that_finds_the_object_gone_in_the_meantime_is_no_dead_letter(grocer: Grocer) -> None:
    grocer.export("shop", 3)
    record = grocer.claim()
    names = grocer.worker.settle.__globals__
    fetch, other = names["fetch"], [True]

    def late(claim: dict[str, Any]) -> Any:
        if other and other.pop():
            assert grocer.deliver(record)
        return fetch(claim)

    names["fetch"] = late
    assert grocer.deliver(record)
    assert grocer.receive(grocer.aside) == []
    assert grocer.booked("shop")["exports"] == 1


def test_a_write_whose_answer_was_lost_books_once_and_deletes_the_object(grocer: Grocer) -> None:
    repeat_each(grocer.worker.book.__globals__["dynamodb"], "PutItem")
    grocer.export("shop", 3)
    assert grocer.deliver(grocer.claim())
    assert grocer.booked("shop")["exports"] == 1
    assert grocer.objects() == []


def test_an_object_that_cannot_be_deleted_is_no_reason_to_retry(grocer: Grocer, log_lines: LogLines) -> None:
    grocer.export("shop", 3)
    grocer.refuse(grocer.worker.release.__globals__["s3"], "s3", "DeleteObject")
    assert grocer.deliver(grocer.claim())
    assert len(grocer.objects()) == 1
    assert "export.left.behind" in [line["step"] for line in log_lines()]


def test_an_object_that_cannot_be_read_is_retried_and_kept(grocer: Grocer) -> None:
    grocer.export("shop", 3)
    grocer.refuse(grocer.worker.release.__globals__["s3"], "s3", "GetObject")
    assert not grocer.deliver(grocer.claim())
    assert len(grocer.objects()) == 1
    assert grocer.booked("shop")["status"] == 404


@pytest.mark.parametrize("change", [b"", b"{}\n", b"x" * 225])
def test_an_object_that_is_not_what_the_claim_says_is_set_aside_and_kept(grocer: Grocer, change: bytes) -> None:
    export = grocer.export("shop", 3)["export"]
    grocer.s3.put_object(Bucket=grocer.bucket, Key=f"exports/{export}", Body=change)
    assert grocer.deliver(grocer.claim())
    (aside,) = grocer.receive(grocer.aside)
    assert json.loads(aside["Body"])["export"] == export
    assert aside["MessageAttributes"]["reason"]["StringValue"].startswith("the export")
    assert len(grocer.objects()) == 1


@pytest.mark.parametrize("line", [b"null\n", b"{}\n", b'{"pieces": "1"}\n', b'{"pieces": -1}\n', b"[" * 100_000])
def test_an_export_with_a_line_that_is_no_count_is_not_booked(grocer: Grocer, line: bytes) -> None:
    with pytest.raises(grocer.worker.CannotBook):
        grocer.worker.count(b'{"pieces": 1}\n' + line)


ID = "6f9c0c0e-8a43-4d0e-9a0a-9a3c3b3f6a01"
BAD = [
    "{",
    "[]",
    '"text"',
    "[" * 100_000,
    json.dumps({"store": "shop", "export": "../salaries", "bytes": 1, "sha256": "0"}),
    json.dumps({"store": "shop", "export": ID.upper(), "bytes": 1, "sha256": "0"}),
    json.dumps({"store": "a/b", "export": ID, "bytes": 1, "sha256": "0"}),
    json.dumps({"store": "shop", "export": ID, "bytes": -1, "sha256": "0"}),
    json.dumps({"store": "shop", "export": ID, "bytes": 20 * 1024 * 1024 + 1, "sha256": "0"}),
    json.dumps({"store": "shop", "export": ID, "bytes": "1", "sha256": "0"}),
    json.dumps({"store": "shop", "export": ID, "bytes": 1}),
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:60])
def test_what_is_no_claim_is_set_aside_and_nothing_is_read(grocer: Grocer, body: str) -> None:
    grocer.refuse(grocer.worker.release.__globals__["s3"], "s3", "GetObject", "DeleteObject")
    assert grocer.deliver(grocer.record(body))
    (aside,) = grocer.receive(grocer.aside)
    assert aside["Body"] == body


def test_what_cannot_be_set_aside_is_retried(grocer: Grocer) -> None:
    grocer.refuse(grocer.worker.sqs, "sqs", "SendMessage")
    assert not grocer.deliver(grocer.record("{"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.dictionaries(st.sampled_from(["bucket", "key", "Bucket", "Key", "prefix"]), st.text(), max_size=5))
def test_no_claim_points_the_worker_to_another_place(grocer: Grocer, names: dict[str, str]) -> None:
    sent = {**names, "store": "shop", "export": ID, "bytes": 1, "sha256": "0"}
    claims = grocer.worker.release.__globals__
    place = claims["place_of"](grocer.worker.claim_in(json.dumps(sent)))
    assert place == {"Bucket": claims["os"].environ["EXPORT_BUCKET"], "Key": f"exports/{ID}"}


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (5000, 30)])
def test_waits_are_fully_jittered_up_to_a_limit_that_doubles(grocer: Grocer, attempt: int, longest: int) -> None:
    assert {grocer.worker.wait_after(attempt) for _ in range(2000)} == set(range(1, longest + 1))


def test_the_twin_refuses_what_a_message_cannot_hold(
    load_handler: LoadHandler, grocer: Grocer, embedded_aws: str
) -> None:
    twin = load_handler(
        f"{SLUG}/functions/naive_exporter/app.py", AWS_ENDPOINT_URL=embedded_aws, EXPORT_QUEUE_URL=grocer.claims
    )
    for articles, status in ((100, 202), (20_000, 413)):
        event = {"headers": None, "pathParameters": {"store": "s"}, "body": json.dumps({"articles": articles})}
        assert twin.handler(event, LambdaContext())["statusCode"] == status


def test_the_twin_books_what_the_message_carries_and_sets_aside_what_it_cannot_read(
    load_handler: LoadHandler, make_table: Callable[[str, str], str], grocer: Grocer, embedded_aws: str
) -> None:
    table = make_table(SLUG, "StockTable")
    twin = load_handler(
        f"{SLUG}/functions/naive_worker/app.py",
        AWS_ENDPOINT_URL=embedded_aws,
        STOCK_TABLE=table,
        DEAD_LETTERS_URL=grocer.aside,
    )
    good = grocer.record('{"pieces": 4}\n{"pieces": 5}\n')
    for name, value in (("store", "shop"), ("export", "one")):
        good["messageAttributes"][name] = {"dataType": "String", "stringValue": value}
    answer = twin.handler({"Records": [good, grocer.record("no JSON")]}, LambdaContext())
    assert answer == {"batchItemFailures": []}
    (row,) = client("dynamodb", embedded_aws).scan(TableName=table)["Items"]
    assert (row["articles"]["N"], row["pieces"]["N"]) == ("2", "9")
    assert [aside["Body"] for aside in grocer.receive(grocer.aside)] == ["no JSON"]
