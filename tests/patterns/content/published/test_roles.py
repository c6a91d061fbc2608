"""The roles of functions of which a page says what they hold: each action on each resource, and no more."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders

CONTENT = Path(settings.BASE_DIR) / "patterns_content"
PATTERNS = [load_pattern(folder) for folder in pattern_folders(CONTENT)]
SAM_ROLE = "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html"
"""Without `Role`, SAM makes one, and attaches this policy: it allows the log actions on every resource (2026-11-30)."""
WRITE_ITS_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
RECEIVE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


@pytest.mark.parametrize("twin", [False, True], ids=["the pattern", "the twin"])
@pytest.mark.parametrize(
    ("slug", "function", "allowed"),
    [
        ("gateway-validator", "Shop", {"ShopLogs": WRITE_ITS_LOG}),
        (
            "gateway-proxy",
            "Recorder",
            {"RecorderLogs": WRITE_ITS_LOG, "ScanQueue": RECEIVE, "Scans": ("dynamodb:PutItem",)},
        ),
        ("gateway-proxy", "Intake", {"IntakeLogs": WRITE_ITS_LOG, "ScanQueue": ("sqs:SendMessage",)}),
    ],
)
def test_a_functions_role_holds_its_log_and_what_it_needs(
    slug: str, function: str, allowed: dict[str, tuple[str, ...]], twin: bool
) -> None:
    pattern = load_pattern(CONTENT / slug)
    template = pattern.naive if twin else pattern.template
    assert template is not None
    if function not in template.resources:
        assert (function, twin) == ("Intake", False)
        return
    own, role = template.resources[function].properties, template.resources[f"{function}Role"].properties
    assert own["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    assert "Policies" not in own
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    granted = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        ((resource, attribute),) = statement["Resource"].values()
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert (statement["Effect"], attribute) == ("Allow", "Arn")
        granted[resource] = tuple(actions)
    assert granted == allowed


def test_authorizer_and_issuer_may_write_their_logs_and_read_the_key() -> None:
    resources = load_pattern(CONTENT / "gateway-authorizer").template.resources
    for name in ("Authorizer", "Tokens"):
        function = resources[f"{name}Function"].properties
        assert function["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert "Policies" not in function
        assert set(resources[f"{name}Role"].properties) == {"AssumeRolePolicyDocument"}
        logs, key = resources[f"{name}May"].properties["PolicyDocument"]["Statement"]
        assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert logs["Resource"] == {"Fn::GetAtt": [f"{name}Logs", "Arn"]}
        assert (key["Action"], key["Resource"]) == (
            "secretsmanager:GetSecretValue",
            {"Fn::GetAtt": ["SigningKey", "Id"]},
        )


def test_the_roles_of_the_idempotent_proxy_hold_their_log_and_what_they_need() -> None:
    template = load_pattern(CONTENT / "idempotent-proxy").template
    needs: dict[str, list[tuple[Any, str]]] = {
        "Charges": [
            (["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:UpdateItem"], "KeysTable"),
            ("dynamodb:PutItem", "ChargesTable"),
        ],
        "Ledger": [("dynamodb:Query", "ChargesTable")],
    }
    for name, needed in needs.items():
        function = template.resources[f"{name}Function"]
        assert function.property("Role") == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert "Policies" not in function.properties
        assert set(template.resources[f"{name}Role"].properties) == {"AssumeRolePolicyDocument"}
        statements = template.resources[f"{name}May"].properties["PolicyDocument"]["Statement"]
        allowed = [(one["Action"], one["Resource"]["Fn::GetAtt"][0]) for one in statements]
        assert allowed == [(["logs:CreateLogStream", "logs:PutLogEvents"], f"{name}Logs"), *needed]
        assert {one["Effect"] for one in statements} == {"Allow"}


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.slug)
def test_a_function_may_write_its_own_log_only_or_its_page_says_that_it_may_write_all(pattern: Pattern) -> None:
    kinds = {with_own_roles(template) for template in (pattern.template, pattern.naive) if template is not None}
    assert len(kinds) == 1, "pattern and twin compare fairly: the same kind of role in both"
    if kinds == {False}:
        assert SAM_ROLE in (pattern.folder / "pattern.md").read_text("utf-8")


def with_own_roles(template: Template) -> bool:
    """Whether the functions have roles of their own. Such a role may write the function's log, and no other."""
    functions = [id for id, resource in template.resources.items() if resource.type == "AWS::Serverless::Function"]
    own = {id: template.resources[id].property("Role") for id in functions}
    assert all(own.values()) or not any(own.values()), own
    for id, role in own.items():
        if role:
            name = role["Fn::GetAtt"][0]
            assert "ManagedPolicyArns" not in template.resources[name].properties
            granted = [one for one in statements_of(template, name) if "logs:" in str(one["Action"])]
            assert [one["Action"] for one in granted] == [list(WRITE_ITS_LOG)]
            group = template.resources[granted[0]["Resource"]["Fn::GetAtt"][0]]
            assert group.type == "AWS::Logs::LogGroup"
            assert group.id == id.removesuffix("Function") + "Logs"
    return all(own.values())


def statements_of(template: Template, role: str) -> list[Any]:
    """What the role's own policies say, and those that are attached to it."""
    policies = list(template.resources[role].property("Policies") or [])
    for resource in template.resources.values():
        if resource.type == "AWS::IAM::Policy" and {"Ref": role} in resource.properties["Roles"]:
            policies.append(resource.properties)
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
