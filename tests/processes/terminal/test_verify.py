"""`serverless-patterns verify`: a project's own demo, run on its own stack."""

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.processes.terminal.conftest import command, environment

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Take:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            return {"statusCode": 200, "body": "taken"}
      Events:
        Post: {Type: Api, Properties: {Method: post, Path: /orders}}
"""
DEMO = """\
story: An order is taken.
steps:
  - id: order
    title: Place an order
    notice: It is taken.
    request: {method: POST, path: /orders, json: {id: 1}}
    expect: {status: STATUS}
    observe:
      - {resource: Take, measure: invocations, equals: 1}
levers:
  - id: stop
    title: Stop the function
    notice: Orders are refused.
    pull: {action: set-concurrency, resource: Take, value: 0}
    release: {action: clear-concurrency, resource: Take}
    released: Start the function
    shows: {request: {method: POST, path: /orders}, expect: {status: REFUSED}}
    restored: {request: {method: POST, path: /orders}, expect: {status: 200}}
"""


def verify(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    temporary = folder / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        command("verify", *options),
        cwd=folder,
        env=environment(temporary) | variables,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert list(temporary.iterdir()) == []
    return done


def put(folder: Path, demo: str) -> None:
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "demo.yaml").write_text(demo)


def test_a_demo_that_is_as_described_passes(tmp_path: Path) -> None:
    put(tmp_path, DEMO.replace("STATUS", "200").replace("REFUSED", "500"))

    done = verify(tmp_path, "--junit", "results.xml")

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "3 passed, 0 failed"), done.stdout + done.stderr
    suite = ElementTree.parse(tmp_path / "results.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("3", "0")


def test_a_claim_that_does_not_hold_fails_with_what_was_seen(tmp_path: Path) -> None:
    put(tmp_path, DEMO.replace("STATUS", "201").replace("REFUSED", "200"))

    done = verify(tmp_path, "--junit", "results.xml", GITHUB_ACTIONS="true")

    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 passed, 2 failed"), done.stdout + done.stderr
    assert "::error file=demo.yaml,line=3,title=Place an order::" in done.stdout
    failures = ElementTree.parse(tmp_path / "results.xml").getroot().findall(".//failure")
    assert "201" in failures[0].attrib["message"]
    assert "200" in failures[0].attrib["message"]
    assert failures[1].attrib["message"].startswith("try: ")


@pytest.mark.parametrize(
    ("demo", "said"),
    [(None, "There is no demo.yaml"), ("story: x\nsteps: [{id: a}]\n", "demo.yaml:2: ")],
)
def test_without_a_demo_that_can_be_read_it_says_so(tmp_path: Path, demo: str | None, said: str) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    if demo is not None:
        (tmp_path / "demo.yaml").write_text(demo)

    done = verify(tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
