"""What a lab cannot reach: other labs, the emulator's administration, the site's secrets, any address but its own.

A handler tries each of these here. What a visitor controls are requests, and those are tried, too. What it takes to
keep a handler from the site's files and from what it does to the machine is
tests/labs/embedded/confinement/test_isolation.py.
"""

import json
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.test import Client
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process
from catalogue.labs.embedded.access.boot_keys import credentials_for, keys_of_boot
from catalogue.labs.embedded.access.site_endpoint import site_secret
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import Resource
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.conftest import CONTENT, Deploy, run

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]

type Labs = tuple[Lab, Lab]


@pytest.fixture
def labs(deploy: Deploy, content: Any) -> Labs:
    """A visitor's lab, and another visitor's."""
    prober = load_pattern(CONTENT / "prober")
    return deploy(prober, "me"), deploy(prober, "another")


def probe(lab: Lab, do: str, **asked: Any) -> Any:
    answer = run(call_edge(lab.pk, "POST", "/", {}, {"do": do, **asked}))
    assert answer.status == 200, answer.body
    return answer.parsed


def attempts(resources: dict[str, Resource]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What the function's role allows on its own resources, asked of these."""
    queue, table, secret = (resources[name].id for name in ("Queue", "Table", "Secret"))
    yield "sqs", "send_message", {"QueueUrl": queue, "MessageBody": "x"}
    yield "sqs", "receive_message", {"QueueUrl": queue}
    yield "dynamodb", "put_item", {"TableName": table, "Item": {"id": {"S": "1"}}}
    yield "dynamodb", "scan", {"TableName": table}
    yield "secretsmanager", "get_secret_value", {"SecretId": secret}


def forbidden(resources: dict[str, Resource], lab: Lab) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What no function of a lab may do, to whomever."""
    function = resources["Probe"].id
    yield "lambda", "invoke", {"FunctionName": function}
    yield "lambda", "get_function", {"FunctionName": function}
    yield "lambda", "update_function_configuration", {"FunctionName": function, "Timeout": 3}
    yield "sqs", "purge_queue", {"QueueUrl": resources["Queue"].id}
    yield "dynamodb", "delete_table", {"TableName": resources["Table"].id}
    yield "cloudformation", "delete_stack", {"StackName": lab.stack}
    yield "s3", "list_objects_v2", {"Bucket": get_target().bucket()}
    yield "logs", "filter_log_events", {"logGroupName": f"/aws/lambda/{function}"}
    yield "iam", "list_roles", {}
    yield "apigateway", "get_rest_apis", {}


def test_a_function_reaches_its_own_resources_and_no_other_labs(labs: Labs) -> None:
    mine, anothers = labs
    for service, operation, arguments in attempts(resources_of(mine)):
        tried = probe(mine, "aws", service=service, operation=operation, arguments=arguments)
        assert "done" in tried, (service, operation, tried)
    for service, operation, arguments in attempts(resources_of(anothers)):
        tried = probe(mine, "aws", service=service, operation=operation, arguments=arguments)
        assert "AccessDenied" in tried.get("refused", ""), (service, operation, tried)


def test_a_function_can_neither_manage_nor_invoke_nor_list_anything(labs: Labs) -> None:
    for victim in labs:
        for service, operation, arguments in forbidden(resources_of(victim), victim):
            tried = probe(labs[0], "aws", service=service, operation=operation, arguments=arguments)
            assert "AccessDenied" in tried.get("refused", ""), (service, operation, tried)
    assert services.refresh_lab(labs[1]).status == Status.READY


def guessed_keys(lab: Lab) -> Iterator[tuple[str, list[str]]]:
    """Keys that the emulator would take for the account's root, or for a function's role, by its own rules."""
    yield "its own default", ["test", "test"]
    yield "an account number", ["000000000000", "test"]
    yield "the site's key without its secret", [keys_of_boot(site_secret(), get_target().boot_id()).access_key, "test"]
    function = f"arn:aws:lambda:us-east-1:000000000000:function:{resources_of(lab)['Probe'].id}"
    role = get_target().client("lambda").get_function_configuration(FunctionName=function)["Role"]
    digest = sha256(f"{function}:{role}".encode()).hexdigest()
    secret, token = (sha256(f"{what}:{digest}".encode()).hexdigest() for what in ("secret", "token"))
    yield "made from a function's name", [f"ASIA{digest[:16].upper()}", secret, token]


def test_a_function_can_call_with_no_keys_but_its_own(labs: Labs) -> None:
    """Neither as the site nor as another lab's function, whatever it guesses."""
    mine, anothers = labs
    bucket, table = get_target().bucket(), resources_of(anothers)["Table"].id
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "list_objects_v2", {"Bucket": bucket}),
        ("s3", "put_object", {"Bucket": bucket, "Key": "x", "Body": "x"}),
        ("dynamodb", "scan", {"TableName": table}),
        ("cloudformation", "describe_stacks", {}),
        ("sts", "get_caller_identity", {}),
    ]
    for label, keys in guessed_keys(anothers):
        for service, operation, arguments in asked:
            tried = probe(mine, "aws", service=service, operation=operation, arguments=arguments, keys=keys)
            assert "refused" in tried, (label, service, operation, tried)
    for service, operation, arguments in asked[:4]:
        tried = probe(mine, "aws", service=service, operation=operation, arguments=arguments, signed=False)
        assert "refused" in tried, ("unsigned", service, operation, tried)


def test_each_boot_has_keys_of_its_own_and_the_site_follows(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with process.running() as first:
        monkeypatch.setenv("EMBEDDED_AWS_URL", first.url)
        target = get_target()
        account = target.client("sts").get_caller_identity()["Account"]
        before = credentials_for(first.url)
    with process.running(first.port) as second:
        assert second.url == first.url
        assert credentials_for(second.url) != before
        wait_until(lambda: target.boot_id() == second.boot_id)
        assert target.client("sts").get_caller_identity()["Account"] == account == "000000000000"


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


ADMIN = [
    "/_ministack/reset",
    "//_ministack/reset",
    "///_ministack//reset",
    "/_MiniStack/reset",
    "/%5fministack/reset",
    "/%5F%6Dinistack/reset",
    "/_ministack%2freset",
    "/./_ministack/reset",
    "/x/../_ministack/reset",
    "/x/%2e%2e/_ministack/reset",
    "/_ministack/./reset",
    "/_ministack/health/../reset",
    "/_ministack/cfn-response/../reset",
    "/_ministack/reset?x=1",
    "/_ministack/reset;x",
    "\\_ministack\\reset",
    "/_localstack/state/reset",
    "http://ENDPOINT/_ministack/reset",
    "http://127.0.0.1/_ministack/reset",
    "/_ministack/config",
    "/_ministack/state",
]


def test_a_function_cannot_reach_the_emulators_administration_by_any_spelling(labs: Labs, emulator: Emulator) -> None:
    for target in ADMIN:
        for method in ("POST", "GET"):
            probe(labs[0], "request", method=method, target=target)
    boot = get_target().boot_id()
    assert boot == emulator.boot_id
    for lab in labs:
        assert services.refresh_lab(lab).status == Status.READY
        assert probe(lab, "aws", service="sqs", operation="receive_message", arguments=_queue(lab)).keys() == {"done"}
    refused = probe(labs[0], "request", method="POST", target="/_ministack/reset")
    assert refused["status"] == 403


def _queue(lab: Lab) -> dict[str, str]:
    return {"QueueUrl": resources_of(lab)["Queue"].id}


USES = [
    "/_catalogue/uses",
    "//_catalogue/uses",
    "/%5fcatalogue/uses",
    "/_CATALOGUE/uses",
    "http://ENDPOINT/_catalogue/uses",
]


@pytest.mark.parametrize("target", USES)
def test_a_function_cannot_read_what_other_labs_have_used(labs: Labs, target: str) -> None:
    mine, anothers = labs
    name = resources_of(anothers)["Probe"].id
    for method in ("POST", "GET"):
        told = probe(mine, "request", method=method, target=target)
        assert told["status"] >= 400, told
        assert '"uses"' not in told["body"]
        assert name not in told["body"]


def test_nothing_of_the_deployer_or_the_site_stands_in_the_functions_surroundings(
    content: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The function's own environment, that of the process which started it, and its command line."""
    kept_secret = {
        "AWS_SECRET_ACCESS_KEY": "the-deployers-own-key",
        "SECRET_KEY": "the-sites-own-key",
        "DATABASE_URL": "postgres://site:its-password@db.example/site",
        "SMTP_PASSWORD": "the-mail-servers",
    }
    for name, value in kept_secret.items():
        monkeypatch.setenv(name, value)
    settings.SECRET_KEY = kept_secret["SECRET_KEY"]
    with process.running() as own:
        monkeypatch.setenv("EMBEDDED_AWS_URL", own.url)
        lab = services.create_lab(load_pattern(CONTENT / "prober"), "me").lab
        assert lab.status == Status.READY
        seen = probe(lab, "environment")
    told = json.dumps(seen)
    for secret in (*kept_secret.values(), site_settings.SECRET_KEY, str(site_settings.DATABASES["default"]["NAME"])):
        assert secret not in told
    own_names = set(seen["own"])
    assert "AWS_SESSION_TOKEN" in own_names, "it has its role's credentials"
    assert not own_names & {"DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE", "VAR_DIR"}


ELSEWHERE = [
    ("/", {"Host": "evil.example"}),
    ("/", {"Host": "127.0.0.1:1", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}),
    ("/@evil.example/", {}),
    ("//evil.example/", {}),
    ("/\\evil.example/", {}),
    ("/http://evil.example/", {}),
    ("/..;/..;/_ministack/reset", {}),
    ("/%2e%2e/%2e%2e/_ministack/reset", {}),
    ("/..%2f..%2f_ministack/reset", {}),
    ("/../../../_ministack/reset", {}),
    ("/%0d%0aHost:%20evil.example", {}),
    ("/?x=%0d%0aHost:%20evil.example", {}),
    ("/%00", {}),
    ("/#@evil.example", {}),
    ("/?#@evil.example", {}),
]


@pytest.mark.parametrize(("path", "headers"), ELSEWHERE)
def test_what_a_visitor_sends_reaches_the_labs_own_endpoint_or_nothing(
    labs: Labs, emulator: Emulator, path: str, headers: dict[str, str]
) -> None:
    for method in ("GET", "POST"):
        answer = run(call_edge(labs[0].pk, method, path, headers, {"do": "environment"} if method == "POST" else None))
        # Its own function's answer, API Gateway's refusal (a REST API says 403 for a path it does not have), or ours.
        assert answer.status in (200, 400, 403, 404), answer.body
        assert "evil" not in answer.body or answer.status == 200
    assert get_target().boot_id() == emulator.boot_id
    assert services.refresh_lab(labs[1]).status == Status.READY


def test_only_owner_or_token_may_manage_and_the_id_may_only_call_and_read(labs: Labs) -> None:
    mine, _ = labs
    stranger = Client()
    managing = [
        ("delete", f"/labs/{mine.pk}"),
        ("post", f"/labs/{mine.pk}/delete"),
        ("post", f"/labs/{mine.pk}/extend"),
        ("post", f"/labs/{mine.pk}/steps/environment"),
        ("post", f"/labs/{mine.pk}/levers/any"),
    ]
    made = services.create_lab(load_pattern(CONTENT / "prober"), "stranger")
    try:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {made.token}"}):
            for method, path in managing:
                refused = getattr(stranger, method)(path, headers=headers)
                assert refused.status_code == 403, (method, path, refused.content)
        assert stranger.get(f"/labs/{mine.pk}").status_code == 200
        assert Lab.objects.get(pk=mine.pk).status == Status.READY
        owner = stranger.delete(f"/labs/{made.lab.pk}", headers={"Authorization": f"Bearer {made.token}"})
        assert owner.status_code == 204
    finally:
        services.delete_lab(made.lab)
