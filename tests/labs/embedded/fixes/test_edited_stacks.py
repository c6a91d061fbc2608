"""A stack whose API is edited serves the new API once it is updated, for every pattern with a REST API."""

import json
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.lifecycle.stacks import read_stack, resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.cloudformation.template import read_template
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.services.api_gateway.deployments import DEPLOYMENT, stamped_ids
from tests.labs.conftest import Deploy
from tests.labs.fidelity.conftest import Stack

pytestmark = pytest.mark.lab

CONTENT = Path(settings.BASE_DIR) / "patterns_content"
WITH_A_REST_API = sorted(path.parent.name for path in CONTENT.glob("*/template.yaml") if DEPLOYMENT in path.read_text())


@pytest.mark.parametrize("slug", WITH_A_REST_API)
def test_a_changed_method_is_served_by_the_updated_stack(deploy: Deploy, slug: str) -> None:
    pattern = load_pattern(CONTENT / slug)
    lab = deploy(pattern)
    cloudformation, gateway = get_target().client("cloudformation"), get_target().client("apigateway")
    stack = read_stack(cloudformation, lab.stack)
    assert stack is not None
    route = next(route for route in routes(pattern.template) if route.method in {"GET", "POST"})

    # An author would edit the YAML and run `make format`; the stack holds the same template as JSON.
    text = pattern.template.text
    method = pattern.template.resources[route.proof]
    lines = text.splitlines(keepends=True)
    block = "".join(lines[method.line - 1 : method.end_line])
    edited = text.replace(block, block.replace(f"HttpMethod: {route.method}", "HttpMethod: PATCH", 1))
    ((old, new),) = stamped_ids(read_template(pattern.template.path, edited))
    assert old != new
    template = stack.template(cloudformation)
    template["Resources"][method.id]["Properties"]["HttpMethod"] = "PATCH"
    body = json.dumps(template).replace(f'"{old}"', f'"{new}"')

    before = resources_of(lab)
    (api,) = (before[api.id].id for api in pattern.template.of_type("AWS::ApiGateway::RestApi"))
    (stage,) = gateway.get_stages(restApiId=api)["item"]
    cloudformation.update_stack(
        StackName=lab.stack, TemplateBody=body, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName=lab.stack, WaiterConfig={"Delay": 1})

    (now,) = gateway.get_stages(restApiId=api)["item"]
    assert now["deploymentId"] != stage["deploymentId"]
    assert [kept["id"] for kept in gateway.get_deployments(restApiId=api)["items"]] == [now["deploymentId"]]
    path = route.path.replace("{", "a").replace("}", "")
    unknown = {"message": "Missing Authentication Token"}
    calls = Stack(lab)
    assert calls.call(route.method, path, json={}).parsed == unknown
    assert calls.call("PATCH", path, json={}).parsed != unknown
