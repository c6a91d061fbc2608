"""`send`, `logs`, `trace` and `fault`, from another terminal than the one in which `open` runs."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.processes.terminal.conftest import SECONDS, Open, Opened, command, environment

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, CodeUri: src/}
Resources:
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Handler: take.handler
      Environment: {Variables: {QUEUE: !Ref Orders}}
      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Orders.QueueName}}]
      Events:
        Post: {Type: Api, Properties: {Method: post, Path: /orders}}
  Orders: {Type: AWS::SQS::Queue}
  Pack:
    Type: AWS::Serverless::Function
    Properties:
      Handler: pack.handler
      Events:
        Come: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}
"""
TAKE = """
import os
import boto3

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=event["body"])
    return {"statusCode": 202, "headers": {"x-kind": event["headers"].get("x-kind", "")}, "body": event["body"]}
"""
PACK = """
def handler(event, context):
    print("packing", event["Records"][0]["body"])
"""


@pytest.fixture(scope="module")
def opened(opened_in: Open, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("my-orders")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "src").mkdir()
    (folder / "src" / "take.py").write_text(TAKE)
    (folder / "src" / "pack.py").write_text(PACK)
    found = opened_in(folder)
    assert found.document["status"] == "ready", found.document
    return found


def ask(opened: Opened, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(opened.temporary),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_request_is_sent_and_its_trace_is_followed_through_the_queue(opened: Opened) -> None:
    done = ask(opened, "send", "post", "/orders", "-d", '{"id": 7}', "-H", "X-Kind: urgent", "--wait", "60")

    assert done.returncode == 0, done.stderr
    head, _, rest = done.stdout.partition("\n\n")
    assert head.startswith("HTTP 202 Accepted, ")
    assert "x-kind: urgent" in head
    body, _, trace = rest.partition("\n\n")
    assert body == '{"id": 7}'
    lines = trace.splitlines()
    assert lines[0].startswith("Trace 1-")
    assert "POST /orders was answered 202 in " in lines[1]
    assert [
        words for words in ("Take ran for ", "Pack ran for ", 'Pack wrote: packing {"id": 7}') if words in trace
    ] == [
        "Take ran for ",
        "Pack ran for ",
        'Pack wrote: packing {"id": 7}',
    ]


def test_programs_get_the_answer_and_the_events_as_json(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "body.txt").write_text("plain words")

    done = ask(opened, "send", "POST", "/orders", "--json", "--data", f"@{tmp_path}/body.txt", "--wait", "60")

    document = json.loads(done.stdout)
    assert (document["status"], document["body"]) == (202, "plain words")
    assert document["events"][0]["event"] == "request"
    assert {one["data"].get("function") for one in document["events"]} >= {"Take", "Pack"}


def test_logs_are_those_of_all_functions_or_of_one(opened: Opened) -> None:
    ask(opened, "send", "POST", "/orders", "-d", "logged", "--wait", "60")

    every = ask(opened, "logs").stdout.splitlines()
    own = ask(opened, "logs", "Pack").stdout.splitlines()
    other = ask(opened, "logs", "Take").stdout

    assert any(line.endswith("  Pack  packing logged") for line in every)
    assert own == [line for line in every if "  Pack  " in line]
    assert other == ""


def test_what_is_followed_goes_on_until_it_is_interrupted(opened: Opened) -> None:
    following = subprocess.Popen(
        command("trace", "--follow"), env=environment(opened.temporary), stdout=subprocess.PIPE, text=True
    )
    try:
        ask(opened, "send", "POST", "/orders", "-d", "followed", "--wait", "60")
        assert following.stdout is not None
        seen = ""
        while "Pack wrote: packing followed" not in seen:
            line = following.stdout.readline()
            assert line, f"It ended: {seen}"
            seen += line
        following.send_signal(signal.SIGINT)
        assert following.wait(SECONDS) == 130
    finally:
        following.kill()
        following.wait()


def test_a_fault_is_caused_and_removed(opened: Opened) -> None:
    listed = ask(opened, "fault").stdout
    assert "stop-1  -       Stop Take: " in listed

    pulled = ask(opened, "fault", "stop-1")
    refused = json.loads(ask(opened, "send", "POST", "/orders", "-d", "x", "--json").stdout)
    board = ask(opened, "fault").stdout
    released = ask(opened, "fault", "--release").stdout
    answered = json.loads(ask(opened, "send", "POST", "/orders", "-d", "x", "--json").stdout)

    assert "aws lambda put-function-concurrency" in pulled.stdout
    assert refused["status"] >= 500
    assert "stop-1  pulled  Stop Take" in board
    assert "stop-1  -       Stop Take" in released
    assert answered["status"] == 202


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fault", "unknown"], "There is no fault 'unknown': stop-1, stop-2."),
        (["logs", "Orders"], "Orders writes no log"),
        (["logs", "Nothing"], "has no resource 'Nothing'"),
        (["send", "GET", "orders"], "does not begin with a slash"),
        (["send", "GET", "/", "-H", "novalue"], "not of the form Name: value"),
        (["send", "GET", "/", "-d", "@/nowhere"], "cannot be read"),
        (["trace", "--url", "http://127.0.0.1:1/labs/AAAAAAAAAAAAAAAAAAAAAA"], "does not answer"),
        (["trace", "--url", "elsewhere"], "is not the address of a page"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(opened: Opened, arguments: list[str], said: str) -> None:
    done = ask(opened, *arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_an_opened_template_there_is_nothing_to_speak_to(opened: Opened, tmp_path: Path) -> None:
    done = subprocess.run(
        command("trace"), env=environment(tmp_path), capture_output=True, text=True, timeout=SECONDS, check=False
    )

    assert done.returncode == 2
    assert "No `serverless-patterns open` runs here" in done.stderr


def test_the_page_can_be_named(opened: Opened, tmp_path: Path) -> None:
    done = subprocess.run(
        command("fault", "--url", opened.document["page"]),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert "stop-2" in done.stdout
