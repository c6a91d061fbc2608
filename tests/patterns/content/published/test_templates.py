"""What every template holds to on AWS, twins and the starter included: throttles, logs that end, small roles.

That an edited stack serves its new API is shown on real stacks: tests/labs/embedded/fixes/test_edited_stacks.py.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.cloudformation.stack.sam import translated
from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from catalogue.patterns.content.starting import STARTER
from catalogue.patterns.services.api_gateway.deployments import DEPLOYMENT, stamped_ids

CONTENT = Path(settings.BASE_DIR) / "patterns_content"
FOLDERS = pattern_folders(CONTENT)
TEMPLATES = [
    *(folder / name for folder in FOLDERS for name in ("template.yaml", "naive.yaml") if (folder / name).is_file()),
    STARTER / "template.yaml",
]
WITH_ACCESS_LOGS = [
    folder.name for folder in FOLDERS if "access log" in (folder / "pattern.md").read_text("utf-8").lower()
]
FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
BASIC = "service-role/AWSLambdaBasicExecutionRole"
"""Managed by AWS: writes logs, and nothing else."""
OWN_ROLES = {
    "function-as-a-web-service/template.yaml": {"QuoteFunction"},
    "gateway-authorizer/template.yaml": {"PricesFunction", "QuotesFunction"},
    "gateway-cache/template.yaml": {"Storefront"},
    "gateway-cache/naive.yaml": {"Storefront"},
    "gateway-validator/template.yaml": {"Shop"},
}
"""Functions of which the page says that they may write their log and nothing else."""


def read(path: Path) -> Template:
    return read_template(path, path.read_text("utf-8").replace("@TITLE@", "Starter"))


def name_of(path: Path) -> str:
    return "/".join(path.parts[-2:])


every_template = pytest.mark.parametrize("path", TEMPLATES, ids=name_of)


def test_all_patterns_the_twins_and_the_starter_are_looked_at() -> None:
    assert len(FOLDERS) >= 9
    assert len(TEMPLATES) == len(list(CONTENT.glob("*/template.yaml"))) + len(list(CONTENT.glob("*/naive.yaml"))) + 1


@every_template
def test_every_stage_throttles_all_methods(path: Path) -> None:
    stages = list(read(path).as_deployed.of_type("AWS::ApiGateway::Stage"))
    assert stages
    for stage in stages:
        (limits,) = [
            setting
            for setting in stage.property("MethodSettings", default=())
            if (setting["ResourcePath"], setting["HttpMethod"]) == ("/*", "*")
        ]
        assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 5000


@every_template
def test_every_function_has_a_log_group_that_ends_with_the_stack_and_keeps_lines_for_a_time(path: Path) -> None:
    template = read(path).as_deployed
    bodies = template.document.value["Resources"]
    groups = {
        group.property("LogGroupName", "Fn::Sub"): bodies[group.id]
        for group in template.of_type("AWS::Logs::LogGroup")
        if 0 < group.property("RetentionInDays", default=0) <= 30
    }
    functions = list(template.of_type(*FUNCTIONS))
    assert functions
    for function in functions:
        name = function.property("FunctionName", "Fn::Sub", default=f"${{{function.id}}}")
        assert groups[f"/aws/lambda/{name}"]["DeletionPolicy"] == "Delete", function.id


@every_template
def test_a_functions_role_allows_its_log_and_named_actions_on_named_resources(path: Path) -> None:
    """In what SAM makes of the template: a role that SAM adds counts too."""
    resources = translated(read(path).document.value)["Resources"]
    roles = {
        str(body["Properties"]["Role"]["Fn::GetAtt"][0])
        for body in resources.values()
        if body["Type"] == "AWS::Lambda::Function"
    }
    assert roles
    for role in roles:
        managed = resources[role]["Properties"].get("ManagedPolicyArns", ())
        assert all(json.dumps(one).rstrip('"}]').endswith(BASIC) for one in managed), role
        for statement in statements(resources, role):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", action) for action in actions), (role, actions)
            on = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            assert all(one != "*" for one in on) or not any(map(has_resources, actions)), (role, on)


def has_resources(action: str) -> bool:
    """Whether a policy can name resources for the action. If not, it has to say `*`, as for `states:SendTaskSuccess`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_stepfunctions.html, here as cfn-lint has it.
    """
    service, _, name = action.partition(":")
    known = json.loads(files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text("utf-8"))
    return bool(known[service]["Actions"][name.lower()].get("Resources"))


def test_only_an_action_without_resources_may_be_allowed_on_all() -> None:
    assert not has_resources("states:SendTaskSuccess")
    assert has_resources("states:StartExecution")
    assert has_resources("sqs:SendMessage")


def statements(resources: Mapping[str, Any], role: str) -> Iterator[Mapping[str, Any]]:
    """What the role's own policies say, whether they are written in it or beside it."""
    documents = [policy["PolicyDocument"] for policy in resources[role]["Properties"].get("Policies", ())]
    documents += [
        body["Properties"]["PolicyDocument"]
        for body in resources.values()
        if body["Type"] == "AWS::IAM::Policy" and {"Ref": role} in body["Properties"]["Roles"]
    ]
    for document in documents:
        found = document["Statement"]
        yield from found if isinstance(found, list) else [found]


@pytest.mark.parametrize(("name", "functions"), OWN_ROLES.items(), ids=list(OWN_ROLES))
def test_a_role_of_which_the_page_says_so_may_write_its_log_and_nothing_else(name: str, functions: set[str]) -> None:
    template = read(CONTENT / name)
    resources = translated(template.document.value)["Resources"]
    for function in functions:
        role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
        assert "ManagedPolicyArns" not in resources[role]["Properties"]
        (statement,) = statements(resources, role)
        assert statement["Effect"] == "Allow"
        assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        name = template.resources[function].property("FunctionName", "Fn::Sub", default=f"${{{function}}}")
        assert log_groups(template, statement["Resource"]) == {f"/aws/lambda/{name}"}, function


def log_groups(template: Template, resource: Any) -> set[str]:
    """The names of the log groups that an ARN in a policy stands for."""
    if isinstance(resource, Mapping) and "Fn::GetAtt" in resource:
        return {template.resources[resource["Fn::GetAtt"][0]].property("LogGroupName", "Fn::Sub")}
    # Where the function's role is made before the function, its group is known by the beginning of its name only.
    text = resource["Fn::Sub"]
    prefix = text.rpartition(":log-group:")[2].partition("*")[0].replace("${AWS::StackName}-", "${")
    return {
        group.property("LogGroupName", "Fn::Sub")
        for group in template.of_type("AWS::Logs::LogGroup")
        if group.property("LogGroupName", "Fn::Sub", default="").startswith(prefix)
    }


@every_template
def test_every_deployments_logical_id_follows_its_api(path: Path) -> None:
    template = read(path)
    pairs = list(stamped_ids(template))
    assert pairs
    assert [old for old, _ in pairs] == [new for _, new in pairs]


@every_template
def test_nothing_but_a_stage_names_a_deployment(path: Path) -> None:
    template = read(path)
    for deployment in template.of_type(DEPLOYMENT):
        stages = [stage.property("DeploymentId") for stage in template.of_type("AWS::ApiGateway::Stage")]
        assert stages == [{"Ref": deployment.id}]
        assert "StageName" not in deployment.properties, "such a stage has no throttle"


def test_three_pages_recommend_access_logs() -> None:
    assert WITH_ACCESS_LOGS == ["gateway-authorizer", "gateway-proxy", "gateway-validator"]


HELD = {
    "gateway-authorizer": {"$context.authorizer.latency", "$context.authorizer.status", "$context.authorizer.error"},
    "gateway-proxy": {"$context.integration.status"},
    "gateway-validator": {"$context.error.validationErrorString"},
}


@pytest.mark.parametrize("slug", WITH_ACCESS_LOGS)
def test_a_stage_writes_the_access_log_that_its_page_recommends_where_the_account_can(slug: str) -> None:
    """A parameter decides, because an account needs a role for it."""
    template = read(CONTENT / slug / "template.yaml")
    (stage,) = template.of_type("AWS::ApiGateway::Stage")
    condition, setting, otherwise = stage.property("AccessLogSetting", "Fn::If")
    assert (condition, otherwise) == ("WithAccessLogs", {"Ref": "AWS::NoValue"})
    group = template.resources[setting["DestinationArn"]["Fn::GetAtt"][0]]
    assert group.property("RetentionInDays") == 14
    assert HELD[slug] <= set(re.findall(r"\$context[.\w]+", setting["Format"]))


@every_template
def test_a_mapping_template_reads_a_header_in_every_spelling_in_use(path: Path) -> None:
    """REST APIs keep the client's case: HTTP/2 sends `x-amzn-trace-id`, most HTTP/1.1 clients `X-Amzn-Trace-Id`."""
    for method in read(path).of_type("AWS::ApiGateway::Method"):
        mapped = str(method.property("Integration", "RequestTemplates", default=""))
        declared = method.property("RequestParameters", default={})
        in_path = {name.removeprefix("method.request.path.") for name in declared}
        named = set(re.findall(r"\$input\.params\('([^']+)'\)", mapped))
        for name in named - in_path:
            assert {name.lower(), name.title()} <= named


@every_template
def test_a_queue_that_lambda_reads_gives_a_message_at_least_five_tries(path: Path) -> None:
    """AWS advises it: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    template = read(path).as_deployed
    read_by_lambda = {
        str(mapping.property("EventSourceArn", "Fn::GetAtt")[0])
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping")
    }
    for id in read_by_lambda:
        if template.resources[id].type == "AWS::SQS::Queue":
            assert template.resources[id].property("RedrivePolicy", "maxReceiveCount") >= 5, id


@pytest.mark.parametrize("slug", [folder.name for folder in FOLDERS if (folder / "naive.yaml").is_file()])
def test_a_twin_has_the_routes_of_its_pattern(slug: str) -> None:
    pattern = load_pattern(CONTENT / slug)
    assert pattern.naive is not None
    own, twins = ({(route.method, route.path) for route in routes(one)} for one in (pattern.template, pattern.naive))
    assert twins == own


def test_the_validators_twin_has_none_of_its_checks() -> None:
    types = {resource.type for resource in read(CONTENT / "gateway-validator" / "naive.yaml").resources.values()}
    assert not types & {"AWS::ApiGateway::Model", "AWS::ApiGateway::RequestValidator"}
