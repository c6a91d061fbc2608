"""A template on its own as a pattern: its diagram, its demo, its parameters."""

from pathlib import Path

import pytest

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.reading import (
    NotReadable,
    missing_parameters,
    read_project,
    slug_of,
)
from catalogue.patterns.diagrams.svg import render_diagram

ORDERS = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
Resources:
  Place:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      InlineCode: "def handler(event, context): return {}"
      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Orders.QueueName}}]
      Environment: {Variables: {QUEUE: !Ref Orders, STAGE: !Ref Stage}}
      Events:
        Post: {Type: Api, Properties: {Method: post, Path: "/orders/{id}"}}
        All: {Type: HttpApi}
  Orders:
    Type: AWS::SQS::Queue
  Pack:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      InlineCode: "def handler(event, context): return {}"
      Events:
        Batch: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}
"""


def project(folder: Path, text: str, **parameters: str) -> Pattern:
    (folder / "template.yaml").write_text(text)
    return read_project(folder / "template.yaml", parameters)


def arrows(pattern: Pattern) -> set[str]:
    return {f"{edge.source}>{edge.target} {edge.kind}" for edge in pattern.diagram.edges}


def test_each_proven_arrow_is_drawn_and_callers_stand_before_every_api(tmp_path: Path) -> None:
    assert arrows(project(tmp_path, ORDERS)) == {
        "Caller>ServerlessRestApi sync",
        "Caller>ServerlessHttpApi sync",
        "ServerlessRestApi>Place sync",
        "ServerlessHttpApi>Place sync",
        "Place>Orders async",
        "Orders>Pack async",
    }


def test_the_picture_can_be_drawn_and_has_every_box_once(tmp_path: Path) -> None:
    pattern = project(tmp_path, ORDERS)

    picture = render_diagram(pattern)

    assert len({node.at for node in pattern.diagram.nodes}) == len(pattern.diagram.nodes)
    assert all(f'data-node="{node.id}"' in picture for node in pattern.diagram.nodes)


def test_a_template_without_relations_shows_its_resources(tmp_path: Path) -> None:
    pattern = project(tmp_path, "Resources: {Role: {Type: 'AWS::IAM::Role'}, Key: {Type: 'AWS::KMS::Key'}}")

    assert [node.id for node in pattern.diagram.nodes] == ["Role", "Key"]
    assert render_diagram(pattern)


def test_its_demo_has_a_request_for_each_route_and_a_message_for_each_queue_that_is_read(tmp_path: Path) -> None:
    demo = project(tmp_path, ORDERS).demo

    assert demo is not None
    requests = [(step.request.method, step.request.path) for step in demo.steps if step.request]
    assert ("POST", "/orders/1") in requests
    assert [step.operation.resource for step in demo.steps if step.operation] == ["Orders"]
    assert [lever.pull.resource for lever in demo.levers] == ["Place", "Pack"]


def test_a_function_that_no_route_and_no_queue_reaches_can_be_invoked(tmp_path: Path) -> None:
    lonely = """
  Sweep:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      InlineCode: "def handler(event, context): return {}"
      Events: {Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}
"""

    demo = project(tmp_path, ORDERS + lonely.lstrip("\n")).demo

    assert demo is not None
    assert [step.id for step in demo.steps if step.operation and step.operation.action == "invoke"] == ["invoke-3"]


def test_a_given_parameter_reaches_the_template_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert missing_parameters(project(tmp_path, ORDERS).template) == {"Stage": "given-Stage"}

    given = project(tmp_path, ORDERS, Stage="dev", Other="x")

    assert missing_parameters(given.template) == {}
    place = given.template.as_deployed.resources["Place"]
    assert place.properties["Environment"]["Variables"]["STAGE"] == "dev"


def test_another_value_of_a_parameter_is_other_content(tmp_path: Path) -> None:
    first, second = (project(tmp_path, ORDERS, Stage=value).content_hash for value in ("a", "b"))

    assert first != second


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: [", "not YAML"),
        ("nothing: here", "not a CloudFormation template"),
        ("Resources: {}", "no resources"),
        ("Resources: {A: {Properties: {}}}", "no `Type`"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(NotReadable, match=said):
        project(tmp_path, text)


def test_packages_and_hidden_folders_are_not_among_its_files(tmp_path: Path) -> None:
    for name in ("src/app.py", "node_modules/x/index.py", ".git/config.py", "__pycache__/app.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1")

    assert [file.path for file in project(tmp_path, ORDERS).files] == ["template.yaml", "src/app.py"]


@pytest.mark.parametrize(("name", "slug"), [("My_App", "my-app"), ("...", "project"), ("a--b ", "a-b")])
def test_a_folders_name_becomes_a_slug(name: str, slug: str) -> None:
    assert slug_of(name) == slug
