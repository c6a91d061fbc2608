"""What is inside a resource of a running lab, service by service, and that looking changes nothing."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded.peek_endpoint import PEEK_PATH
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.services.contents import MOST_CHARACTERS, MOST_ENTRIES, Contents, Entry
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets import get_target
from catalogue.labs.watching.inside import look_inside
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.conftest import Deploy, run

pytestmark = pytest.mark.lab

CONTENT = Path(settings.BASE_DIR) / "patterns_content"


@pytest.fixture
def leveling(deploy: Deploy) -> Lab:
    """Load leveling, whose worker takes nothing from the queue."""
    lab = deploy(load_pattern(CONTENT / "queue-based-load-leveling"))
    target, resources = get_target(), resources_of(lab)
    (mapping,) = (found.id for found in resources.values() if found.type == "AWS::Lambda::EventSourceMapping")
    target.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    return lab


def order(lab: Lab, *names: str) -> None:
    for name in names:
        answer = run(call_edge(lab.pk, "POST", "/orders", {}, {"order": name, "item": "mug"}))
        assert answer.status == 202


def contents(lab: Lab, resource: str) -> Contents:
    seen = look_inside(lab, resource)
    assert seen is not None
    return seen.contents


def wait_until(met: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_messages_are_seen_and_are_not_received_by_it(leveling: Lab) -> None:
    order(leveling, "o-1", "o-2")
    for _ in range(3):
        seen = contents(leveling, "OrderQueue")
        assert [json.loads(entry.text)["order"] for entry in seen.entries] == ["o-1", "o-2"]
        assert all(entry.facts[0] == "not received yet" for entry in seen.entries)
        assert not seen.more
    sqs, url = get_target().client("sqs"), resources_of(leveling)["OrderQueue"].id
    (message,) = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    held = next(entry for entry in contents(leveling, "OrderQueue").entries if entry.title == message["MessageId"])
    assert held.facts[0] == "received once"
    assert held.facts[1].startswith("held by a consumer for ")


def test_a_long_queue_shows_its_first_messages_and_says_that_there_are_more(leveling: Lab) -> None:
    sqs, url = get_target().client("sqs"), resources_of(leveling)["OrderDeadLetters"].id
    for number in range(MOST_ENTRIES + 1):
        sqs.send_message(QueueUrl=url, MessageBody=f"{number} " + "x" * MOST_CHARACTERS)
    seen = contents(leveling, "OrderDeadLetters")
    assert [entry.text.split()[0] for entry in seen.entries] == [str(number) for number in range(MOST_ENTRIES)]
    assert seen.more
    assert all(len(entry.text) == MOST_CHARACTERS + 2 and entry.text.endswith("x …") for entry in seen.entries)
    received = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received[0]["ReceiptHandle"])
    assert not contents(leveling, "OrderDeadLetters").more


def test_a_table_shows_its_items_by_their_key(leveling: Lab) -> None:
    dynamodb, table = get_target().client("dynamodb"), resources_of(leveling)["OrdersTable"].id
    assert contents(leveling, "OrdersTable") == Contents("Items", ())
    item = {"order": {"S": "o-7"}, "weight": {"N": "1.5"}, "tags": {"SS": ["b", "a"]}, "raw": {"B": b"hi"}}
    dynamodb.put_item(TableName=table, Item=item)
    (entry,) = contents(leveling, "OrdersTable").entries
    assert entry.title == "o-7"
    assert json.loads(entry.text) == {"order": "o-7", "raw": "aGk=", "tags": ["a", "b"], "weight": 1.5}


def test_a_function_shows_its_settings_its_role_s_statements_and_its_log(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "queue-based-load-leveling"))
    before = look_inside(lab, "WorkerFunction")
    assert before is not None
    assert before.log == ()
    order(lab, "o-1")

    def logged() -> bool:
        seen = look_inside(lab, "WorkerFunction")
        return bool(seen and seen.log and any("o-1" in line.message for line in seen.log))

    wait_until(logged)
    setting, policy = (entry for entry in before.contents.entries if entry.facts != ("managed",))
    assert json.loads(setting.text)["MemorySize"] == 256
    statements = json.loads(policy.text)
    queue = resources_of(lab)["OrderQueue"].id.rpartition("/")[2]
    receiving = next(one for one in statements if "sqs:ReceiveMessage" in one["Action"])
    assert receiving["Resource"].endswith(f":{queue}")


def test_an_api_shows_its_routes_with_what_they_call(leveling: Lab, deploy: Deploy) -> None:
    assert contents(leveling, "OrderApi").entries == (Entry("POST /orders", "", ("AWS service", "validated")),)
    authorized = deploy(load_pattern(CONTENT / "gateway-authorizer"))
    (api,) = (name for name, found in resources_of(authorized).items() if found.type == "AWS::ApiGateway::RestApi")
    assert any("authorizer" in entry.facts for entry in contents(authorized, api).entries)


def test_a_topic_shows_its_subscriptions_and_their_filters(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "queue-based-event-distribution"))
    (topic,) = (name for name, found in resources_of(lab).items() if found.type == "AWS::SNS::Topic")
    queues = {found.id.rpartition("/")[2] for found in resources_of(lab).values() if found.type == "AWS::SQS::Queue"}
    seen = contents(lab, topic).entries
    assert {entry.title for entry in seen} <= queues
    assert all(entry.facts == ("sqs",) for entry in seen)
    assert any("FilterPolicy" in entry.text for entry in seen)


def test_a_bucket_shows_its_objects(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "claim-check"))
    (bucket,) = (name for name, found in resources_of(lab).items() if found.type == "AWS::S3::Bucket")
    get_target().client("s3").put_object(Bucket=resources_of(lab)[bucket].id, Key="a/b.json", Body=b"12345")
    (entry,) = contents(lab, bucket).entries
    assert (entry.title, entry.facts[0]) == ("a/b.json", "5 bytes")
    assert entry.facts[1].endswith(" UTC")


def test_a_bus_shows_its_rules_with_their_patterns_and_targets(deploy: Deploy) -> None:
    lab = deploy(load_pattern(CONTENT / "event-router"))
    resources = resources_of(lab)
    found = {entry.title: entry for entry in contents(lab, "HallBus").entries}
    rule = found[resources["AccountingRule"].id.rpartition("|")[2]]
    queue = resources["AccountingQueue"].id.rpartition("/")[2]
    assert rule.facts == ("enabled", f"to {queue}")
    assert "detail" in json.loads(rule.text)


def test_nothing_is_seen_of_other_stacks_and_of_types_that_hold_nothing(leveling: Lab) -> None:
    assert look_inside(leveling, "NoSuchThing") is None
    role = next(name for name, found in resources_of(leveling).items() if found.type == "AWS::IAM::Role")
    assert look_inside(leveling, role) is None


def test_every_resource_that_has_a_count_can_be_looked_into() -> None:
    services = lab_services()
    assert set(services.gauges) <= set(services.contents)


def test_handlers_cannot_look_into_queues(emulator: Emulator) -> None:
    for headers in ({}, {"x-catalogue-secret": "guessed"}):
        request = urllib.request.Request(
            get_target().url + PEEK_PATH,  # type: ignore[attr-defined]
            data=b'{"service": "sqs", "resource": "x"}',
            headers=headers,
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        assert refused.value.code == 403
