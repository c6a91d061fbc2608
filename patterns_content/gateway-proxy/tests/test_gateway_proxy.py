"""Gateway Proxy's handlers: the recorder behind the queue, and the pass-through of the naive twin."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

from handler_tests import LambdaContext, LoadHandler, LogLines

QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000/scans"
SCAN = {"parcel": "P-1042", "scanned_at": "2026-05-04T08:15:00Z", "depot": "harbour"}


def record(message_id: str, body: str, trace: str = "trace:Root=1-abc") -> dict[str, Any]:
    return {
        "messageId": message_id,
        "body": body,
        "messageAttributes": {"Trace": {"dataType": "String", "stringValue": trace}},
    }


class TestRecorder:
    @pytest.fixture
    def recorder(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler("gateway-proxy/functions/recorder/app.py", SCANS_TABLE="scans")

    @pytest.fixture
    def dynamodb(self, recorder: ModuleType) -> Iterator[Stubber]:
        with Stubber(recorder.table.meta.client) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    def test_a_scan_is_written_and_logged_with_its_callers_trace(
        self, recorder: ModuleType, dynamodb: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        dynamodb.add_response("put_item", {}, {"TableName": "scans", "Item": SCAN})
        answer = recorder.handler({"Records": [record("m-1", json.dumps(SCAN))]}, context)
        assert answer == {"batchItemFailures": []}
        (line,) = log_lines()
        assert (line["step"], line["trace"], line["parcel"]) == ("scan.recorded", "Root=1-abc", "P-1042")

    def test_what_a_scan_has_beside_its_fields_is_not_written(
        self, recorder: ModuleType, dynamodb: Stubber, context: LambdaContext
    ) -> None:
        dynamodb.add_response("put_item", {}, {"TableName": "scans", "Item": SCAN})
        recorder.handler({"Records": [record("m-1", json.dumps({**SCAN, "admin": True}))]}, context)

    @pytest.mark.parametrize(
        "body",
        [
            '{"parcel": ',
            "[]",
            "7",
            json.dumps({"parcel": "P-1"}),
            json.dumps({**SCAN, "depot": 7}),
            json.dumps({**SCAN, "parcel": " "}),
            json.dumps({**SCAN, "parcel": "\ud800"}),
            json.dumps({**SCAN, "scanned_at": "9" * 1025}),
            "[" * 200_000,
        ],
    )
    def test_an_unreadable_message_fails_alone(
        self, recorder: ModuleType, dynamodb: Stubber, context: LambdaContext, log_lines: LogLines, body: str
    ) -> None:
        dynamodb.add_response("put_item", {}, {"TableName": "scans", "Item": SCAN})
        records = [record("bad", body), record("good", json.dumps(SCAN))]
        answer = recorder.handler({"Records": records}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
        assert [line["step"] for line in log_lines()] == ["scan.unreadable", "scan.recorded"]

    def test_a_message_without_a_trace_is_recorded_too(
        self, recorder: ModuleType, dynamodb: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        dynamodb.add_response("put_item", {}, {"TableName": "scans", "Item": SCAN})
        recorder.handler({"Records": [record("m-1", json.dumps(SCAN), trace="trace:")]}, context)
        assert log_lines()[0]["trace"] == ""

    def test_a_scan_that_was_received_before_says_how_often(
        self, recorder: ModuleType, dynamodb: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        again = record("m-2", json.dumps(SCAN)) | {"attributes": {"ApproximateReceiveCount": "3"}}
        first = record("m-1", json.dumps(SCAN)) | {"attributes": {"ApproximateReceiveCount": "1"}}
        for _ in range(2):
            dynamodb.add_response("put_item", {}, {"TableName": "scans", "Item": SCAN})
        recorder.handler({"Records": [first, again]}, context)
        lines = [line for line in log_lines() if line["step"] == "scan.received-before"]
        assert [(line["message_id"], line["receives"]) for line in lines] == [("m-2", 3)]

    def test_a_scan_that_the_table_refuses_fails_alone(
        self, recorder: ModuleType, dynamodb: Stubber, context: LambdaContext, log_lines: LogLines
    ) -> None:
        dynamodb.add_client_error("put_item", "InternalServerError", http_status_code=400)
        dynamodb.add_response("put_item", {}, {"TableName": "scans", "Item": SCAN})
        records = [record("m-1", json.dumps(SCAN)), record("m-2", json.dumps(SCAN))]
        answer = recorder.handler({"Records": records}, context)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
        assert [line["step"] for line in log_lines()] == ["scan.not.recorded", "scan.recorded"]


class TestNaiveIntake:
    @pytest.fixture
    def intake(self, load_handler: LoadHandler) -> ModuleType:
        return load_handler("gateway-proxy/functions/intake/app.py", SCAN_QUEUE_URL=QUEUE)

    def test_the_body_is_passed_on_as_it_came(
        self, intake: ModuleType, context: LambdaContext, log_lines: LogLines
    ) -> None:
        with Stubber(intake.sqs) as sqs:
            sqs.add_response(
                "send_message",
                {"MessageId": "m-1"},
                {
                    "QueueUrl": QUEUE,
                    "MessageBody": '{"parcel": ',
                    "MessageAttributes": {"Trace": {"DataType": "String", "StringValue": "trace:Root=1-abc"}},
                },
            )
            event = {"headers": {"X-Amzn-Trace-Id": "Root=1-abc"}, "body": '{"parcel": '}
            answer = intake.handler(event, context)
        assert (answer["statusCode"], json.loads(answer["body"])) == (202, {"message_id": "m-1"})
        assert log_lines()[0]["step"] == "scan.accepted"

    def test_what_the_queue_refuses_is_the_callers_mistake(self, intake: ModuleType, context: LambdaContext) -> None:
        with Stubber(intake.sqs) as sqs:
            sqs.add_client_error("send_message", "InvalidParameterValue", "too long", http_status_code=400)
            answer = intake.handler({"headers": None, "body": "x" * 3000}, context)
        assert answer["statusCode"] == 400

    def test_a_failing_queue_is_not_the_callers_mistake(self, intake: ModuleType, context: LambdaContext) -> None:
        with Stubber(intake.sqs) as sqs:
            sqs.add_client_error("send_message", "ServiceUnavailable", http_status_code=503)
            with pytest.raises(intake.sqs.exceptions.ClientError):
                intake.handler({"headers": {}, "body": "x"}, context)
