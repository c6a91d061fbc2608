"""What a template may make on a real account."""

import copy
from typing import Any

import pytest

from catalogue.labs.aws.boundary import TemplateRefused, adapted, translated

BOUNDARY = "arn:aws:iam::123456789012:policy/labs-boundary"
REGION = "eu-central-1"
FUNCTION: dict[str, Any] = {
    "Type": "AWS::Serverless::Function",
    "Properties": {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "CodeUri": {"Bucket": "code", "Key": "code/1.zip"},
    },
}
LAMBDA = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


def template(**resources: Any) -> dict[str, Any]:
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": copy.deepcopy(resources)}


def roles(made: dict[str, Any]) -> dict[str, Any]:
    return {
        logical: resource["Properties"].get("PermissionsBoundary")
        for logical, resource in made["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }


def test_roles_have_the_boundary_those_that_sam_makes_included() -> None:
    given = template(F=FUNCTION, R={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": LAMBDA}})
    before = copy.deepcopy(given)
    bounded = adapted(given, BOUNDARY, REGION)
    assert given == before
    assert roles(translated(bounded, REGION)) == {"FRole": BOUNDARY, "R": BOUNDARY}
    assert roles(translated(given, REGION)) == {"FRole": None, "R": None}


def test_a_template_s_own_boundary_does_not_count() -> None:
    wide = {"PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    function = FUNCTION | {"Properties": FUNCTION["Properties"] | wide}
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": LAMBDA} | wide}
    assert set(roles(translated(adapted(template(F=function, R=role), BOUNDARY, REGION), REGION)).values()) == {
        BOUNDARY
    }


def test_a_schedule_s_own_role_has_it_too() -> None:
    event = {"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "rate(1 minute)"}}
    function = FUNCTION | {"Properties": FUNCTION["Properties"] | {"Events": {"Tick": event}}}
    with pytest.raises(TemplateRefused, match="AWS::Scheduler::Schedule"):  # no type that labs may make, so far
        adapted(template(F=function), BOUNDARY, REGION)


def test_a_role_that_sam_makes_without_a_boundary_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever SAM learns to make: what it makes is looked at."""
    monkeypatch.setattr("catalogue.labs.aws.boundary._bound", lambda resource, boundary: None)
    with pytest.raises(TemplateRefused, match=r"the role FRole .* without a permissions boundary"):
        adapted(template(F=FUNCTION), BOUNDARY, REGION)


def test_gradual_deployments_which_make_a_role_without_a_boundary_are_refused() -> None:
    deployment = {"AutoPublishAlias": "live", "DeploymentPreference": {"Type": "AllAtOnce"}}
    function = FUNCTION | {"Properties": FUNCTION["Properties"] | deployment}
    with pytest.raises(TemplateRefused):
        adapted(template(F=function), BOUNDARY, REGION)


@pytest.mark.parametrize(
    "type",
    [
        "AWS::IAM::User",
        "AWS::IAM::AccessKey",
        "AWS::IAM::ManagedPolicy",
        "AWS::CloudFormation::Stack",
        "AWS::Serverless::Application",
        "AWS::Serverless::GraphQLApi",
        "AWS::EC2::Instance",
        "Custom::Anything",
    ],
)
@pytest.mark.parametrize("boundary", [BOUNDARY, ""])
def test_types_that_labs_do_not_make_are_refused_by_name(type: str, boundary: str) -> None:
    with pytest.raises(TemplateRefused, match=f"cannot create a {type}. Odd is one"):
        adapted(template(F=FUNCTION, Odd={"Type": type, "Properties": {}}), boundary, REGION)


@pytest.mark.parametrize(
    "principal",
    ["*", {"AWS": "*"}, {"AWS": "arn:aws:iam::1:root", "Service": "lambda.amazonaws.com"}, {"Federated": "x"}],
)
def test_a_role_for_anyone_but_aws_s_services_is_refused(principal: Any) -> None:
    trust = {"Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}}
    with pytest.raises(TemplateRefused, match="R allows others"):
        adapted(
            template(R={"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}), BOUNDARY, REGION
        )


@pytest.mark.parametrize(
    "attached", [{"Roles": ["another-role"]}, {"Roles": [{"Ref": "Name"}]}, {"Users": ["ada"]}, {"Groups": ["staff"]}]
)
def test_a_policy_for_any_but_the_templates_own_roles_is_refused(attached: dict[str, Any]) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": LAMBDA}}
    own = {"Type": "AWS::IAM::Policy", "Properties": {"Roles": [{"Ref": "R"}]}}
    adapted(template(R=role, P=own), BOUNDARY, REGION)
    with pytest.raises(TemplateRefused, match="P names others"):
        adapted(template(R=role, P={"Type": "AWS::IAM::Policy", "Properties": attached}), BOUNDARY, REGION)


@pytest.mark.parametrize("transform", ["Mine", ["AWS::Serverless-2016-10-31", "Mine"], {"Name": "AWS::Include"}])
def test_other_transforms_are_refused(transform: Any) -> None:
    with pytest.raises(TemplateRefused, match="can use only SAM's transform"):
        adapted(template(F=FUNCTION) | {"Transform": transform}, BOUNDARY, REGION)


def test_what_sam_does_not_take_is_refused_with_its_words() -> None:
    with pytest.raises(TemplateRefused, match="SAM does not accept"):
        adapted(template(F={"Type": "AWS::Serverless::Function", "Properties": {}}), BOUNDARY, REGION)
