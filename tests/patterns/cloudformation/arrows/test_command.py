"""`manage.py arrows`: what it prints, and what it does with files that are no template."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

API = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Handler: app.handler, CodeUri: code, Environment: {Variables: {TABLE: !Ref Orders}}}
Resources:
  Orders: {Type: AWS::Serverless::SimpleTable}
  Buyer:
    Type: AWS::Serverless::Function
    Properties:
      Policies: [{DynamoDBWritePolicy: {TableName: !Ref Orders}}]
      Events: {Post: {Type: Api, Properties: {Path: /orders, Method: post}}}
  Reader: {Type: AWS::Serverless::Function}
  Fleet: {Type: AWS::GameLift::Fleet}
"""


def arrows(path: Path, *options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("arrows", str(path), *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(API)
    return path


def test_json_is_a_list_of_arrows_with_the_authors_ids(template: Path) -> None:
    out, err = arrows(template, "--json")
    assert json.loads(out) == [
        {"from": "(implicit)", "to": "Buyer", "kind": "integration", "waits": True, "proven_by": "Buyer"},
        {"from": "Buyer", "to": "Orders", "kind": "environment", "waits": True, "proven_by": "Buyer"},
    ]
    assert "Unknown types: AWS::GameLift::Fleet" in err


def test_text_gives_lines_and_what_was_looked_for(template: Path) -> None:
    out, _ = arrows(template)
    assert "Buyer -> Orders  environment, waits; proven by Buyer (line 7)" in out
    assert "Not proven: Reader -> Orders  environment, Reader (line 12): no permission" in out


def test_a_report_has_everything_in_one_object(template: Path) -> None:
    report = json.loads(arrows(template, "--report")[0])
    assert [arrow["to"] for arrow in report["arrows"]] == ["Buyer", "Orders"]
    assert report["not_proven"][0]["looked_at"] == "Reader"
    assert report["unknown_types"] == ["AWS::GameLift::Fleet"]


def test_a_definition_in_a_file_beside_the_template_is_read(tmp_path: Path) -> None:
    (tmp_path / "machine.asl.json").write_text(
        json.dumps(
            {
                "StartAt": "Send",
                "States": {
                    "Send": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::sqs:sendMessage",
                        "Parameters": {"QueueUrl": "${Url}", "MessageBody": "x"},
                        "End": True,
                    }
                },
            }
        )
    )
    path = tmp_path / "template.yaml"
    path.write_text("""
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: machine.asl.json
      DefinitionSubstitutions: {Url: !Ref Jobs}
      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}}]
""")
    assert [(arrow["from"], arrow["to"]) for arrow in json.loads(arrows(path, "--json")[0])] == [("Machine", "Jobs")]


def test_a_file_outside_the_templates_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")
    folder = tmp_path / "inside"
    folder.mkdir()
    path = folder / "template.yaml"
    path.write_text("""
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: ../secret.json}
""")
    assert "Not read: ../secret.json" in arrows(path)[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: [", "not YAML"),
        ("Outputs: {}", "not a CloudFormation template"),
        (
            "Transform: AWS::Serverless-2016-10-31\n"
            "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Events: 3}}}",
            "SAM refuses",
        ),
    ],
)
def test_what_is_no_template_is_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(CommandError, match=message):
        arrows(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.yaml"):
        arrows(tmp_path / "none.yaml")
