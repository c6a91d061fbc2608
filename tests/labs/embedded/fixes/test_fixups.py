"""What the emulator's CloudFormation drops is there after a deployment, as the template says."""

from typing import Any

from catalogue.labs.embedded.fixes.fixups import restore_dropped_properties
from catalogue.labs.lifecycle.stacks import read_stack, resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from tests.labs.conftest import run


def test_dropped_properties_are_restored_and_may_be_again(lab: Lab) -> None:
    target, resources = get_target(), resources_of(lab)
    cloudformation = target.client("cloudformation")
    stack = read_stack(cloudformation, lab.stack)
    assert stack is not None
    for _ in range(2):
        apigateway, functions = target.client("apigateway"), target.client("lambda")
        api = resources["Api"].id
        (validator,) = apigateway.get_request_validators(restApiId=api)["items"]
        method: dict[str, Any] = apigateway.get_method(
            restApiId=api, resourceId=resources["Checked"].id, httpMethod="POST"
        )
        assert method["requestValidatorId"] == validator["id"]
        assert validator["validateRequestParameters"] is True
        assert apigateway.get_stage(restApiId=api, stageName="live")["cacheClusterEnabled"] is True
        expiry = target.client("dynamodb").describe_time_to_live(TableName=resources["Delivered"].id)
        assert expiry["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
        reserved = functions.get_function_concurrency(FunctionName=resources["Worker"].id)
        assert reserved["ReservedConcurrentExecutions"] == 4
        mapping = functions.get_event_source_mapping(UUID=resources["Delivery"].id)
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 3}
        restore_dropped_properties(target.client, stack.deployed(cloudformation, resources), resources)


def test_a_restored_validator_refuses_at_the_gateway(lab: Lab) -> None:
    from catalogue.labs.edge.client import call_edge

    assert run(call_edge(lab.pk, "POST", "/checked", {}, json_body={})).status == 400
    assert run(call_edge(lab.pk, "POST", "/checked?stamp=1", {}, json_body={})).status == 200
