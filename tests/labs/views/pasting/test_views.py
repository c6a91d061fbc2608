"""`/draw/`: a stranger's template becomes a picture, lint, a verdict and prices; nothing of it runs or is kept."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from jsonschema import Draft202012Validator

from catalogue.labs.pasting import asking, views
from catalogue.labs.pasting.asking import Answer
from catalogue.labs.pasting.refusals import MOST_BYTES, Unacceptable
from catalogue.patterns.documents.openapi.description import openapi
from catalogue.patterns.documents.openapi.drawn_documents import Costs, DrawnTemplate, Lint
from tests.support.waiting import await_true

pytestmark = pytest.mark.django_db

TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: {Nonsense: 1}
  Broker: {Type: AWS::AmazonMQ::Broker}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: /etc/
      Events:
        Jobs: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}
"""
NOTHING = DrawnTemplate(
    resources=1,
    arrows=[],
    not_emulated=[],
    refused="",
    parameters={},
    lint=Lint(available=True, findings=[]),
    costs=Costs(region="us-east-1", currency="USD", rows=[]),
    diagram="<svg/>",
)


@pytest.fixture(autouse=True)
def no_counts(settings: Any) -> Iterator[None]:
    settings.LABS_DRAWING_SECONDS = 120  # a busy machine may be slow
    cache.clear()
    yield
    cache.clear()


def post(template: str, client: Client | None = None, **headers: str) -> Any:
    asked = {"accept": "application/json"} | headers
    return (client or Client()).post("/draw/", template, content_type="application/yaml", headers=asked)


def drawn(template: str) -> dict[str, Any]:
    answer = post(template)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_template_is_answered_with_arrows_lint_verdict_prices_and_picture_as_described() -> None:
    found = drawn(TEMPLATE)
    whole = {"$ref": "#/components/schemas/DrawnTemplate", "components": openapi("https://x")["components"]}
    Draft202012Validator(whole).validate(found)
    arrows = {(one["source"], one["target"]): one["status"] for one in found["arrows"]}
    assert arrows[("Orders", "Worker")] == "proven"
    assert [one["type"] for one in found["not_emulated"]] == ["AWS::AmazonMQ::Broker"]
    assert found["parameters"] == {"Stage": "given-Stage"}
    assert [one["line"] for one in found["lint"]["findings"] if one["rule"] == "E3002"][:1] == [7]
    rows = {row["price"]: row["resources"] for row in found["costs"]["rows"]}
    assert rows["sqs.standard-requests"] == ["Orders"]
    assert rows["lambda.duration-x86"] == ["Worker"]
    assert not any(key.startswith("apigateway") for key in rows)
    assert found["diagram"].startswith('<?xml version="1.0"')


def test_an_http_api_has_no_prices_of_a_websocket_api() -> None:
    resources = {
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "h", "ProtocolType": "HTTP"}},
        "Socket": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "s", "ProtocolType": "WEBSOCKET"}},
    }
    rows = {row["price"]: row["resources"] for row in drawn(json.dumps({"Resources": resources}))["costs"]["rows"]}
    assert rows["apigateway.http-requests"] == ["Http"]
    assert rows["apigateway.websocket-messages"] == ["Socket"]


def test_without_a_script_the_form_becomes_a_page_with_the_picture_and_the_text_again() -> None:
    client = Client()
    form = client.get("/draw/")
    assert form.status_code == 200
    assert b'enctype="multipart/form-data"' in form.content
    page = client.post("/draw/", {"template": TEMPLATE}, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert '<svg class="diagram__picture' in page.text
    assert "the embedded AWS does not create AWS::AmazonMQ::Broker" in page.text.replace("The", "the")
    assert "CodeUri: /etc/" in page.text


def test_a_refusal_is_a_page_with_the_text_or_a_problem_document() -> None:
    page = Client().post("/draw/", {"template": "a: &a 1\nb: *a"}, headers={"accept": "text/html"})
    assert page.status_code == 422
    assert "CloudFormation takes no YAML aliases" in page.text
    assert "b: *a" in page.text
    refused = post("a: &a 1\nb: *a")
    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"].startswith("Line 2:")


def test_markup_in_a_template_stays_text() -> None:
    hostile = "<script>alert(1)</script>"
    template = json.dumps(
        {
            "Description": hostile,
            "Parameters": {"P": {"Type": "String", "Description": hostile}},
            "Resources": {
                "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": hostile, hostile: 1}},
                "Other": {"Type": hostile},
            },
        }
    )
    page = Client().post("/draw/", {"template": template}, headers={"accept": "text/html"})
    assert page.status_code == 200
    assert hostile not in page.text
    assert hostile not in drawn(template)["diagram"]


def test_a_template_cannot_make_cfn_lint_load_rules_or_read_files(tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    (tmp_path / "rule.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (tmp_path / "custom.txt").write_text("AWS::SNS::Topic Secret EQUALS secret\n")
    config = {
        "append_rules": [str(tmp_path)],
        "custom_rules": str(tmp_path / "custom.txt"),
        "override_spec": str(tmp_path / "custom.txt"),
        "ignore_checks": ["E"],
    }
    template = {
        "Metadata": {"cfn-lint": {"config": config}},
        "Resources": {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Metadata": {"cfn-lint": {"config": config}},
                "Properties": {"Nonsense": 1},
            }
        },
    }
    assert [one["rule"] for one in drawn(json.dumps(template))["lint"]["findings"]] == ["E3002"]
    assert not mark.exists()


def test_no_answer_tells_which_files_this_machine_has(tmp_path: Path) -> None:
    (tmp_path / "there.yaml").write_text("Outputs: {Secret: {Value: secret}}\nResources: {}\n")

    def answer(path: str) -> dict[str, Any]:
        template = {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "Function": {
                    "Type": "AWS::Serverless::Function",
                    "Properties": {"CodeUri": path, "Handler": "there.handler", "Runtime": "python3.13"},
                },
                "Api": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "v1", "DefinitionUri": path}},
                "Nested": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": path}},
            },
            "Outputs": {"Out": {"Value": {"Fn::GetAtt": ["Nested", "Outputs.Secret"]}}},
        }
        return drawn(json.dumps(template))

    there, missing = str(tmp_path / "there.yaml"), str(tmp_path / "away.yaml")
    assert json.dumps(answer(there)).replace(there, "x") == json.dumps(answer(missing)).replace(missing, "x")


def test_names_that_double_with_every_resource_end_within_the_bounds() -> None:
    resources: dict[str, Any] = {"Q0": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "x" * 80}}}
    for number in range(1, 40):
        name = {"Fn::Sub": f"${{Q{number - 1}.QueueName}}${{Q{number - 1}.QueueName}}"}
        resources[f"Q{number}"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    answer = post(json.dumps({"Resources": resources}))
    assert answer.status_code == 422
    assert "too much memory" in answer.json()["detail"] or "too long" in answer.json()["detail"]


def test_resources_of_odd_forms_are_answered_and_are_no_error_of_the_server() -> None:
    function, application = "AWS::Serverless::Function", "AWS::Serverless::Application"
    odd = (
        {"Type": application, "Properties": {"Location": {"ApplicationId": "a", "SemanticVersion": "1.0.0"}}},
        {"Type": function, "Properties": {"Events": [1]}},
        {"Type": function, "Properties": {"Events": {"A": {"Type": "SQS"}}}},
        {"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": 7, "Queues": {"Fn::Sub": []}}},
        {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": "{" * 1000}},
    )
    resources = {f"Odd{number}": resource for number, resource in enumerate(odd)}
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    assert post(json.dumps(template)).status_code in (200, 422)


def test_a_process_that_does_not_end_is_killed_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.LABS_DRAWING_SECONDS = 3
    monkeypatch.setattr(asking, "_MODULE", "tests.labs.views.pasting.endless")
    kept: list[str] = []
    run = asking._run

    def read_before_it_is_gone(template: bytes, own: Path) -> int:
        code = run(template, own)
        kept.extend((str(own), (own / "answer").read_text().strip()))
        return code

    monkeypatch.setattr(asking, "_run", read_before_it_is_gone)
    with pytest.raises(Unacceptable, match="takes too long"):
        asking.ask(b"Resources: {}")
    folder, other = kept
    assert not Path(folder).exists()
    if other:  # a busy machine may not have started it within the time
        await_true(lambda: not _runs(int(other)), 60)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_byte_too_many_is_413_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def ask(text: bytes) -> Answer:
        asked.append(text)
        return Answer(NOTHING, "")

    monkeypatch.setattr(views, "ask", ask)
    assert post("#" * (MOST_BYTES + 1)).status_code == 413
    assert post("é" * (MOST_BYTES // 2 + 1)).status_code == 413
    assert asked == []
    assert post("#" * MOST_BYTES).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", json.dumps({"template": "Resources: {}"}), 200),
        ("application/json", json.dumps({"Resources": {}}), 200),
        ("application/json", "[]", 400),
        ("application/json", "{}", 422),
        ("application/json", '{"template": 7}', 422),
        ("application/yaml", "  ", 422),
        ("text/plain", "Resources: {}", 415),
    ],
)
def test_a_template_comes_as_json_or_as_yaml(
    content_type: str, body: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "ask", lambda text: Answer(NOTHING, ""))
    answer = Client().post("/draw/", body, content_type=content_type, headers={"accept": "application/json"})
    assert answer.status_code == status


def test_a_page_of_another_site_cannot_send_a_template() -> None:
    assert post(TEMPLATE, origin="https://evil.example").status_code == 403
    assert post(TEMPLATE, None, **{"sec-fetch-site": "cross-site"}).status_code == 403


def test_an_address_has_so_many_templates_an_hour(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LABS_DRAWINGS_PER_HOUR = 2
    monkeypatch.setattr(views, "ask", lambda text: Answer(NOTHING, ""))
    first = Client(REMOTE_ADDR="192.0.2.1")
    assert [post("a", first).status_code for _ in range(3)] == [200, 200, 429]
    assert int(post("a", first)["Retry-After"]) > 0
    assert post("a", Client(REMOTE_ADDR="198.51.100.1")).status_code == 200


def test_a_client_has_one_at_a_time_and_all_have_so_many_places(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LABS_DRAWINGS_AT_ONCE = 1
    begun, go = threading.Event(), threading.Event()

    def ask(text: bytes) -> Answer:
        begun.set()
        assert go.wait(60)
        return Answer(NOTHING, "")

    monkeypatch.setattr(views, "ask", ask)
    codes: list[int] = []
    first = threading.Thread(target=lambda: codes.append(post("a", Client(REMOTE_ADDR="192.0.2.1")).status_code))
    first.start()
    try:
        assert begun.wait(60)
        assert post("a", Client(REMOTE_ADDR="192.0.2.1")).status_code == 429
        busy = post("a", Client(REMOTE_ADDR="198.51.100.1"))
        assert (busy.status_code, busy["Retry-After"]) == (503, "5")
    finally:
        go.set()
        first.join(60)
    assert codes == [200]
    assert post("a", Client(REMOTE_ADDR="198.51.100.1")).status_code == 200
