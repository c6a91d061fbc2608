"""A template on its own, packaged for the embedded AWS."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from catalogue.labs.lifecycle.packaging.project_code import code_zip
from catalogue.labs.lifecycle.packaging.projects import leave_out, package
from catalogue.patterns.content.projects.reading import read_project


def test_what_is_left_out_is_replaced_by_a_text_wherever_it_is_named() -> None:
    template: dict[str, Any] = {
        "Resources": {
            "Archive": {"Type": "AWS::Events::Archive"},
            "ArchiveLog": {"Type": "AWS::Logs::LogGroup"},
            "Take": {
                "Type": "AWS::Lambda::Function",
                "DependsOn": ["Archive", "ArchiveLog"],
                "Properties": {
                    "A": {"Ref": "Archive"},
                    "B": {"Fn::GetAtt": ["Archive", "Arn"]},
                    "C": {"Fn::Sub": "${Archive.Arn}/x ${Archive} ${ArchiveLog}"},
                    "D": [{"Ref": "ArchiveLog"}],
                },
            },
        }
    }

    leave_out(template, ["Archive"])

    take = template["Resources"]["Take"]
    assert "Archive" not in template["Resources"]
    assert take["DependsOn"] == ["ArchiveLog"]
    assert take["Properties"] == {
        "A": "not-emulated-archive",
        "B": "not-emulated-archive",
        "C": {"Fn::Sub": "not-emulated-archive/x not-emulated-archive ${ArchiveLog}"},
        "D": [{"Ref": "ArchiveLog"}],
    }


def names(content: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_a_zip_holds_the_folders_files_and_no_cache(tmp_path: Path) -> None:
    for name in ("src/app.py", "src/data/table.bin", "src/__pycache__/app.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff")

    assert names(code_zip(tmp_path, "Take", "src/", "python3.13").content) == ["app.py", "data/table.bin"]


def test_what_sam_has_built_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("src/app.ts", ".aws-sam/build/Take/app.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")

    assert names(code_zip(tmp_path, "Take", "src/", "nodejs22.x").content) == ["app.js"]


TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /some/name}
Globals:
  Function: {Runtime: python3.13, Handler: app.handler, CodeUri: src/}
Resources:
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Tags:
      Environment: {Variables: {COUNT: 3}}
      Policies: [AmazonDynamoDBReadOnlyAccess]
      FunctionUrlConfig: {AuthType: NONE}
      Events: {Get: {Type: Api, Properties: {Method: get, Path: /}}}
"""


@pytest.fixture
def packaged(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return package(read_project(tmp_path / "template.yaml")).for_bucket("zips")


def test_it_is_plain_cloudformation_with_code_from_the_bucket(packaged: dict[str, Any]) -> None:
    take = packaged["Resources"]["Take"]["Properties"]

    assert not {"Transform", "Globals"} & packaged.keys()
    assert take["Code"]["S3Bucket"] == "zips"
    assert take["Environment"]["Variables"]["COUNT"] == "3"
    assert all(not one["Type"].startswith("AWS::Serverless::") for one in packaged["Resources"].values())


def test_it_has_an_output_for_each_address(packaged: dict[str, Any]) -> None:
    host = "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod"

    assert packaged["Outputs"] == {
        "Endpoint": {"Value": {"Fn::Sub": host}},
        "Endpoint2": {"Value": {"Fn::GetAtt": ["TakeUrl", "FunctionUrl"]}},
    }


def test_websockets_lead_to_the_first_websocket_api(tmp_path: Path) -> None:
    apis = "".join(
        f"""
  {name}: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: {name}, ProtocolType: WEBSOCKET}}}}
  {name}Stage: {{Type: AWS::ApiGatewayV2::Stage, Properties: {{ApiId: !Ref {name}, StageName: live}}}}"""
        for name in ("Chat", "News")
    )
    (tmp_path / "template.yaml").write_text(f"Resources:{apis}\n")
    outputs = package(read_project(tmp_path / "template.yaml")).for_bucket("zips")["Outputs"]

    address = "wss://${Chat}.execute-api.${AWS::Region}.amazonaws.com/live"
    assert outputs == {"SocketEndpoint": {"Value": {"Fn::Sub": address}}}


def test_a_parameter_that_an_account_would_look_up_has_a_text(packaged: dict[str, Any]) -> None:
    assert packaged["Parameters"]["Image"] == {"Type": "String", "Default": "given-Image"}


def test_a_managed_policy_has_its_arn(packaged: dict[str, Any]) -> None:
    arns = packaged["Resources"]["TakeRole"]["Properties"]["ManagedPolicyArns"]

    assert "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess" in arns
