"""`serverless-patterns open --watch`: what is saved is deployed, and what cannot be leaves the stack as it was."""

import json
import threading
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from tests.processes.terminal.conftest import SECONDS, Open, Opened, call

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: src/
      Environment: {Variables: {TABLE: !Ref Orders}}
      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Orders}}]
      Events:
        Post: {Type: Api, Properties: {Method: post, Path: /orders}}
  Orders:
    Type: AWS::Serverless::SimpleTable
"""
HANDLER = """
import os
import boto3

def handler(event, context):
    table = boto3.client("dynamodb")
    table.put_item(TableName=os.environ["TABLE"], Item={"id": {"S": event["body"]}})
    kept = table.scan(TableName=os.environ["TABLE"], Select="COUNT")["Count"]
    return {"statusCode": 200, "body": f"first {kept}"}
"""
LATER = TEMPLATE.replace("/orders}", "/things}").replace("  Orders:", "  Extra: {Type: AWS::SQS::Queue}\n  Orders:")
REFUSED = TEMPLATE.replace(
    "  Orders:",
    "  Never:\n    Type: AWS::Events::Rule\n    Properties:\n"
    "      {ScheduleExpression: rate(1 day), Targets: [{Id: t, Arn: !GetAtt Orders.Nothing}]}\n  Orders:",
)


class Watched:
    """A project that is opened with --watch, and the lines of JSON that come after the first."""

    def __init__(self, folder: Path, opened: Opened) -> None:
        self.folder, self.opened = folder, opened
        self.url = opened.document["endpoints"][0]
        self._lines: Queue[dict[str, Any]] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.opened.process.stdout is not None
        for line in self.opened.process.stdout:
            self._lines.put(json.loads(line))

    def save(self, name: str, text: str) -> dict[str, Any]:
        """Write a file, as some editors do: another file that takes its name. What came of it."""
        fresh = self.folder / f"{name}.tmp"
        fresh.write_text(text)
        fresh.replace(self.folder / name)
        return self._lines.get(timeout=SECONDS)

    def lab(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(call(self.opened.document["page"], accept="application/json").text)
        return found


@pytest.fixture(scope="module")
def watched(opened_in: Open, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("my-orders")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(HANDLER)
    opened = opened_in(folder, "--watch")
    assert opened.document["status"] == "ready", opened.document
    return Watched(folder, opened)


def test_a_changed_handler_answers_and_the_table_keeps_its_items(watched: Watched) -> None:
    assert call(f"{watched.url}/orders", "POST", "a").text == "first 1"
    before = watched.lab()

    assert watched.save("src/app.py", HANDLER.replace("first", "second"))["status"] == "updated"

    assert call(f"{watched.url}/orders", "POST", "b").text == "second 2"
    assert watched.lab()["drawing"] == before["drawing"]
    watched.save("src/app.py", HANDLER)


def test_a_changed_template_is_deployed_and_drawn(watched: Watched) -> None:
    before = watched.lab()

    assert watched.save("template.yaml", LATER)["status"] == "updated"

    assert call(f"{watched.url}/things", "POST", "c").status == 200
    assert call(f"{watched.url}/orders", "POST", "c").status == 403
    assert watched.lab()["drawing"] != before["drawing"]
    page = call(watched.opened.document["page"], accept="text/html").text
    assert 'data-node="Extra"' in page
    watched.save("template.yaml", TEMPLATE)
    assert call(f"{watched.url}/orders", "POST", "c").status == 200


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Resources: [", "template.yaml:2: This is not YAML"),
        (TEMPLATE.replace("Method: post", "Methode: post"), "SAM refuses the template"),
        (REFUSED, "Never: "),
    ],
)
def test_a_broken_template_is_reported_and_the_stack_stays(watched: Watched, text: str, reason: str) -> None:
    refused = watched.save("template.yaml", text)
    answer = call(f"{watched.url}/orders", "POST", "d")
    repaired = watched.save("template.yaml", TEMPLATE)

    assert refused["status"] == "not updated", refused
    assert reason in refused["reason"]
    assert answer.status == 200
    assert repaired["status"] in ("updated", "unchanged")


def test_a_file_that_the_stack_is_not_made_of_changes_nothing(watched: Watched) -> None:
    assert watched.save("README.md", "Orders.")["status"] == "unchanged"


def test_a_fault_that_another_template_numbers_otherwise_is_removed_first(watched: Watched) -> None:
    page = call(watched.opened.document["page"], accept="text/html")
    cookie = str(page.headers["set-cookie"]).partition(";")[0]
    call(
        f"{watched.opened.document['page']}/levers/stop-1",
        "POST",
        '{"do": "pull"}',
        cookie=cookie,
        **{"content-type": "application/json", "accept": "application/json"},
    )
    assert watched.lab()["pulled"] == ["stop-1"]

    watched.save("template.yaml", TEMPLATE.replace("  Take:", "  Take2:"))

    assert watched.lab()["pulled"] == []
    assert call(f"{watched.url}/orders", "POST", "e").status == 200
    watched.save("template.yaml", TEMPLATE)


def test_a_template_that_could_not_be_deployed_is_deployed_once_it_is_repaired(
    opened_in: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "template.yaml").write_text(TEMPLATE.replace("Method: post", "Methode: post"))
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(HANDLER)
    opened = opened_in(folder, "--watch")
    assert opened.document["status"] == "failed"
    assert opened.process.stdout is not None

    (folder / "template.yaml").write_text(TEMPLATE)

    assert json.loads(opened.process.stdout.readline())["status"] == "updated"
