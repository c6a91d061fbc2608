"""Every operation on a real stack: what it does to it, and that its AWS CLI command is one that does the same."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalogue.labs.demos.operations import OperationFailed, Stack, perform
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.services.operating import cli
from catalogue.labs.services.sqs import as_on_aws
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.patterns.services.registry import registry
from tests.labs.conftest import Deploy, run
from tests.labs.helpers.aws_cli import read_command, read_commands
from tests.labs.helpers.real_cli import refused_by_the_cli

pytestmark = pytest.mark.django_db(transaction=True)

SEND = "sqs:SendMessage"
POSTBOX: list[dict[str, Any]] = [
    {"action": "redrive", "resource": "DeadLetters", "to": "Letters"},
    {"action": "purge", "resource": "Letters"},
    {"action": "disable-event-source", "resource": "Delivery"},
    {"action": "enable-event-source", "resource": "Delivery"},
    {"action": "set-concurrency", "resource": "Web", "value": 0},
    {"action": "clear-concurrency", "resource": "Web"},
    {"action": "set-maximum-concurrency", "resource": "Delivery", "value": 2},
    {"action": "set-batch-size", "resource": "Delivery", "value": 5},
    {"action": "set-environment", "resource": "Web", "name": "MOOD", "value": 'it\'s, well, "fine"'},
    {"action": "flush-cache", "resource": "Stage"},
    {"action": "flush-authorizers-cache", "resource": "Stage"},
    {"action": "disable-body-validation", "resource": "Validator"},
    {"action": "enable-body-validation", "resource": "Validator"},
    {"action": "send-message", "resource": "DeadLetters", "value": '{"to": "{{uuid}}", "at": {{now}}}'},
    {"action": "invoke", "resource": "Web", "value": '{"to": "{{uuid}}", "at": {{now}}, "by": "it\'s me"}'},
    {"action": "revoke-permission", "resource": "Web", "to": "Letters", "name": SEND},
    {"action": "restore-permission", "resource": "Web", "to": "Letters", "name": SEND},
    {"action": "expire-items", "resource": "Delivered", "name": "expires_at"},
    {"action": "put-item", "resource": "Delivered", "value": '{"id": {"S": "it\'s {{uuid}}"}}'},
]
CACHED: list[dict[str, Any]] = [
    {"action": "open-cache-invalidation", "resource": "Stage"},
    {"action": "close-cache-invalidation", "resource": "Stage"},
    {"action": "set-cache-ttl", "resource": "Stage", "value": 30},
]
ROUTED: list[dict[str, Any]] = [
    {"action": "disable-rule", "resource": "AccountingRule"},
    {"action": "enable-rule", "resource": "AccountingRule"},
    {"action": "replay-events", "resource": "HallBus"},
]


def stack_of(lab: Lab) -> Stack:
    return Stack(get_target(), resources_of(lab))


def do(lab: Lab, **fields: Any) -> str:
    return perform(stack_of(lab), Operation.model_validate(fields))


def test_every_possible_operation_is_tried_here() -> None:
    assert {operation["action"] for operation in [*POSTBOX, *CACHED, *ROUTED]} == registry().operations.keys()


def test_every_command_fits_the_services_own_model_and_can_be_run(lab: Lab) -> None:
    item = {"id": {"S": "it's mine"}, "expires_at": {"N": "99999999999"}}
    get_target().client("dynamodb").put_item(TableName=resources_of(lab)["Delivered"].id, Item=item)
    environment = {"Environment": {"Variables": {"QUEUE_URL": resources_of(lab)["Letters"].id}}}
    get_target().client("lambda").update_function_configuration(FunctionName=resources_of(lab)["Web"].id, **environment)
    told = []
    for operation in POSTBOX:
        shown = do(lab, **operation)
        told.append(shown)
        assert not re.search(r"localhost|127\.0\.0\.1|http://", shown), "no visitor can reach the emulator"
        for call in read_commands(shown):
            # The emulator has no message move tasks, and what was deleted already cannot be deleted again.
            if call.operation not in ("start_message_move_task", "delete_role_policy"):
                getattr(get_target().client(call.service), call.operation)(**call.arguments)
    assert refused_by_the_cli(told) == []


def test_the_commands_of_a_cached_stage_can_be_run(deploy: Deploy) -> None:
    lab = deploy(load_pattern(Path(settings.BASE_DIR) / "patterns_content" / "gateway-cache"))
    told = [do(lab, **operation) for operation in CACHED]
    assert refused_by_the_cli(told) == []
    stage = {"restApiId": next(iter(stack_of(lab).names_of("AWS::ApiGateway::RestApi")))}
    settings_of = get_target().client("apigateway").get_stage(**stage, stageName=resources_of(lab)["Stage"].id)
    kept = {one["cacheTtlInSeconds"] for one in settings_of["methodSettings"].values() if one["cachingEnabled"]}
    assert kept == {30}
    for shown in told:
        for call in read_commands(shown):
            getattr(get_target().client(call.service), call.operation)(**call.arguments)


def test_the_commands_of_a_rule_and_of_a_replay_can_be_run(deploy: Deploy) -> None:
    lab = deploy(load_pattern(Path(settings.BASE_DIR) / "patterns_content" / "event-router"))
    events, resources = get_target().client("events"), resources_of(lab)
    rule = {"Name": resources["AccountingRule"].id, "EventBusName": resources["HallBus"].id}
    told, states = [], []
    for operation in ROUTED:
        told.append(do(lab, **operation))
        states.append(events.describe_rule(**rule)["State"])
    assert states == ["DISABLED", "ENABLED", "ENABLED"]
    assert refused_by_the_cli(told) == []
    for shown in told[:2]:
        for call in read_commands(shown):
            getattr(events, call.operation)(**call.arguments)
    (replay,) = read_commands(told[2])  # its name is taken by the replay that the operation began
    assert replay.operation == "start_replay"
    assert events.describe_replay(ReplayName=replay.arguments["ReplayName"])["State"] in ("RUNNING", "COMPLETED")


@pytest.mark.parametrize(
    "command",
    [
        "aws sqs purge-queue --queue q",
        "aws sqs purge-queue",
        "aws sqs empty-queue --queue-url q",
        "aws lambda put-function-concurrency --function-name f --reserved-concurrent-executions many",
    ],
)
def test_a_wrong_command_would_be_seen(command: str) -> None:
    with pytest.raises((AssertionError, ValueError)):
        read_command(command)


def test_options_are_quoted_for_a_shell() -> None:
    command = cli("sqs send-message", queue_url="https://a/b", message_body='{"a": "it\'s $HOME"}')
    assert read_command(command).arguments["MessageBody"] == '{"a": "it\'s $HOME"}'
    assert cli("lambda update-event-source-mapping", uuid="u", enabled=False).endswith("--uuid u --no-enabled")


def test_a_queue_is_named_by_its_address_on_aws(lab: Lab) -> None:
    name = resources_of(lab)["Letters"].id.rsplit("/", 1)[1]
    (call,) = read_commands(do(lab, action="purge", resource="Letters"))
    assert call.arguments == {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/000000000000/{name}"}


@pytest.mark.parametrize(
    "url",
    ["https://sqs.eu-west-1.amazonaws.com/123456789012/q", "https://sqs-fips.us-east-1.amazonaws.com/123456789012/q"],
)
def test_an_address_on_aws_stays_as_it_is(url: str) -> None:
    assert as_on_aws(f"aws sqs purge-queue --queue-url {url}", "us-east-1").endswith(url)


def test_a_revoked_permission_is_denied_at_once_and_given_back(lab: Lab) -> None:
    async def post() -> int:
        return (await call_edge(lab.pk, "POST", "/letters", {}, {"to": "us"})).status

    permission = {"resource": "Web", "to": "Letters", "name": SEND}
    assert run(post()) == 202
    command = do(lab, action="revoke-permission", **permission)
    document = json.loads(str(read_command(command).arguments["PolicyDocument"]))
    assert document["Statement"][0]["Effect"] == "Deny"
    assert run(post()) == 502
    do(lab, action="revoke-permission", **permission)  # twice is once
    do(lab, action="restore-permission", **permission)
    assert run(post()) == 202
    do(lab, action="restore-permission", **permission)  # where there is none


def test_a_tables_indexes_are_denied_with_it(lab: Lab) -> None:
    operation = {"action": "revoke-permission", "resource": "Worker", "to": "Delivered", "name": "dynamodb:Query"}
    document = json.loads(str(read_command(do(lab, **operation)).arguments["PolicyDocument"]))
    table, indexes = document["Statement"][0]["Resource"]
    assert indexes == f"{table}/index/*"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"resource": "Web", "to": "Api", "name": SEND}, "can be taken"),
        ({"resource": "Web", "to": "Letters", "name": "SendMessage"}, "no IAM action"),
        ({"resource": "Web", "to": "Letters", "name": "sqs:*"}, "no IAM action"),
        ({"resource": "Nobody", "to": "Letters", "name": SEND}, "no resource Nobody"),
    ],
)
def test_what_is_no_permission_is_refused(lab: Lab, fields: dict[str, str], message: str) -> None:
    with pytest.raises(OperationFailed, match=message):
        do(lab, action="revoke-permission", **fields)


def test_a_sent_message_is_the_demos_with_fresh_values(lab: Lab) -> None:
    url = resources_of(lab)["DeadLetters"].id
    value = '{"to": "{{uuid}}", "at": {{now}}}'
    do(lab, action="send-message", resource="DeadLetters", value=value)
    do(lab, action="send-message", resource="DeadLetters", value=value)
    received = get_target().client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    letters = [json.loads(message["Body"]) for message in received]
    assert len({letter["to"] for letter in letters}) == 2
    assert all(abs(letter["at"] - time.time()) < 60 for letter in letters)


def test_items_that_have_the_attribute_expire_and_the_others_stay(lab: Lab) -> None:
    dynamodb, table = get_target().client("dynamodb"), resources_of(lab)["Delivered"].id
    for number in range(8):
        expiry = {"expires_at": {"N": "99999999999"}} if number else {}
        dynamodb.put_item(TableName=table, Item={"id": {"S": f"i{number}"}, **expiry})
    shown = do(lab, action="expire-items", resource="Delivered", name="expires_at")
    assert shown.endswith("# and so for 2 more")
    items = dynamodb.scan(TableName=table)["Items"]
    expiries = {item["id"]["S"]: int(item["expires_at"]["N"]) for item in items if "expires_at" in item}
    assert "i0" not in expiries
    assert len(expiries) == 7
    assert all(0 < time.time() - expiry < 3600 for expiry in expiries.values())
    assert do(lab, action="expire-items", resource="Delivered", name="no_such").startswith("# No item of ")


def test_an_item_is_put_with_fresh_values_past_the_intake(lab: Lab) -> None:
    table = resources_of(lab)["Delivered"].id
    value = '{"id": {"S": "{{uuid}}"}, "at": {"N": "{{now}}"}}'
    for _ in range(2):
        do(lab, action="put-item", resource="Delivered", value=value)
    items = get_target().client("dynamodb").scan(TableName=table)["Items"]
    assert len(items) == 2
    assert all(abs(int(item["at"]["N"]) - time.time()) < 60 for item in items)


@pytest.mark.parametrize("value", ["", "{", "no item"])
def test_an_item_that_is_no_json_is_refused(lab: Lab, value: str) -> None:
    with pytest.raises(OperationFailed, match="not JSON"):
        do(lab, action="put-item", resource="Delivered", value=value)


def test_a_flushed_cache_has_to_ask_the_function_again(deploy: Deploy) -> None:
    lab = deploy(load_pattern(Path(settings.BASE_DIR) / "patterns_content" / "gateway-cache"))

    async def read() -> str:
        return (await call_edge(lab.pk, "GET", "/products/jug?currency=EUR", {})).body

    first = run(read())
    assert run(read()) == first
    do(lab, action="flush-cache", resource="Stage")
    assert run(read()) != first


def test_a_purged_queue_is_empty(lab: Lab) -> None:
    do(lab, action="disable-event-source", resource="Delivery")
    do(lab, action="send-message", resource="Letters", value="{}")
    assert gauges.read_resource(get_target(), resources_of(lab)["Letters"]) == {"visible": 1, "in_flight": 0}
    do(lab, action="purge", resource="Letters")
    assert gauges.read_resource(get_target(), resources_of(lab)["Letters"]) == {"visible": 0, "in_flight": 0}
