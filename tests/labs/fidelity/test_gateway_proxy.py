"""Gateway Proxy: what the embedded AWS does, as the rows of its ledger say."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack, until

SLUG = "gateway-proxy"
SCAN = {"parcel": "P-1", "scanned_at": "2026-05-04T08:15:00Z", "depot": "harbour"}
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    """A stack whose queue only the test empties."""
    stack = stack_of(SLUG)
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("ScanDelivery"), Enabled=False)
    return stack


def use_body_template(stack: Stack, template: str) -> None:
    """Let the method's mapping template send this as the message."""
    change_integration(stack, requestTemplates={"application/json": f"Action=SendMessage&MessageBody={template}"})


def change_integration(stack: Stack, **changes: Any) -> None:
    """Put the method's integration again, responses included, with something of it changed."""
    gateway = stack.client("apigateway")
    method = {"restApiId": stack.id("Api"), "resourceId": stack.id("ScansResource"), "httpMethod": "POST"}
    known = gateway.get_integration(**method)
    kept = {
        "type": known["type"],
        "uri": known["uri"],
        "integrationHttpMethod": known["httpMethod"],
        "credentials": known["credentials"],
        "passthroughBehavior": known["passthroughBehavior"],
        "requestParameters": known["requestParameters"],
        "requestTemplates": known["requestTemplates"],
    }
    gateway.put_integration(**method, **{**kept, **changes})
    for status, response in known["integrationResponses"].items():
        chosen = {key: response[key] for key in ("selectionPattern", "responseTemplates") if response.get(key)}
        gateway.put_integration_response(**method, statusCode=status, **chosen)


def message(stack: Stack) -> dict[str, Any]:
    """The message that arrives in the queue."""

    def received() -> list[dict[str, Any]]:
        answer = stack.client("sqs").receive_message(QueueUrl=stack.id("ScanQueue"), MessageAttributeNames=["All"])
        return list(answer.get("Messages", []))

    (only,) = until(received)
    return only


@pytest.mark.ledger(SLUG, "byte-for-byte")
def test_a_body_arrives_in_the_queue_byte_for_byte(stack: Stack) -> None:
    odd = '{"parcel": "P-1 & Action=PurgeQueue",\n "depot": "Köln + \\"Süd\\" 100 %"}'
    answer = stack.call("POST", "/scans", {"Content-Type": "application/json"}, text=odd)
    assert answer.status == 202
    arrived = message(stack)
    assert arrived["Body"] == odd
    assert arrived["MessageId"] == answer.parsed["message_id"]
    assert arrived["MessageAttributes"]["Trace"]["StringValue"].startswith("trace:Root=1-")


@pytest.mark.ledger(SLUG, "direct-call")
def test_a_direct_call_of_another_service_is_not_made(stack: Stack) -> None:
    item = {"parcel": {"S": "P-1"}, "scanned_at": {"S": "2026-05-04"}}
    change_integration(
        stack,
        uri="arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
        requestTemplates={"application/json": json.dumps({"TableName": stack.id("Scans"), "Item": item})},
    )
    assert stack.call("POST", "/scans", json=SCAN).status == 504
    assert stack.client("dynamodb").scan(TableName=stack.id("Scans"))["Count"] == 0


@pytest.mark.ledger(SLUG, "context-in-templates")
def test_the_request_id_is_empty_in_a_mapping_template(stack: Stack) -> None:
    use_body_template(stack, "id-$context.requestId")
    assert stack.call("POST", "/scans", json=SCAN).status == 202
    assert message(stack)["Body"] == "id-"


@pytest.mark.ledger(SLUG, "velocity-directives")
def test_a_condition_in_a_mapping_template_is_passed_on_as_text(stack: Stack) -> None:
    use_body_template(stack, "#if(true)yes#end")
    assert stack.call("POST", "/scans", json=SCAN).status == 202
    assert message(stack)["Body"] == "#if(true)yes#end"


@pytest.mark.ledger(SLUG, "header-names")
def test_a_header_is_found_by_its_name_in_lower_case_only(stack: Stack) -> None:
    use_body_template(stack, "$input.params('X-Gate')-$input.params('x-gate')")
    assert stack.call("POST", "/scans", {"X-Gate": "7"}, json=SCAN).status == 202
    assert message(stack)["Body"] == "-7"


@pytest.mark.ledger(SLUG, "gateway-role")
def test_the_gateways_role_is_not_checked(stack: Stack) -> None:
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    stack.client("iam").put_role_policy(
        RoleName=stack.id("ScanSender"),
        PolicyName="send-nothing",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    assert stack.call("POST", "/scans", json=SCAN).status == 202
    assert json.loads(message(stack)["Body"]) == SCAN


@pytest.mark.ledger(SLUG, "consumer-role")
def test_a_denial_is_felt_by_the_very_next_call(stack: Stack) -> None:
    functions, iam, recorder = stack.client("lambda"), stack.client("iam"), stack.id("Recorder")
    role = {"RoleName": stack.id("RecorderRole"), "PolicyName": "record-nothing"}
    deny = {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}
    batch = json.dumps({"Records": [{"messageId": "m-1", "body": json.dumps(SCAN)}]})
    failed = []
    for change in ("none", "denied", "restored"):
        if change == "denied":
            document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
            iam.put_role_policy(**role, PolicyDocument=document)
        elif change == "restored":
            iam.delete_role_policy(**role)
        answer = functions.invoke(FunctionName=recorder, Payload=batch)
        failed.append([one["itemIdentifier"] for one in json.loads(answer["Payload"].read())["batchItemFailures"]])
    assert failed == [[], ["m-1"], []]


@pytest.mark.ledger(SLUG, "dead-letters")
def test_an_unreadable_scan_ends_in_the_dead_letter_queue_after_five_deliveries(stack: Stack) -> None:
    sqs, queue = stack.client("sqs"), stack.id("ScanQueue")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    stack.client("lambda").update_event_source_mapping(UUID=stack.id("ScanDelivery"), Enabled=True)
    assert stack.call("POST", "/scans", {"Content-Type": "application/json"}, text='{"parcel": ').status == 202
    letters = until(lambda: sqs.receive_message(QueueUrl=stack.id("UnreadableScans")).get("Messages"))
    assert [letter["Body"] for letter in letters] == ['{"parcel": ']
    until(lambda: len(stack.lines("Recorder", "scan.unreadable")) >= 5)  # the last may still have been under way
    assert len(stack.lines("Recorder", "scan.unreadable")) == 5


@pytest.mark.ledger(SLUG, "input-json")
def test_json_of_text_true_and_null_is_not_written_as_json(stack: Stack) -> None:
    use_body_template(stack, "$input.json('$.text')|$input.json('$.yes')|$input.json('$.none')|$input.json('$.number')")
    assert stack.call("POST", "/scans", json={"text": "a", "yes": True, "none": None, "number": 7}).status == 202
    assert message(stack)["Body"] == "a|True||7"


@pytest.mark.ledger(SLUG, "util-functions")
def test_of_the_utilities_only_urlencode_is_known(stack: Stack) -> None:
    use_body_template(stack, "$util.urlEncode('a b')|$util.base64Encode('a')|$util.escapeJavaScript('a')")
    assert stack.call("POST", "/scans", json=SCAN).status == 202
    assert message(stack)["Body"] == "a b||"


@pytest.mark.ledger(SLUG, "set-arithmetic")
def test_set_does_no_arithmetic(stack: Stack) -> None:
    use_body_template(stack, "#set($sum = 1 + 1)\n$sum")
    assert stack.call("POST", "/scans", json=SCAN).status == 202
    assert message(stack)["Body"] == "$sum"


@pytest.mark.ledger(SLUG, "response-override")
def test_a_response_override_in_a_template_is_ignored(stack: Stack) -> None:
    gateway = stack.client("apigateway")
    gateway.put_integration_response(
        restApiId=stack.id("Api"),
        resourceId=stack.id("ScansResource"),
        httpMethod="POST",
        statusCode="202",
        selectionPattern="200",
        responseTemplates={"application/json": "#set($context.responseOverride.status = 201)\n{}"},
    )
    answer = stack.call("POST", "/scans", json=SCAN)
    assert answer.status == 202


@pytest.mark.ledger(SLUG, "throttled-consumer")
def test_a_message_waits_untouched_while_its_function_may_not_run(stack: Stack) -> None:
    functions, recorder = stack.client("lambda"), stack.id("Recorder")
    stack.client("sqs").set_queue_attributes(QueueUrl=stack.id("ScanQueue"), Attributes={"VisibilityTimeout": "1"})
    functions.put_function_concurrency(FunctionName=recorder, ReservedConcurrentExecutions=0)
    functions.update_event_source_mapping(UUID=stack.id("ScanDelivery"), Enabled=True)
    assert stack.call("POST", "/scans", json=SCAN).status == 202
    time.sleep(4)  # four visibility timeouts, in which nothing is to be seen
    # A first invocation may take longer than a second, after which its message would be delivered again.
    stack.client("sqs").set_queue_attributes(QueueUrl=stack.id("ScanQueue"), Attributes={"VisibilityTimeout": "60"})
    functions.delete_function_concurrency(FunctionName=recorder)
    until(lambda: stack.lines("Recorder", "scan.recorded"))
    assert stack.lines("Recorder", "scan.received-before") == []
