"""Asynchronous Request Reply's handlers, on a real table and queue: who works, and what the caller hears."""

import json
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from tests.patterns_content.conftest import LambdaContext, LoadHandler, LogLines

SLUG = "asynchronous-request-reply"
FUNCTIONS = f"{SLUG}/functions"
TRACE = "Root=1-65000000-000000000000000000000001"
ORDER = {"artwork": "lighthouse", "font": "Garamond", "pages": 3}


class PrintShop:
    """All functions of the pattern, on a table and a queue of their own."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.sqs = session.client("sqs", endpoint_url=aws)
        self.dynamodb = session.client("dynamodb", endpoint_url=aws)
        self.table = make_table(SLUG, "JobsTable")
        self.queue = self.sqs.create_queue(QueueName=self.table)["QueueUrl"]
        variables = {"AWS_ENDPOINT_URL": aws, "JOBS_TABLE": self.table, "JOBS_QUEUE": self.queue}
        variables["SECONDS_PER_PAGE"] = "0"
        self.intake, self.worker, self.status, self.cancel, self.result = (
            load(f"{FUNCTIONS}/{name}/app.py", **variables)
            for name in ("intake", "worker", "status", "cancel", "result")
        )

    def order(self, key: str | None = None, **changes: Any) -> dict[str, Any]:
        headers = {"X-Amzn-Trace-Id": TRACE} | ({"Idempotency-Key": key} if key else {})
        event = {"headers": headers, "body": json.dumps({**ORDER, **changes})}
        answer: dict[str, Any] = self.intake.handler(event, LambdaContext())
        return answer

    def accepted(self, key: str | None = None, **changes: Any) -> str:
        answer = self.order(key, **changes)
        assert answer["statusCode"] == 202
        return str(json.loads(answer["body"])["job"])

    def ask(self, function: ModuleType, job: str) -> tuple[int, dict[str, str], dict[str, Any]]:
        answer = function.handler({"headers": {}, "pathParameters": {"id": job}}, LambdaContext())
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    def messages(self) -> list[Any]:
        received = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        )
        return list(received.get("Messages", []))

    def work(self, job: str, invocation: str = "invocation-1") -> dict[str, Any]:
        """Deliver the job's message to the worker, once."""
        record = {
            "messageId": "m-1",
            "body": json.dumps({"job": job}),
            "attributes": {"AWSTraceHeader": TRACE},
        }
        answer: dict[str, Any] = self.worker.handler({"Records": [record]}, LambdaContext(invocation))
        return answer

    def change(self, job: str, name: str, value: float) -> None:
        """Set a number of the job's item, to move its clock."""
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"id": {"S": job}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"N": str(value)}},
        )


@pytest.fixture
def shop(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> PrintShop:
    return PrintShop(load_handler, make_table, embedded_aws)


class TestIntake:
    def test_an_order_is_accepted_with_the_jobs_address_and_queued_with_its_trace(self, shop: PrintShop) -> None:
        answer = shop.order()
        job = json.loads(answer["body"])["job"]
        assert answer["statusCode"] == 202
        assert (answer["headers"]["Location"], answer["headers"]["Retry-After"]) == (f"jobs/{job}", "1")
        (message,) = shop.messages()
        assert json.loads(message["Body"]) == {"job": job}
        assert message["Attributes"]["AWSTraceHeader"] == TRACE

    def test_a_trace_header_that_is_none_is_not_passed_on(self, shop: PrintShop) -> None:
        event = {"headers": {"x-amzn-trace-id": "<nonsense>"}, "body": json.dumps(ORDER)}
        assert shop.intake.handler(event, LambdaContext())["statusCode"] == 202
        (message,) = shop.messages()
        assert "AWSTraceHeader" not in message.get("Attributes", {})

    def test_two_orders_without_a_key_are_two_jobs(self, shop: PrintShop) -> None:
        assert shop.accepted() != shop.accepted()

    def test_a_repeated_order_gets_the_same_job_and_no_second_message(self, shop: PrintShop) -> None:
        first, second = shop.order("harbour-1"), shop.order("harbour-1")
        assert first["body"] == second["body"]
        assert first["headers"]["Location"] == second["headers"]["Location"]
        assert first["headers"]["Idempotent-Replayed"] == "false"
        assert second["headers"]["Idempotent-Replayed"] == "true"
        assert len(shop.messages()) == 1

    def test_a_repeated_order_queues_a_job_anew_whose_message_seems_lost(self, shop: PrintShop) -> None:
        job = shop.accepted("harbour-1")
        shop.change(job, "created_at", int(time.time()) - 31)
        shop.accepted("harbour-1")
        assert len(shop.messages()) == 2

    def test_a_repeated_order_for_a_job_that_is_done_queues_nothing(self, shop: PrintShop) -> None:
        job = shop.accepted("harbour-1")
        shop.work(job)
        shop.change(job, "created_at", int(time.time()) - 31)
        shop.accepted("harbour-1")
        assert len(shop.messages()) == 1

    def test_a_key_of_another_order_is_a_422(self, shop: PrintShop) -> None:
        shop.accepted("harbour-1")
        assert shop.order("harbour-1", pages=30)["statusCode"] == 422
        assert len(shop.messages()) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"pages": 0},
            {"pages": 101},
            {"pages": 1.5},
            {"pages": True},
            {"pages": "3"},
            {"font": ""},
            {"font": ["Garamond"]},
            {"artwork": "x" * 81},
        ],
    )
    def test_an_order_that_cannot_be_read_is_a_400(self, load_handler: LoadHandler, changes: dict[str, Any]) -> None:
        intake = load_handler(f"{FUNCTIONS}/intake/app.py")
        answer = intake.handler({"headers": {}, "body": json.dumps({**ORDER, **changes})}, LambdaContext())
        assert answer["statusCode"] == 400
        assert answer["headers"]["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("body", [None, "", "{", "[]", "null", "{}"])
    def test_a_body_that_is_no_order_is_a_400(self, load_handler: LoadHandler, body: str | None) -> None:
        intake = load_handler(f"{FUNCTIONS}/intake/app.py")
        assert intake.handler({"headers": {}, "body": body}, LambdaContext())["statusCode"] == 400

    @pytest.mark.parametrize("key", ["short", "x" * 129])
    def test_a_misfit_key_is_a_400(self, load_handler: LoadHandler, key: str) -> None:
        event = {"headers": {"idempotency-key": key}, "body": json.dumps(ORDER)}
        answer = load_handler(f"{FUNCTIONS}/intake/app.py").handler(event, LambdaContext())
        assert answer["statusCode"] == 400


class TestAsking:
    def test_a_waiting_job_is_told_with_200_and_when_to_ask_again(self, shop: PrintShop) -> None:
        status, headers, body = shop.ask(shop.status, shop.accepted())
        assert (status, headers["Retry-After"], headers["Cache-Control"]) == (200, "1", "no-store")
        assert (body["status"], body["progress"]) == ("queued", {"done": 0, "total": 3})

    def test_a_running_job_tells_how_far_it_is(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "one", time.time() + 60)
        shop.worker.note(job, "one", "running", 2)
        status, headers, body = shop.ask(shop.status, job)
        assert (status, headers["Retry-After"]) == (200, "1")
        assert (body["status"], body["detail"]) == ("running", "2 of 3 pages")

    def test_a_job_that_is_done_sends_on_to_its_proof(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.work(job)
        status, headers, _ = shop.ask(shop.status, job)
        assert (status, headers["Location"]) == (303, f"../proofs/{job}")
        assert "Retry-After" not in headers
        status, _, proof = shop.ask(shop.result, job)
        assert status == 200
        assert [page["number"] for page in proof["pages"]] == [1, 2, 3]
        assert len({page["sha256"] for page in proof["pages"]}) == 3

    def test_a_failed_job_is_told_with_200_the_reason_and_nothing_to_wait_for(self, shop: PrintShop) -> None:
        job = shop.accepted(font="Unobtainable Sans")
        assert shop.work(job) == {"batchItemFailures": []}
        status, headers, body = shop.ask(shop.status, job)
        assert (status, body["status"]) == (200, "failed")
        assert "Unobtainable Sans is not installed" in body["detail"]
        assert "Retry-After" not in headers

    def test_a_job_past_its_deadline_counts_as_failed_and_is_not_begun_any_more(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.change(job, "deadline", int(time.time()) - 1)
        assert shop.ask(shop.status, job)[2]["status"] == "failed"
        shop.work(job)
        assert shop.ask(shop.status, job)[2]["status"] == "failed"

    def test_a_proof_that_is_not_there_yet_is_a_404(self, shop: PrintShop) -> None:
        assert shop.ask(shop.result, shop.accepted())[0] == 404

    def test_an_unknown_job_is_a_404_for_everybody(self, shop: PrintShop) -> None:
        for function in (shop.status, shop.cancel, shop.result):
            assert shop.ask(function, "0" * 32)[0] == 404


class TestWorking:
    def test_every_page_is_logged_with_the_trace_of_the_order(self, shop: PrintShop, log_lines: LogLines) -> None:
        job = shop.accepted()
        log_lines()
        shop.work(job)
        lines = log_lines()
        assert [line["step"] for line in lines] == ["job.started", *["page.rendered"] * 3, "job.succeeded"]
        assert {line["trace"] for line in lines} == {TRACE}

    def test_a_message_that_comes_again_after_the_end_does_nothing(self, shop: PrintShop, log_lines: LogLines) -> None:
        job = shop.accepted()
        shop.work(job)
        log_lines()
        assert shop.work(job, "invocation-2") == {"batchItemFailures": []}
        assert [line["step"] for line in log_lines()] == ["job.skipped"]

    def test_a_message_that_comes_again_during_the_work_is_put_back(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "one", time.time() + 60)
        assert shop.work(job, "two") == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}

    def test_a_job_whose_worker_died_is_taken_over_once_its_time_is_up(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "dead", time.time() - 1)
        shop.work(job, "two")
        assert shop.ask(shop.status, job)[0] == 303

    def test_a_worker_that_was_taken_over_may_not_write_any_more(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "slow", time.time() - 1)
        shop.worker.claim(job, "fast", time.time() + 60)
        with pytest.raises(shop.worker.Lost):
            shop.worker.note(job, "slow", "running", 1)


class TestCancelling:
    def test_a_waiting_job_is_cancelled_and_never_begun(self, shop: PrintShop, log_lines: LogLines) -> None:
        job = shop.accepted()
        assert shop.ask(shop.cancel, job)[0] == 200
        log_lines()
        shop.work(job)
        assert [line["step"] for line in log_lines()] == ["job.skipped"]
        status, headers, body = shop.ask(shop.status, job)
        assert (status, body["status"]) == (200, "cancelled")
        assert "Retry-After" not in headers

    def test_a_running_job_stops_at_its_next_page(
        self, shop: PrintShop, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = shop.accepted()
        log_lines()

        def render(artwork: str, number: int) -> str:
            if number == 2:
                shop.ask(shop.cancel, job)
            return "checksum"

        monkeypatch.setattr(shop.worker, "render", render)
        assert shop.work(job) == {"batchItemFailures": []}
        steps = [line["step"] for line in log_lines()]
        assert steps == ["job.started", "page.rendered", "job.cancelled", "job.stopped"]
        assert shop.ask(shop.status, job)[2]["status"] == "cancelled"

    def test_cancelling_twice_is_as_good_as_once(self, shop: PrintShop) -> None:
        job = shop.accepted()
        assert [shop.ask(shop.cancel, job)[0] for _ in range(2)] == [200, 200]

    def test_a_job_that_is_over_cannot_be_cancelled(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.work(job)
        status, _, body = shop.ask(shop.cancel, job)
        assert (status, body["detail"]) == (409, "succeeded")
        assert shop.ask(shop.status, job)[0] == 303


class TestNaiveTwin:
    @pytest.fixture
    def naive(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler(f"{FUNCTIONS}/naive_proofs/app.py", SECONDS_PER_PAGE="0")

    def call(self, naive: ModuleType, method: str = "POST", **changes: Any) -> tuple[int, dict[str, Any]]:
        event = {"httpMethod": method, "headers": {}, "body": json.dumps({**ORDER, **changes})}
        answer = naive.handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def test_the_proof_comes_with_the_answer(self, naive: ModuleType) -> None:
        status, body = self.call(naive)
        assert (status, len(body["pages"])) == (200, 3)

    def test_a_repeated_order_is_rendered_again(self, naive: ModuleType, log_lines: LogLines) -> None:
        assert self.call(naive)[1]["proof"] != self.call(naive)[1]["proof"]
        assert [line["step"] for line in log_lines()].count("page.rendered") == 6

    def test_there_is_nothing_to_ask_for(self, naive: ModuleType) -> None:
        assert self.call(naive, "GET")[0] == self.call(naive, "DELETE")[0] == 404

    @pytest.mark.parametrize(
        ("changes", "status"),
        [({"pages": 0}, 400), ({"font": "Unobtainable Sans"}, 422), ({"font": []}, 422)],
    )
    def test_a_bad_order_is_refused(self, naive: ModuleType, changes: dict[str, Any], status: int) -> None:
        assert self.call(naive, **changes)[0] == status
