"""How far CloudFormation is with a stack."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from catalogue.labs.aws import progress
from catalogue.labs.aws.progress import Progress, ProgressReader, progress_of
from tests.labs.aws.conftest import Client

STACK = "patterns-lab-1a2b3c-0123456789"


def event(logical: str, status: str) -> dict[str, Any]:
    return {"LogicalResourceId": logical, "ResourceStatus": status}


def test_it_is_reported_by_the_newest_event_of_each_resource() -> None:
    events = [
        event("OrderQueue", "CREATE_IN_PROGRESS"),
        event("Table", "CREATE_COMPLETE"),
        event("Role", "CREATE_COMPLETE"),
        event("Table", "CREATE_IN_PROGRESS"),
        event("Role", "CREATE_IN_PROGRESS"),
        event(STACK, "CREATE_IN_PROGRESS"),
    ]
    found = progress_of(events, STACK, 11)
    assert found == Progress(2, 11, ("OrderQueue",))
    assert found.text == "2 of 11 resources created, now OrderQueue"
    assert progress_of(events, STACK, None).text == "2 resources created, now OrderQueue"
    assert progress_of([], STACK, 1).text == "0 of 1 resource created"


def test_more_resources_than_were_counted_are_no_more_than_all() -> None:
    events = [event(f"R{number}", "CREATE_COMPLETE") for number in range(3)]
    assert progress_of(events, STACK, 2).total == 3


def stubbed() -> Any:
    make: Any = boto3.client
    return make("cloudformation", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")


def events_of(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {
        "StackEvents": [
            {"StackId": "s", "EventId": str(number), "StackName": STACK, "Timestamp": datetime.now(UTC)} | event(*pair)
            for number, pair in enumerate(pairs)
        ]
    }


def test_many_who_ask_make_one_call_and_the_next_reading_is_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cloudformation = stubbed()
    reader = ProgressReader()
    now = 100.0
    monkeypatch.setattr("catalogue.labs.aws.progress.time.monotonic", lambda: now)
    template = {"TemplateBody": '{"Resources": {"A": {}, "B": {}}}', "StagesAvailable": ["Original", "Processed"]}
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stack_events", events_of(("A", "CREATE_IN_PROGRESS")), {"StackName": STACK})
        stub.add_response("get_template", template, {"StackName": STACK, "TemplateStage": "Processed"})
        assert {reader.read(cloudformation, STACK) for _ in range(5)} == {Progress(0, 2, ("A",))}
        now += progress.FRESH_SECONDS
        stub.add_response("describe_stack_events", events_of(("B", "CREATE_IN_PROGRESS"), ("A", "CREATE_COMPLETE")))
        assert reader.read(cloudformation, STACK) == Progress(1, 2, ("B",))
        stub.assert_no_pending_responses()


def test_where_aws_does_not_tell_what_was_known_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    cloudformation, reader = stubbed(), ProgressReader()
    now = 100.0
    monkeypatch.setattr("catalogue.labs.aws.progress.time.monotonic", lambda: now)
    with Stubber(cloudformation) as stub:
        stub.add_client_error("describe_stack_events", "Throttling")
        assert reader.read(cloudformation, STACK) is None
        now += progress.FRESH_SECONDS
        stub.add_response("describe_stack_events", events_of(("A", "CREATE_COMPLETE")))
        stub.add_response("get_template", {"TemplateBody": "not there yet", "StagesAvailable": ["Original"]})
        assert reader.read(cloudformation, STACK) == Progress(1, None, ())
        now += progress.FRESH_SECONDS
        stub.add_client_error("describe_stack_events", "Throttling")
        assert reader.read(cloudformation, STACK) == Progress(1, None, ())


def test_the_events_of_a_real_stack_are_read(client: Client) -> None:
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "T": {"Type": "AWS::SNS::Topic"}}}'
    client("cloudformation").create_stack(StackName=STACK, TemplateBody=body)
    found = ProgressReader().read(client("cloudformation"), STACK)
    assert found is not None
    assert found.total in (None, 2)
