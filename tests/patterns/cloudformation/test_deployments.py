"""A changed API gets a deployment with a new logical id, since CloudFormation takes a new snapshot for nothing else."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.services.api_gateway.deployments import stamped, stamped_ids, unstamped
from tests.patterns.support.drafts import Draft, expect_one

API = """\
Parameters:
  Greeting: {Type: String, Default: hello}
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: hello}
  Other:
    Type: AWS::ApiGateway::RestApi
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET, OperationName: !Ref Greeting}
  Refusal:
    Type: AWS::ApiGateway::GatewayResponse
    Properties: {RestApiId: !Ref Api, ResponseType: DEFAULT_4XX, StatusCode: "400"}
  OtherGet:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Other, ResourceId: !GetAtt Other.RootResourceId, HttpMethod: GET}
  # A Deployment is a snapshot.
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Get, Refusal]
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    DependsOn: Deployment
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: live}
Outputs:
  Snapshot: {Value: !Sub "${Deployment} of the Deployment"}
"""


def read(text: str) -> Template:
    return read_template(Path("template.yaml"), text)


def wanted(text: str) -> str:
    ((_, id),) = stamped_ids(read(text))
    return id


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HttpMethod: GET, OperationName", "HttpMethod: POST, OperationName"),
        ('StatusCode: "400"', 'StatusCode: "422"'),
        ("Default: hello", "Default: goodbye"),
        ("  Get:\n", "  Read:\n"),
        ("Properties: {Name: hello}", "Properties: {Name: hello, BinaryMediaTypes: [image/png]}"),
    ],
)
def test_what_the_stage_would_serve_differently_changes_the_id(old: str, new: str) -> None:
    assert old in API
    assert wanted(API) != wanted(API.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# A Deployment is a snapshot.", "# Another comment."),
        ("Name: hello", "Name: good morning"),
        ("!Ref Other, ResourceId: !GetAtt Other.RootResourceId, HttpMethod: GET", "!Ref Other, HttpMethod: PUT"),
        ("StageName: live", "StageName: trial"),
        ("!GetAtt Api.RootResourceId", "{Fn::GetAtt: [Api, RootResourceId]}"),
    ],
)
def test_nothing_else_changes_it(old: str, new: str) -> None:
    assert old in API
    assert wanted(API) == wanted(API.replace(old, new))


def test_every_reference_follows_and_prose_stays() -> None:
    id = wanted(API)
    text = stamped(read(API))
    assert f"\n  {id}:\n" in text
    assert f"!Ref {id}," in text
    assert f"DependsOn: {id}\n" in text
    assert f"${{{id}}} of the Deployment" in text
    assert "# A Deployment is a snapshot." in text
    assert stamped(read(text)) == text
    assert unstamped(read(text)) == API == unstamped(read(API))


def test_an_api_changed_without_a_new_id_is_a_mistake(sample: Draft) -> None:
    sample.replace("template.yaml", "AuthorizationType: NONE", "AuthorizationType: AWS_IAM")
    expect_one(
        sample.mistakes(stamp=False),
        id="patterns.E043",
        file="template.yaml",
        line=sample.line_of("template.yaml", "  Deployment"),
        message="serving the old API",
        remedy="stamp_deployments",
    )


def test_the_command_repairs_it_and_says_where(sample: Draft, settings: Settings) -> None:
    settings.CONTENT_DIR = sample.folder.parent
    sample.replace("template.yaml", "AuthorizationType: NONE", "AuthorizationType: AWS_IAM")
    said = StringIO()
    call_command("stamp_deployments", sample.folder.name, stdout=said)
    assert sample.mistakes(stamp=False) == []
    assert f"{sample.folder.name}/template.yaml" in said.getvalue()
    said = StringIO()
    call_command("stamp_deployments", stdout=said)
    assert said.getvalue() == ""


def test_a_template_that_cannot_be_read_is_left_as_it_is(sample: Draft, settings: Settings) -> None:
    settings.CONTENT_DIR = sample.folder.parent
    sample.write("template.yaml", "Resources: [")
    said = StringIO()
    call_command("stamp_deployments", stderr=said)
    assert sample.text("template.yaml") == "Resources: ["
    assert "template.yaml:2: This is not YAML" in said.getvalue()


def test_a_pattern_that_is_not_there_is_named(sample: Draft, settings: Settings) -> None:
    settings.CONTENT_DIR = sample.folder.parent
    with pytest.raises(CommandError, match="no pattern absent"):
        call_command("stamp_deployments", "absent")
