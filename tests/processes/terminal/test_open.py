"""A project of someone's own, opened: drawn, deployed, called, and gone without a trace."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes.terminal.conftest import Open, Opened, call, command, environment
from tests.support.waiting import await_true

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Description: Orders that are kept in a table.
Parameters:
  Greeting: {Type: String}
Globals:
  Function: {Runtime: python3.13, Handler: app.handler, CodeUri: src/}
Resources:
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Environment: {Variables: {TABLE: !Ref Orders, GREETING: !Ref Greeting}}
      Policies: [{DynamoDBCrudPolicy: {TableName: !Ref Orders}}]
      Events:
        Any: {Type: Api, Properties: {Method: any, Path: "/orders/{id}"}}
        Http: {Type: HttpApi, Properties: {Method: get, Path: "/ping"}}
  Orders:
    Type: AWS::Serverless::SimpleTable
  Old:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: java21
      Events:
        Get: {Type: Api, Properties: {Method: get, Path: "/old"}}
  Told: {Type: AWS::SNS::Topic}
  Nightly:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: take, Arn: !GetAtt Told.NoSuchAttribute}]}
  Archive:
    Type: AWS::Events::Archive
    Properties: {SourceArn: !Sub "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"}
Outputs:
  Kept: {Value: !GetAtt Archive.Arn}
"""
HANDLER = """
import json, os
import boto3

def handler(event, context):
    if event.get("rawPath"):
        return {"statusCode": 200, "body": "pong"}
    id = event["pathParameters"]["id"]
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item={"id": {"S": id}})
    return {"statusCode": 201, "body": json.dumps({"kept": id, "says": os.environ["GREETING"]})}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("my-orders")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text(HANDLER)
    return folder


@pytest.fixture(scope="module")
def opened(opened_in: Open, project: Path) -> Opened:
    return opened_in(project, "--parameter", "Greeting=hello")


def test_the_line_has_the_page_the_endpoints_the_arrows_and_what_is_not_emulated(opened: Opened) -> None:
    document = opened.document

    assert document["status"] == "ready", document
    assert {f"{one['from']}>{one['to']}": one["status"] for one in document["arrows"]} == {
        "Caller>ServerlessRestApi": "proven",
        "Caller>ServerlessHttpApi": "proven",
        "ServerlessRestApi>Take": "proven",
        "ServerlessHttpApi>Take": "proven",
        "Take>Orders": "proven",
        "ServerlessRestApi>Old": "not emulated",
        "Nightly>Told-NoSuchAttribute": "not proven",
    }
    assert {"type": "AWS::Events::Archive", "resources": ["Archive"]} in document["not_emulated"]
    assert {tuple(one["resources"]): one.get("reason", "")[:40] for one in document["not_emulated"]} == {
        ("Archive",): "",
        ("Old",): "The embedded AWS does not run the runtim",
        ("Nightly",): "The embedded AWS could not create it: Re",
    }
    assert len(document["endpoints"]) == 2


def test_its_apis_run_the_code_with_the_parameter_that_was_given(opened: Opened) -> None:
    rest, http = opened.document["endpoints"]

    kept = call(f"{rest}/orders/7", "PUT", "{}")
    pong = call(f"{http}/ping")

    assert (kept.status, kept.text) == (201, '{"kept": "7", "says": "hello"}')
    assert (pong.status, pong.text) == (200, "pong")


def test_its_page_shows_the_diagram_the_verdict_and_the_steps(opened: Opened) -> None:
    page = call(opened.document["page"], accept="text/html")

    assert page.status == 200
    assert 'data-edge="Take&gt;Orders"' in page.text or 'data-edge="Take>Orders"' in page.text
    assert "the embedded AWS does not create AWS::Events::Archive" in page.text
    assert "does not run the runtime java21" in page.text
    assert "Orders that are kept in a table." in page.text
    assert "labs_owner=" in str(page.headers["set-cookie"])


def test_its_drawing_has_a_page_of_its_own_before_the_stack_is_there(opened: Opened) -> None:
    said = opened.errors.read_text()
    drawn = re.search(r"^Drawn: (\S+)$", said, re.MULTILINE)
    assert drawn is not None, said

    assert said.index("Drawn: ") < said.index("Deploying ")
    led = call(drawn[1], accept="application/json")
    assert json.loads(led.text)["page"] == opened.document["page"]


def test_anyone_who_opens_the_page_can_take_a_step(opened: Opened) -> None:
    page = call(opened.document["page"], accept="text/html")
    cookie = str(page.headers["set-cookie"]).partition(";")[0]
    action = re.search(r'action="(/labs/[^"]*/steps/[^"#]*)', page.text)
    assert action is not None

    origin = opened.document["page"].partition("/labs/")[0]
    taken = call(origin + action[1], "POST", "", cookie=cookie, accept="application/json")
    refused = call(origin + action[1], "POST", "", accept="application/json")

    assert taken.status == 200
    assert '"status": 201' in taken.text
    assert refused.status == 403


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_its_end_leaves_no_process_and_no_file(opened_in: Open, project: Path, number: signal.Signals) -> None:
    opened = opened_in(project)
    rest = opened.document["endpoints"][0]
    assert call(f"{rest}/orders/1", "POST", "{}").status == 201  # a worker of the function lives
    family = descendants(opened.process.pid)
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}

    opened.end(number)

    await_true(lambda: not {pid for pid in family if is_alive(pid)}, 60)
    assert list(opened.temporary.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


def test_arrows_can_be_printed_without_deploying(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        command("open", str(project), "--draw-only"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Take -> Orders  proven" in done.stdout
    assert "The parameter Greeting has no value" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_cfn_lint_finds_can_be_printed_too(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources:\n  Orders:\n    Type: AWS::SQS::Queue\n    Propertys: {}\n")

    done = subprocess.run(
        command("open", "--draw-only", "--lint", "--json"),
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert [(one["rule"], one["line"]) for one in json.loads(done.stdout)["lint"]] == [("E3001", 4)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.yaml"], "There is no file nowhere.yaml."),
        ([], "There is no template"),
        (["--parameter", "x"], "not of the form"),
        (["broken.yaml"], "broken.yaml:2: This is not YAML"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "broken.yaml").write_text("Resources: [")
    if arguments[:1] == ["--parameter"]:
        (tmp_path / "template.yaml").write_text("Resources: {}")
    done = subprocess.run(
        command("open", "--no-browser", *arguments),
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def descendants(pid: int) -> set[int]:
    """The process and all that it and its children have started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = {pid}, [pid]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            found.add(child)
            waiting.append(child)
    return found


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
