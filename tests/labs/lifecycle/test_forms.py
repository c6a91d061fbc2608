"""What an author may write on AWS deploys in a lab as it does there: tests/labs/content/forms."""

import json
import time
from typing import Any

import pytest

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded.fixes import fixups
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import get_target
from catalogue.patterns.content.checks import functions
from catalogue.patterns.content.pattern import Pattern, load_pattern
from tests.labs.conftest import CONTENT, Deploy, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def forms(deploy: Deploy) -> Lab:
    return deploy(load_pattern(CONTENT / "forms"))


def test_every_form_deploys_as_on_aws(forms: Lab) -> None:
    target, resources = get_target(), resources_of(forms)

    def concurrency(function: str) -> Any:
        asked = target.client("lambda").get_function_concurrency(FunctionName=resources[function].id)
        return asked.get("ReservedConcurrentExecutions")

    def expiry(table: str) -> tuple[str, str | None]:
        told = target.client("dynamodb").describe_time_to_live(TableName=resources[table].id)["TimeToLiveDescription"]
        return told["TimeToLiveStatus"], told.get("AttributeName")

    assert run(call_edge(forms.pk, "GET", "/", {})).status == 400, "the validator is a Sub under a condition"
    answer = run(call_edge(forms.pk, "GET", "/?who=me", {}))
    assert (answer.status, answer.parsed) == (200, {"SHARED": "for all", "LIMIT": "3", "DEBUG": "true"})
    assert [concurrency(name) for name in ("web", "Stopped", "Inline")] == [3, 0, None]
    assert expiry("Orders") == ("ENABLED", "expires_at")
    assert expiry("Kept")[0] == "DISABLED"
    assert "NotMade" not in resources
    stage = target.client("apigateway").get_stage(restApiId=resources["Api"].id, stageName="live")
    assert stage["cacheClusterEnabled"] is True
    flow = target.client("stepfunctions").describe_state_machine(stateMachineArn=resources["Flow"].id)
    assert json.loads(flow["definition"])["Comment"] == "from a file of its own"
    mapping = target.client("lambda").get_event_source_mapping(UUID=resources["Delivery"].id)
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 3}
    invoked = target.client("lambda").invoke(FunctionName=resources["Inline"].id)
    assert json.load(invoked["Payload"])["body"] == "inline"


def test_a_queue_is_read_though_its_concurrency_is_a_parameter(forms: Lab) -> None:
    """The emulator compares it as text until it is a number, and one poller serves the queues of all labs."""
    queue, sqs = resources_of(forms)["Letters"].id, get_target().client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="a letter")
    deadline = time.monotonic() + 60
    names: list[Any] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while any(
        int(count) for count in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"].values()
    ):
        assert time.monotonic() < deadline, "the message is still there"
        time.sleep(0.1)


def test_the_checks_of_functions_accept_these_forms(content: Any) -> None:
    assert [mistake.message for mistake in functions.check(load_pattern(CONTENT / "forms"))] == [
        "No function in the templates has its code in functions/flow/."
    ]


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("error", [TypeError("no such thing"), KeyError("Api"), ValueError("no whole number")])
def test_a_lab_whose_stack_cannot_be_finished_fails_with_the_reason(
    error: Exception, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(fixups, "restore_dropped_properties", fail)
    lab = services.create_lab(postbox, "somebody").lab
    assert lab.status == Status.FAILED
    assert str(error.args[0]) in lab.reason
    services.end_lab(lab, "The test is over.")
