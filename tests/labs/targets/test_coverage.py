"""What the embedded AWS can do with a template, and what is said of the rest."""

from pathlib import Path

import pytest
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

from catalogue.labs.targets import coverage
from catalogue.labs.targets.omissions import omit
from catalogue.labs.targets.verdict import verdict
from catalogue.patterns.content.projects.reading import read_project

MIXED = """
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}
  Archive: {Type: AWS::Events::Archive, Properties: {SourceArn: !GetAtt Bus.Arn}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !Ref Bus
      EventPattern: {source: [shop]}
      Targets: [{Id: one, Arn: !GetAtt Ship.Arn}]
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Ship
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Rule.Arn
  Ship:
    Type: AWS::Lambda::Function
    Properties: {Runtime: RUNTIME, Handler: app.handler, Role: "arn:aws:iam::000000000000:role/x", Code: {ZipFile: ""}}
"""


def test_the_list_of_types_is_that_of_the_installed_version() -> None:
    assert sorted(coverage.deployable()) == sorted(_RESOURCE_HANDLERS)


def test_types_that_are_not_created_are_listed_with_their_ids_and_sams_own_are_not() -> None:
    resources = {
        "A": {"Type": "AWS::Events::Archive"},
        "B": {"Type": "AWS::Serverless::Function"},
        "C": {"Type": "Custom::Anything"},
        "D": {"Type": "AWS::Events::Archive"},
    }

    assert coverage.unknown_types(resources) == {"AWS::Events::Archive": ["A", "D"]}


@pytest.mark.parametrize(
    ("runtime", "runs"), [("python3.14", True), ("java21", False), ("", False), ("provided.al2023", False)]
)
def test_a_runtime_that_does_not_run_here_is_named(runtime: str, runs: bool) -> None:
    assert ("F" not in coverage.not_runnable({"F": runtime})) == runs


def test_without_node_its_runtimes_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "not installed" in coverage.not_runnable({"F": "nodejs22.x"})["F"]


@pytest.mark.parametrize(("runtime", "status"), [("python3.13", "proven"), ("java21", "not emulated")])
def test_an_arrow_to_code_that_does_not_run_is_proven_and_not_emulated(
    tmp_path: Path, runtime: str, status: str
) -> None:
    (tmp_path / "template.yaml").write_text(MIXED.replace("RUNTIME", runtime))

    found = verdict(read_project(tmp_path / "template.yaml"))

    assert {arrow.key: arrow.status for arrow in found.arrows} == {"Bus>Ship": status}
    assert found.left_out == {"AWS::Events::Archive": ["Archive"]}
    assert any("Archive" in line for line in found.lines())
    assert set(found.not_emulated) == ({"Bus>Ship"} if status == "not emulated" else set())


def test_a_durable_function_is_named_as_one_that_does_not_run(tmp_path: Path) -> None:
    durable = MIXED.replace("Runtime: RUNTIME", "Runtime: python3.13, DurableConfig: {ExecutionTimeout: 60}")
    (tmp_path / "template.yaml").write_text(durable)

    found = verdict(read_project(tmp_path / "template.yaml"))

    assert set(found.not_run) == {"Ship"}
    assert [arrow.status for arrow in found.arrows] == ["not emulated"]


@pytest.mark.parametrize(
    ("runtime", "handler", "file", "runs"),
    [
        ("nodejs22.x", "app.handler", "app.mjs", True),
        ("nodejs22.x", "app.handler", "app.ts", False),
        ("python3.13", "orders.take.handler", "orders/take.py", True),
        ("python3.13", "app.handler", "main.py", False),
        ("python3.13", "app.handler", "", False),
    ],
)
def test_a_function_whose_handler_has_no_file_must_be_built_first(
    tmp_path: Path, runtime: str, handler: str, file: str, runs: bool
) -> None:
    if file:
        (tmp_path / "src" / file).parent.mkdir(parents=True)
        (tmp_path / "src" / file).write_text("")
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function', "
        f"Properties: {{Runtime: {runtime}, Handler: {handler}, CodeUri: src/}}}}}}"
    )

    not_run = verdict(read_project(tmp_path / "template.yaml")).not_run

    assert (not not_run) == runs
    assert runs or "build it first" in not_run["F"]


def test_what_is_not_proven_is_listed_with_the_reason_and_not_drawn(tmp_path: Path) -> None:
    without = MIXED.replace("RUNTIME", "python3.13").replace(
        "Principal: events.amazonaws.com", "Principal: s3.amazonaws.com"
    )
    (tmp_path / "template.yaml").write_text(without)
    pattern = read_project(tmp_path / "template.yaml")

    (arrow,) = verdict(pattern).arrows

    assert (arrow.key, arrow.status) == ("Bus>Ship", "not proven")
    assert arrow.reason
    assert pattern.diagram.edges == ()


def test_an_arrow_by_way_of_what_could_not_be_created_is_not_emulated(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(MIXED.replace("RUNTIME", "python3.13"))
    pattern = read_project(tmp_path / "template.yaml")

    assert omit(pattern.content_hash, "Rule: It has no target.")
    assert not omit(pattern.content_hash, "Rule: It has no target.")
    assert not omit(pattern.content_hash, "The deployment was stopped before it began.")

    (arrow,) = verdict(pattern).arrows
    assert (arrow.status, arrow.reason) == (
        "not emulated",
        "The embedded AWS could not create it: It has no target.",
    )
