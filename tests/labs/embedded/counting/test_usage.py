"""What a lab used is counted on the real emulator: exactly, for that lab alone, and out of handlers' reach."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings

from catalogue.labs.demos.expectations import fill
from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded.access.site_endpoint import SECRET_HEADER, site_secret
from catalogue.labs.embedded.counting.usage_endpoint import USES_PATH
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogReader
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.conftest import Deploy, run

CONTENT = Path(settings.BASE_DIR) / "patterns_content"


def used(lab: Lab, since: float = 0) -> dict[tuple[str, str | None], tuple[int, float]]:
    """Count and units by operation and logical id."""
    uses = get_target().uses(resources_of(lab), since)
    assert uses is not None
    return {(use.operation, use.resource): (use.count, use.units) for use in uses}


def counts(lab: Lab, since: float = 0) -> dict[tuple[str, str | None], int]:
    return {key: count for key, (count, _) in used(lab, since).items()}


def wait_for(lab: Lab, operation: str, resource: str, count: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while counts(lab).get((operation, resource), 0) < count:
        assert time.monotonic() < deadline, used(lab)
        time.sleep(0.05)


def send(lab: Lab, *calls: tuple[str, str, Any]) -> list[int]:
    async def scenario() -> list[int]:
        return [(await call_edge(lab.pk, method, path, {}, body)).status for method, path, body in calls]

    return run(scenario())


def test_one_order_through_load_leveling_counts_each_operation_once(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "queue-based-load-leveling"))
    assert used(lab) == {}
    order = {"order": "o-1", "item": "mug"}
    assert send(lab, ("POST", "/orders", order)) == [202]
    wait_for(lab, "DeleteMessageBatch", "OrderQueue", 1)
    wait_for(lab, "Invoke", "WorkerFunction", 1)
    seen = counts(lab)
    assert seen.pop(("UpdateItem", "TerminalsTable")) == 2  # taken and freed
    assert seen.pop(("PutLogEvents", "WorkerFunction")) >= 4
    assert seen == {
        ("Request", "OrderApi"): 1,
        ("DirectIntegration", "OrderApi"): 1,
        ("SendMessage", "OrderQueue"): 1,
        ("ReceiveMessage", "OrderQueue"): 1,
        ("DeleteMessageBatch", "OrderQueue"): 1,
        ("Invoke", "WorkerFunction"): 1,
        ("PutItem", "OrdersTable"): 1,
    }


def test_what_the_site_does_to_watch_a_lab_counts_for_nothing(lab: Lab) -> None:
    send(lab, ("GET", "/look", None))
    wait_for(lab, "Invoke", "Web", 1)
    before = used(lab)
    target, resources = get_target(), resources_of(lab)
    for _ in range(3):
        gauges.read_logs(target, resources, 0)
        list(gauges.read_gauges(target, resources))
        target.client("dynamodb").put_item(TableName=resources["Delivered"].id, Item={"id": {"S": "a"}})
    assert used(lab) == before


def test_two_labs_do_not_mix_and_time_divides_one_lab(deploy: Deploy, postbox: Any) -> None:
    first, second = deploy(postbox), deploy(postbox, "somebody else")
    send(first, ("GET", "/look", None), ("GET", "/look", None))
    wait_for(first, "Invoke", "Web", 2)
    assert used(second) == {}
    between = time.time()
    send(first, ("GET", "/look", None))
    wait_for(first, "Invoke", "Web", 3)
    assert counts(first, between)["Request", "Api"] == 1
    assert counts(first)["Request", "Api"] == 3


def test_billed_time_and_log_data_are_those_of_the_report_lines(lab: Lab) -> None:
    send(lab, ("GET", "/look", None), ("GET", "/look", None), ("GET", "/fail", None))
    wait_for(lab, "Invoke", "Web", 3)
    lines = gauges.read_logs(get_target(), {"Web": resources_of(lab)["Web"]}, 0)
    invocations = [event.data for event in LogReader().read(lines) if event.kind == "invocation"]
    seen = used(lab)
    billed = sum(data["billed_ms"] for data in invocations)
    assert seen["Invoke", "Web"][0] == 3
    assert seen["Invoke", "Web"][1] == pytest.approx(billed / 1000 * 256 / 1024)
    size = sum(len(line.message.encode()) + 26 for line in lines)
    assert seen["PutLogEvents", "Web"] == (len(lines), size)


def test_a_refusal_at_the_gateway_is_counted_as_one_and_reaches_no_function(lab: Lab) -> None:
    assert send(lab, ("POST", "/checked", {})) == [400]
    assert counts(lab) == {("Request", "Api"): 1, ("Refusal", "Api"): 1}


def test_a_large_letter_is_charged_by_64_kb(lab: Lab) -> None:
    send(lab, ("POST", "/letters", {"to": "x" * 70_000}))
    wait_for(lab, "PutItem", "Delivered", 1)
    seen = used(lab)
    assert seen["SendMessage", "Letters"] == (1, 2)
    assert seen["ReceiveMessage", "Letters"] == (1, 2)
    assert seen["PutItem", "Delivered"] == (1, 69)  # an item of 70,045 bytes


def test_answers_from_a_stage_cache_are_distinguished_from_those_of_the_function(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "gateway-cache"))
    send(lab, *[("GET", "/products/1?currency=EUR", None)] * 4)
    wait_for(lab, "Invoke", "Storefront", 1)
    seen = counts(lab)
    assert (seen["Request", "Api"], seen["CacheHit", "Api"], seen["Invoke", "Storefront"]) == (4, 3, 1)


def test_calls_without_identity_are_not_charged(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "gateway-authorizer"))
    assert send(lab, ("GET", "/prices", None)) == [401]
    assert counts(lab) == {("UnchargedRequest", "Api"): 1}


def test_a_topic_counts_its_publishing_and_each_delivery(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "queue-based-event-distribution"))
    pattern = load_pattern(CONTENT / "queue-based-event-distribution")
    assert pattern.demo is not None
    first = next(step.request for step in pattern.demo.steps if step.request)
    order = fill(first.json_body, {"uuid": "0001"})
    assert send(lab, (first.method, first.path, order)) == [202]
    for queue in ("BillingQueue", "ShippingQueue", "AnalyticsQueue"):
        wait_for(lab, "DeleteMessageBatch", queue, 1)
    seen = counts(lab)
    assert (seen["Publish", "OrderEvents"], seen["DeliverToSQS", "OrderEvents"]) == (1, 3)
    assert ("SendMessage", "BillingQueue") not in seen


def ask(emulator: Emulator, secret: str | None, body: bytes = b'{"resources": [], "since": 0}') -> int:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    request = urllib.request.Request(emulator.url + USES_PATH, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def test_the_counts_are_reported_to_the_site_alone(emulator: Emulator) -> None:
    assert ask(emulator, None) == 403
    assert ask(emulator, "") == 403
    assert ask(emulator, "0" * 64) == 403
    assert ask(emulator, site_secret()) == 200
    assert ask(emulator, site_secret(), b"[]") == 400
    assert ask(emulator, site_secret(), b'{"resources": 5, "since": 0}') == 400


SPY = """
import json, os, pathlib, urllib.request, urllib.error
URL = os.environ["AWS_ENDPOINT_URL"]
def call(method, path):
    request = urllib.request.Request(URL + path, data=b'{"resources": [], "since": 0}', method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
def handler(event, context):
    seen = list(os.environ.values())
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name in (str(os.getpid()), str(os.getppid())):
            for name in ("environ", "cmdline"):
                seen.append((folder / name).read_bytes().decode(errors="replace"))
    asked = {f"{method} {path}": call(method, path) for method in ("GET", "POST", "DELETE", "PUT")
             for path in ("/_catalogue/uses", "//_catalogue/uses", "/_ministack/reset")}
    print("spied")
    return {"seen": seen, "asked": asked}
"""


def test_a_handler_can_neither_read_nor_reset_the_counts(emulator: Emulator, settings: Settings) -> None:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("spy.py", SPY)
    target = get_target()
    functions = target.client("lambda")
    role = target.client("iam").create_role(RoleName="spy", AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    functions.create_function(
        FunctionName="spy",
        Runtime="python3.13",
        Handler="spy.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": packed.getvalue()},
        Timeout=20,
    )
    try:
        answer = json.load(functions.invoke(FunctionName="spy")["Payload"])
    finally:
        functions.delete_function(FunctionName="spy")
        target.client("iam").delete_role(RoleName="spy")
    assert "seen" in answer, answer
    assert not [text for text in answer["seen"] if site_secret() in text or settings.SECRET_KEY in text]
    assert {status for asked, status in answer["asked"].items() if "_catalogue/uses" in asked} <= {400, 403, 404, 405}
    assert answer["asked"]["POST /_ministack/reset"] == 403


def test_read_units_grow_with_the_items(deploy: Deploy) -> None:
    """One unit for each 4 KB: the emulator itself says half a unit for an item of any size."""
    lab = deploy(load_pattern(Path(settings.BASE_DIR) / "tests/labs/content/prober"))
    table = resources_of(lab)["Table"].id
    key = {"TableName": table, "Key": {"id": {"S": "1"}}}

    def probe(operation: str, **arguments: Any) -> None:
        asked = {"service": "dynamodb", "operation": operation, "arguments": arguments}
        answer = run(call_edge(lab.pk, "POST", "/", {}, {"do": "aws", **asked}))
        assert "done" in answer.parsed, answer.body

    probe("put_item", TableName=table, Item={"id": {"S": "1"}, "text": {"S": "x" * 9000}})
    probe("get_item", **key)
    probe("get_item", **key, ConsistentRead=True, ProjectionExpression="id")
    probe("get_item", TableName=table, Key={"id": {"S": "none"}})
    probe("put_item", TableName=table, Item={"id": {"S": "2"}})
    probe("scan", TableName=table, ProjectionExpression="id")
    names = {"ExpressionAttributeNames": {"#t": "text"}, "FilterExpression": "attribute_not_exists(#t)"}
    probe("scan", TableName=table, ConsistentRead=True, **names)
    units = used(lab)
    assert units["GetItem", "Table"] == (3, 1.5 + 3 + 0.5)
    assert units["Scan", "Table"] == (2, 1.5 + 3)
