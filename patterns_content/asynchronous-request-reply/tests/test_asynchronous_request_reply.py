"""Asynchronous Request Reply's handlers, on a real table and queue: who works, and what the caller sees."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client, repeat_each, resources

SLUG = "asynchronous-request-reply"
FUNCTIONS = f"{SLUG}/functions"
JOBS = f"{FUNCTIONS}/jobs"
TRACE = "Root=1-65000000-000000000000000000000001"
ORDER = {"artwork": "lighthouse", "font": "Garamond", "pages": 3}


class PrintShop:
    """All functions of the pattern, on a table and a queue of their own."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        self.sqs, self.dynamodb = client("sqs", aws), client("dynamodb", aws)
        self.table = make_table(SLUG, "JobsTable")
        self.queue = self.sqs.create_queue(QueueName=self.table)["QueueUrl"]
        variables = {"AWS_ENDPOINT_URL": aws, "JOBS_TABLE": self.table, "JOBS_QUEUE": self.queue}
        variables["SECONDS_PER_PAGE"] = "0"
        self.intake, self.worker, self.status, self.cancel, self.result = (
            load(f"{JOBS}/{name}.py", **variables) for name in ("intake", "worker", "status", "cancel", "result")
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

    def state(self, job: str) -> str:
        """The state that callers hear of."""
        return str(self.status.jobs.look(job, time.time())[0])

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

    def put(self, job: str, state: str) -> None:
        """Put a job into a state, as if its events had happened; a running one is held by `holder`."""
        now = int(time.time())
        order = json.dumps(ORDER, sort_keys=True).encode()
        item: dict[str, Any] = {
            "id": {"S": job},
            "status": {"S": state},
            "artwork": {"S": ORDER["artwork"]},
            "font": {"S": ORDER["font"]},
            "fingerprint": {"S": hashlib.sha256(order).hexdigest()},
            "claimed_by": {"S": "holder"},
        }
        numbers = {"pages": 3, "pages_done": 1, "attempt": 1, "created_at": now, "queued_at": now}
        numbers |= {"claimed_until": now + 60, "deadline": now + 600, "expires_at": now + 6000}
        item |= {name: {"N": str(value)} for name, value in numbers.items()}
        if state == "succeeded":
            item["proof"] = {"L": [{"S": "page"}] * 3}
        self.dynamodb.put_item(TableName=self.table, Item=item)

    def fire(self, event: str, key: str, holder: str = "holder") -> str:
        """Let an event of the table of states happen to the job of this key, and give its answer."""
        job, now = job_of(key), time.time()
        if event == "order":
            return str(self.order(key)["statusCode"])
        if event in ("ask", "fetch", "cancel"):
            function = {"ask": self.status, "fetch": self.result, "cancel": self.cancel}[event]
            return str(self.ask(function, job)[0])
        if event in ("claim", "take over"):
            if event == "take over" and self.state(job) != "absent":
                self.change(job, "claimed_until", now - 1)
            return str(self.worker.claim(job, holder, now + 60).answer)
        if event in ("page", "finish", "give up"):
            written: dict[str, dict[str, Any]] = {"finish": {"proof": {"L": [{"S": "page"}]}}}
            more = written.get(event, {"reason": {"S": "why"}} if event == "give up" else {})
            try:
                self.worker.note(event, job, holder, 2, **more)
            except self.worker.Lost:
                return "stop"
            return "go on"
        if self.state(job) != "absent":
            self.change(job, {"deadline": "deadline", "expiry": "expires_at"}[event], int(now) - 1)
        return ""

    def change(self, job: str, name: str, value: float) -> None:
        """Set a number of the job's item, to move its clock."""
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"id": {"S": job}},
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"N": str(value)}},
        )


def job_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


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

    def test_a_repeated_order_queues_a_job_again_whose_message_seems_lost(self, shop: PrintShop) -> None:
        job = shop.accepted("harbour-1")
        shop.change(job, "queued_at", int(time.time()) - 31)
        shop.accepted("harbour-1")
        assert len(shop.messages()) == 2

    def test_a_repeated_order_for_a_job_that_is_done_queues_nothing(self, shop: PrintShop) -> None:
        job = shop.accepted("harbour-1")
        shop.work(job)
        shop.change(job, "queued_at", int(time.time()) - 31)
        shop.accepted("harbour-1")
        assert len(shop.messages()) == 1

    @pytest.mark.parametrize("key", [None, "harbour-1"])
    def test_an_order_whose_write_the_sdk_repeats_is_new_and_queued(self, shop: PrintShop, key: str | None) -> None:
        repeat_each(shop.intake.jobs.dynamodb, "PutItem")
        answer = shop.order(key)
        assert (answer["statusCode"], answer["headers"]["Idempotent-Replayed"]) == (202, "false")
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
        intake = load_handler(f"{JOBS}/intake.py")
        answer = intake.handler({"headers": {}, "body": json.dumps({**ORDER, **changes})}, LambdaContext())
        assert answer["statusCode"] == 400
        assert answer["headers"]["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("body", [None, "", "{", "[]", "null", "{}"])
    def test_a_body_that_is_no_order_is_a_400(self, load_handler: LoadHandler, body: str | None) -> None:
        intake = load_handler(f"{JOBS}/intake.py")
        assert intake.handler({"headers": {}, "body": body}, LambdaContext())["statusCode"] == 400

    @pytest.mark.parametrize("key", ["short", "x" * 129])
    def test_a_misfit_key_is_a_400(self, load_handler: LoadHandler, key: str) -> None:
        event = {"headers": {"idempotency-key": key}, "body": json.dumps(ORDER)}
        answer = load_handler(f"{JOBS}/intake.py").handler(event, LambdaContext())
        assert answer["statusCode"] == 400


class TestAsking:
    def test_a_waiting_job_is_a_200_that_says_when_to_ask_again(self, shop: PrintShop) -> None:
        status, headers, body = shop.ask(shop.status, shop.accepted())
        assert (status, headers["Retry-After"], headers["Cache-Control"]) == (200, "1", "no-store")
        assert (body["status"], body["progress"]) == ("queued", {"done": 0, "total": 3})

    def test_a_running_job_shows_its_progress(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "one", time.time() + 60)
        shop.worker.note("page", job, "one", 2)
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

    def test_a_failed_job_is_a_200_with_the_reason_and_nothing_to_wait_for(self, shop: PrintShop) -> None:
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

    def test_every_read_is_consistent_so_that_a_303_never_leads_to_a_404(
        self, shop: PrintShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = shop.accepted()
        shop.work(job)
        for function in (shop.status, shop.result):
            asked: list[dict[str, Any]] = []
            read = function.jobs.dynamodb.get_item

            def get_item(asked: list[dict[str, Any]] = asked, read: Any = read, **how: Any) -> Any:
                asked.append(how)
                return read(**how)

            monkeypatch.setattr(function.jobs.dynamodb, "get_item", get_item)
            shop.ask(function, job)
            assert [how["ConsistentRead"] for how in asked] == [True]

    def test_a_proof_that_is_not_there_yet_is_a_404(self, shop: PrintShop) -> None:
        assert shop.ask(shop.result, shop.accepted())[0] == 404

    def test_an_unknown_job_is_a_404_whatever_is_asked(self, shop: PrintShop) -> None:
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

    def test_a_claim_that_the_sdk_repeats_is_still_the_workers_own(self, shop: PrintShop) -> None:
        repeat_each(shop.worker.jobs.dynamodb, "UpdateItem")
        new, other = shop.accepted(), shop.accepted()
        assert shop.worker.claim(new, "one", time.time() - 1).answer == "work"
        assert shop.worker.claim(new, "two", time.time() + 60).answer == "work"
        assert shop.worker.claim(new, "three", time.time() + 60).answer == "busy"
        assert shop.work(other) == {"batchItemFailures": []}
        assert shop.state(other) == "succeeded"

    def test_a_worker_that_was_taken_over_may_not_write_any_more(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "slow", time.time() - 1)
        shop.worker.claim(job, "fast", time.time() + 60)
        with pytest.raises(shop.worker.Lost):
            shop.worker.note("page", job, "slow", 1)


class TestCanceling:
    def test_a_waiting_job_is_canceled_and_never_begun(self, shop: PrintShop, log_lines: LogLines) -> None:
        job = shop.accepted()
        assert shop.ask(shop.cancel, job)[0] == 200
        log_lines()
        shop.work(job)
        assert [line["step"] for line in log_lines()] == ["job.skipped"]
        status, headers, body = shop.ask(shop.status, job)
        assert (status, body["status"]) == (200, "canceled")
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
        assert steps == ["job.started", "page.rendered", "job.canceled", "job.stopped"]
        assert shop.ask(shop.status, job)[2]["status"] == "canceled"

    def test_canceling_twice_is_as_good_as_once(self, shop: PrintShop) -> None:
        job = shop.accepted()
        assert [shop.ask(shop.cancel, job)[0] for _ in range(2)] == [200, 200]

    def test_a_job_that_is_over_cannot_be_canceled(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.work(job)
        status, _, body = shop.ask(shop.cancel, job)
        assert (status, body["detail"]) == (409, "succeeded")
        assert shop.ask(shop.status, job)[0] == 303


STATES = ("absent", "queued", "running", "succeeded", "failed", "canceled")
FINAL = STATES[3:]
EVENTS = ("order", "ask", "fetch", "cancel", "claim", "take over", "page", "finish", "give up", "deadline", "expiry")


class TestStates:
    """The table in states.py, cell by cell: what it says is what the functions do to a real item."""

    def test_the_table_has_every_cell_once(self, shop: PrintShop) -> None:
        states = shop.status.states
        assert set(states.RULES) == {(state, event) for state in STATES for event in EVENTS}
        assert len(states.TABLE) == len(states.RULES)

    def test_a_final_state_is_left_only_by_expiry(self, shop: PrintShop) -> None:
        for rule in shop.status.states.TABLE:
            if rule.source in FINAL and rule.event != "expiry":
                assert rule.target == rule.source

    @pytest.mark.parametrize("state", [*STATES, "expired"])
    def test_every_event_does_what_its_cell_says(self, shop: PrintShop, state: str) -> None:
        for event in EVENTS:
            key = f"{state}-{event}-{uuid.uuid4()}"
            if state != "absent":
                shop.put(job_of(key), "succeeded" if state == "expired" else state)
            if state == "expired":  # what DynamoDB has not deleted yet is absent all the same
                shop.change(job_of(key), "expires_at", int(time.time()) - 1)
            rule = shop.status.states.RULES["absent" if state == "expired" else state, event]
            who = "a newcomer" if event in ("claim", "take over") else "holder"
            assert (event, shop.fire(event, key, who)) == (event, rule.answer)
            assert (event, shop.state(job_of(key))) == (event, rule.target)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(events=st.lists(st.sampled_from((*EVENTS, "page of a former holder")), min_size=4, max_size=14))
    def test_any_order_of_events_goes_by_the_table_and_final_states_are_final(
        self, shop: PrintShop, events: list[str]
    ) -> None:
        key, state, holder, holders = str(uuid.uuid4()), "absent", "none", 0
        rules = shop.status.states.RULES
        for event in ("order", *events):
            if event == "page of a former holder":
                assert shop.fire("page", key, "a former holder") == "stop"
                continue
            rule = rules[state, event]
            if event in ("claim", "take over"):
                holders += 1
                if rule.answer == "work":
                    holder = f"holder-{holders}"
                assert shop.fire(event, key, f"holder-{holders}") == rule.answer
            else:
                assert shop.fire(event, key, holder) == rule.answer
            assert shop.state(job_of(key)) == rule.target
            if state in FINAL:
                assert rule.target in (state, "absent")
            state = rule.target
            assert (shop.fire("ask", key) == "303") == (shop.fire("fetch", key) == "200") == (state == "succeeded")


class TestTime:
    def test_a_job_that_is_reported_failed_stays_failed_whatever_its_worker_still_does(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "slow", time.time() + 60)
        shop.change(job, "deadline", int(time.time()) - 1)
        status, _, body = shop.ask(shop.status, job)
        assert (status, body["status"], body["detail"]) == (
            200,
            "failed",
            "It was not done before its deadline.",
        )
        shop.change(job, "deadline", int(time.time()) + 60)  # as if the worker's clock were slow
        with pytest.raises(shop.worker.Lost):
            shop.worker.note("finish", job, "slow", 3, proof={"L": []})
        assert shop.ask(shop.cancel, job)[0] == 409
        assert shop.ask(shop.status, job)[2]["status"] == "failed"

    def test_a_worker_past_the_deadline_may_not_write_even_if_no_one_has_asked(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "slow", time.time() + 60)
        shop.change(job, "deadline", int(time.time()) - 1)
        with pytest.raises(shop.worker.Lost):
            shop.worker.note("finish", job, "slow", 3, proof={"L": []})
        assert shop.state(job) == "failed"

    def test_the_time_in_the_queue_does_not_count(self, shop: PrintShop) -> None:
        job = shop.accepted()
        item = shop.status.jobs.read(job, time.time())[1]
        assert int(item["deadline"]["N"]) - int(item["created_at"]["N"]) == 6 * 3600
        shop.worker.claim(job, "one", time.time() + 60)
        left = float(shop.status.jobs.read(job, time.time())[1]["deadline"]["N"]) - time.time()
        assert 1795 < left <= 1800

    def test_a_job_that_is_taken_over_gets_no_more_time_and_begins_again(self, shop: PrintShop) -> None:
        job = shop.accepted()
        shop.worker.claim(job, "dead", time.time() - 1)
        shop.worker.note("page", job, "dead", 2)
        before = shop.status.jobs.read(job, time.time())[1]["deadline"]
        shop.worker.claim(job, "two", time.time() + 60)
        item = shop.status.jobs.read(job, time.time())[1]
        assert item["deadline"] == before
        body = shop.ask(shop.status, job)[2]
        assert (body["attempt"], body["progress"]) == (2, {"done": 0, "total": 3})

    def test_the_time_for_the_work_outlasts_every_delivery_of_its_message(self, shop: PrintShop) -> None:
        queue, worker = (resources(SLUG)[name]["Properties"] for name in ("JobsQueue", "WorkerFunction"))
        tries = queue["RedrivePolicy"]["maxReceiveCount"]
        assert tries >= 5  # what AWS advises for queues that Lambda reads
        assert (tries - 1) * queue["VisibilityTimeout"] + worker["Timeout"] < shop.status.jobs.WORK_SECONDS

    @pytest.mark.parametrize(("age", "pause"), [(0, 1), (19, 1), (20, 2), (100, 10), (299, 29), (300, 30), (9999, 30)])
    def test_the_older_a_job_the_later_its_caller_is_asked_to_come_back(
        self, shop: PrintShop, age: int, pause: int
    ) -> None:
        job = shop.accepted("harbour-1")
        shop.change(job, "created_at", int(time.time()) - age)
        asked = int(shop.ask(shop.status, job)[1]["Retry-After"])
        assert asked in (pause, min(pause + 1, 30))  # a second may pass between
        assert int(shop.order("harbour-1")["headers"]["Retry-After"]) >= asked

    def test_a_caller_who_keeps_to_the_pauses_asks_33_times_within_a_minute_instead_of_60(
        self, load_handler: LoadHandler
    ) -> None:
        web, now, asked = load_handler(f"{JOBS}/web.py"), 0.0, 0
        while now < 60:
            now += int(web.retry_after(0, now))
            asked += 1
        assert asked == 33


class TestRepeating:
    def test_a_repeated_order_reports_the_state_that_its_job_is_in(self, shop: PrintShop) -> None:
        for state in ("running", *FINAL):
            shop.put(job_of(f"harbour-{state}"), state)
            answer = shop.order(f"harbour-{state}")
            assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (202, state)
            assert ("Retry-After" in answer["headers"]) == (state == "running")
        assert shop.messages() == []

    def test_an_order_repeated_after_the_deadline_is_failed_and_queues_nothing(self, shop: PrintShop) -> None:
        shop.put(job_of("harbour-1"), "queued")
        shop.change(job_of("harbour-1"), "queued_at", 0)
        shop.change(job_of("harbour-1"), "deadline", int(time.time()) - 1)
        assert json.loads(shop.order("harbour-1")["body"])["status"] == "failed"
        assert shop.messages() == []

    def test_an_order_repeated_after_expiry_is_a_new_job_though_the_old_item_is_still_there(
        self, shop: PrintShop
    ) -> None:
        job = job_of("harbour-1")
        shop.put(job, "succeeded")
        shop.change(job, "expires_at", int(time.time()) - 1)
        assert [shop.ask(function, job)[0] for function in (shop.status, shop.result, shop.cancel)] == [404] * 3
        answer = shop.order("harbour-1")
        assert answer["headers"]["Idempotent-Replayed"] == "false"
        assert shop.state(job) == "queued"
        assert len(shop.messages()) == 1

    def test_of_many_repeated_orders_one_in_thirty_seconds_queues_a_message(self, shop: PrintShop) -> None:
        job = shop.accepted("harbour-1")
        shop.change(job, "queued_at", int(time.time()) - 31)
        for _ in range(4):
            shop.accepted("harbour-1")
        assert len(shop.messages()) == 2


class TestWhatCannotBeStored:
    @pytest.mark.parametrize(
        "body",
        [
            r'{"artwork": "\ud83d", "font": "Garamond", "pages": 3}',
            r'{"artwork": "lighthouse", "font": "Gara\udc00mond", "pages": 3}',
            '{"artwork": "lighthouse", "font": "Garamond", "pages": ' + "1" * 5000 + "}",
            "[" * 100_000,
        ],
    )
    def test_an_order_that_cannot_be_stored_is_a_400_and_writes_nothing(self, shop: PrintShop, body: str) -> None:
        answer = shop.intake.handler({"headers": {"Idempotency-Key": "harbour-1"}, "body": body}, LambdaContext())
        assert answer["statusCode"] == 400
        assert shop.state(job_of("harbour-1")) == "absent"
        assert shop.messages() == []

    @pytest.mark.parametrize("key", ["harbour-\ud83d", "harbour-\n1", "häfen-123"])
    def test_a_key_that_is_not_plain_ascii_is_a_400(self, load_handler: LoadHandler, key: str) -> None:
        event = {"headers": {"Idempotency-Key": key}, "body": json.dumps(ORDER)}
        assert load_handler(f"{JOBS}/intake.py").handler(event, LambdaContext())["statusCode"] == 400

    @pytest.mark.parametrize("job", ["x" * 3000, "\ud83d", "0" * 31, "../proofs", "A" * 32])
    def test_an_id_that_is_none_is_a_404_without_asking_the_table(self, load_handler: LoadHandler, job: str) -> None:
        for name in ("status", "cancel", "result"):
            event = {"headers": {}, "pathParameters": {"id": job}}
            assert load_handler(f"{JOBS}/{name}.py").handler(event, LambdaContext())["statusCode"] == 404


class TestBatches:
    @pytest.mark.parametrize(
        "bad", ["no JSON", "null", "[]", "7", "{}", '{"job": 7}', r'{"job": "\ud83d"}', '{"job": ""}']
    )
    def test_a_message_that_cannot_be_read_touches_none_of_its_neighbors(self, shop: PrintShop, bad: str) -> None:
        jobs = [shop.accepted(), shop.accepted()]
        bodies = [json.dumps({"job": jobs[0]}), bad, json.dumps({"job": jobs[1]})]
        records = [{"messageId": f"m-{number}", "body": body, "attributes": {}} for number, body in enumerate(bodies)]
        answer = shop.worker.handler({"Records": records}, LambdaContext())
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        assert [shop.state(job) for job in jobs] == ["succeeded", "succeeded"]

    def test_a_job_whose_write_fails_touches_none_of_its_neighbors(
        self, shop: PrintShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad, good = shop.accepted(artwork="bad"), shop.accepted()
        render = shop.worker.render

        def failing(artwork: str, number: int) -> str:
            if artwork == "bad":
                raise RuntimeError("the renderer is away")
            return str(render(artwork, number))

        monkeypatch.setattr(shop.worker, "render", failing)
        records = [{"messageId": job, "body": json.dumps({"job": job}), "attributes": {}} for job in (bad, good)]
        answer = shop.worker.handler({"Records": records}, LambdaContext())
        assert answer == {"batchItemFailures": [{"itemIdentifier": bad}]}
        assert (shop.state(bad), shop.state(good)) == ("running", "succeeded")


def test_header_names_are_read_in_the_clients_case(shop: PrintShop, log_lines: LogLines) -> None:
    for trace, key in (("X-Amzn-Trace-Id", "Idempotency-Key"), ("x-amzn-trace-id", "IDEMPOTENCY-KEY")):
        event = {"headers": {trace: TRACE, key: "harbour-1"}, "body": json.dumps(ORDER)}
        assert json.loads(shop.intake.handler(event, LambdaContext())["body"])["job"] == job_of("harbour-1")
        for function in (shop.status, shop.result, shop.cancel):
            function.handler({"headers": {trace: TRACE}, "pathParameters": {"id": "0" * 32}}, LambdaContext())
    assert {line["trace"] for line in log_lines()} == {TRACE}


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
        [
            ({"pages": 0}, 400),
            ({"font": "Unobtainable Sans"}, 422),
            ({"font": []}, 400),
            ({"artwork": "\ud83d"}, 400),
            ({"artwork": 7}, 400),
        ],
    )
    def test_a_bad_order_is_refused(self, naive: ModuleType, changes: dict[str, Any], status: int) -> None:
        assert self.call(naive, **changes)[0] == status
