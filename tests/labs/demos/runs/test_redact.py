"""Nothing secret stands in a run that is kept: not the lab's address, not a token, however it is written."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from catalogue.labs.demos.runs.bounds import bounded
from catalogue.labs.demos.runs.redact import SECRET_NAME, Secrets, redacted, secrets_of
from catalogue.labs.models import Lab
from catalogue.labs.services.sqs import as_on_aws
from catalogue.patterns.runs.document import Action, ActionAnswer, Check, Log, Request, Run

LAB_ID = "kG7sQ2vWm0pXr4tYb1cD9w"
STACK = "patterns-lab-0a1b2c3d4e5f"
QUEUE = f"http://localhost:4566/123456789012/{STACK}-OrderQueue-X1Y2"
FUNCTION = f"{STACK}-WorkerFunction-9Z8Y"
SECRETS = Secrets(
    LAB_ID,
    STACK,
    "http://127.0.0.1:40123/_aws/execute-api/a1b2c3d4/live",
    {
        "OrderQueue": ("AWS::SQS::Queue", QUEUE),
        "WorkerFunction": ("AWS::Lambda::Function", FUNCTION),
        "Source": ("AWS::Lambda::EventSourceMapping", "1c2d3e4f-0000-4aaa-8bbb-0123456789ab"),
        "Api": ("AWS::ApiGateway::RestApi", "a1b2c3d4"),
        "Stage": ("AWS::ApiGateway::Stage", "production"),
    },
)


def a_run(
    *,
    path: str = "/orders",
    body: str = "",
    fields: dict[str, Any] | None = None,
    text: str | None = None,
    seen: str = "200",
    what: str = "answers 200",
    cli: str | None = None,
) -> Run:
    return Run(
        pattern="queue-based-load-leveling",
        title="Send one order",
        target="embedded",
        run_hash="0" * 64,
        recorded_at=datetime(2026, 11, 23, tzinfo=UTC),
        ms=10,
        actions=(
            Action(
                at=0,
                ms=5,
                id="one",
                title="Send one order",
                action="POST /orders",
                answers=(ActionAnswer(status=200, ms=5, body=body),),
                checks=(Check(what=what, ok=True, seen=seen),),
                cli=cli,
            ),
        ),
        events=(
            Request(at=0, ms=5, trace="1-0-0", method="POST", path=path, status=200),
            Log(at=1, function="WorkerFunction", trace="1-0-0", step="order.packed", fields=fields or {}, text=text),
        ),
    )


def texts(value: Any) -> list[str]:
    """Every text of the document, as a reader sees it."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return []


def everywhere(secret: str) -> Run:
    """A run in which a secret stands wherever one can."""
    return a_run(
        path=f"/orders/{quote(secret, safe='')}?again={quote(secret)}",
        body=json.dumps({"order": 7, "again": [secret], "note": f"<{secret}>"}),
        fields={"note": f"saw {secret}", "inner": {"list": [secret]}, secret: 1},
        text=f"Traceback: {secret!r}",
        seen=json.dumps({"again": secret}),
        what=f"body holds {json.dumps({'again': secret}, ensure_ascii=False)}",
        cli=f"aws lambda invoke --payload '{json.dumps({'it': secret})}'",
    )


def clean(run: Run, secrets: Secrets = SECRETS) -> Run:
    return bounded(redacted(run, secrets))


def lab(saved: dict[str, Any]) -> Lab:
    return Lab(id=LAB_ID, stack=STACK, upstream=SECRETS.upstream, resources=SECRETS.resources, saved=saved)


NAMES = "token access_token api_key key idempotency_key secret clientSecret password Authorization signature cookie jwt"
names = st.sampled_from(NAMES.split())
secrets_ = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=4, max_size=300)
SKELETON = "\n".join(texts(clean(everywhere("\N{SNOWMAN}" * 6), Secrets("", "", "", {})).model_dump(mode="json")))


@given(names, secrets_)
@example("token", 'a"b\\c/d?e=f&g')
@example("key", "‹key 1› and more")
@settings(max_examples=300)
def test_a_secret_that_a_step_saved_is_nowhere_whatever_it_looks_like(name: str, secret: str) -> None:
    assume(not any(secret in text for text in (SKELETON, SKELETON.replace("\N{SNOWMAN}", ""), "‹secret 1›‹token 2›")))
    secrets = secrets_of(lab({}), {name: secret})
    escaped = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    for text in texts(clean(everywhere(secret), secrets).model_dump(mode="json")):
        for way in {secret, *escaped}:
            assert way not in text
        assert quote(secret, safe="") not in text
        assert secret not in unquote(text)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


headers = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "RS256", "none"])}, optional={"kid": st.text(max_size=8)}
)
claims = st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=20), st.integers()), max_size=5)
tokens = st.builds(
    lambda header, payload, sign: (
        f"{encoded(header)}.{encoded(payload)}.{base64.urlsafe_b64encode(sign).decode().rstrip('=')}"
    ),
    headers,
    claims,
    st.binary(max_size=64),
)


@given(tokens)
@settings(max_examples=200)
def test_what_has_the_shape_of_a_token_is_nowhere_even_if_no_one_saved_it(token: str) -> None:
    for text in texts(clean(everywhere(token)).model_dump(mode="json")):
        assert token not in text
        assert token.split(".", maxsplit=1)[0] not in text


@given(names, secrets_)
@settings(max_examples=150)
def test_what_stands_under_a_secrets_name_is_blanked_though_no_one_saved_it(name: str, secret: str) -> None:
    assume(secret not in SKELETON and not SECRET_NAME.search(secret))
    run = a_run(body=json.dumps({"got": {name: secret}}), fields={name: secret}, seen=json.dumps({name: secret}))
    for text in texts(clean(run).model_dump(mode="json")):
        assert secret not in text or secret in name


@given(st.integers(min_value=12, max_value=260))
@settings(max_examples=60)
def test_of_a_secret_that_was_cut_off_no_part_is_left(length: int) -> None:
    secret = "".join(f"{number:02x}~" for number in range(100))
    secrets = secrets_of(lab({}), {"token": secret})
    run = a_run(path=f"/orders/{secret}"[:length], seen=f"{json.dumps({'t': secret})[:length]}…")
    for text in texts(clean(run, secrets).model_dump(mode="json")):
        assert secret[:8] not in text


def test_the_labs_addresses_are_gone_and_paths_stay() -> None:
    body = json.dumps(
        {
            "location": f"https://patterns.example/live/{LAB_ID}/orders/1",
            "again": f"/live/{LAB_ID}/orders/1?x=1",
            "self": LAB_ID,
            "inside": f"{SECRETS.upstream}/orders",
        }
    )
    (action,) = clean(a_run(body=body)).actions
    told = json.loads(action.answers[0].body)
    assert told == {"location": "/orders/1", "again": "/orders/1?x=1", "self": "‹lab›", "inside": "/orders"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"aws sqs purge-queue --queue-url {QUEUE}", "aws sqs purge-queue --queue-url OrderQueue"),
        (
            as_on_aws(f"aws sqs purge-queue --queue-url {QUEUE}", "us-east-1"),
            "aws sqs purge-queue --queue-url OrderQueue",
        ),
        (f"--function-name {FUNCTION} --reserved 0", "--function-name WorkerFunction --reserved 0"),
        (f"arn:aws:sqs:us-east-1:123456789012:{STACK}-OrderQueue-X1Y2", "OrderQueue"),
        (f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}", "WorkerFunction"),
        ("--uuid 1c2d3e4f-0000-4aaa-8bbb-0123456789ab", "--uuid Source"),
        (f"log group of {STACK}", "log group of ‹stack›"),
        ("arn:aws:sns:us-east-1:123456789012:elsewhere", "arn:aws:sns:us-east-1::elsewhere"),
        ("--stage-name production", "--stage-name production"),
    ],
)
def test_physical_ids_become_logical_ones_and_account_numbers_go(said: str, told: str) -> None:
    assert clean(a_run(cli=said)).actions[0].cli == told


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=0123abcdef&X-Amz-Credential=AKIAABCDEFGHIJKLMNOP", "0123abcdef"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIAABCDEFGHIJKLMNOP%2F2026", "AKIAABCDEFGHIJKLMNOP"),
        ("Authorization: Bearer c2VjcmV0LXRva2Vu", "c2VjcmV0LXRva2Vu"),
        ("--environment Variables={SIGNING_KEY=abcdefgh1234,TABLE=Orders}", "abcdefgh1234"),
        ('{"password": "correct horse", "item": "mug"}', "correct horse"),
        ("/orders?token=abc%2Bdef&item=mug", "abc%2Bdef"),
    ],
)
def test_signatures_and_named_values_are_blanked_in_plain_text(said: str, gone: str) -> None:
    run = clean(a_run(text=said, path=said, cli=said, seen=said))
    assert gone not in run.model_dump_json()


def test_of_headers_that_a_handler_repeats_nothing_is_left() -> None:
    event = {"path": "/look", "headers": {"host": "127.0.0.1:40123", "x-anything": "of the visitor"}}
    said = json.dumps({"event": event, "identity": {"sourceIp": "203.0.113.7"}})
    text = clean(a_run(body=said, fields=json.loads(said), text=said, seen=said[:60] + "…")).model_dump_json()
    assert "/look" in text
    for gone in ("127.0.0.1", "40123", "of the visitor", "203.0.113.7"):
        assert gone not in text


def test_one_secret_is_reported_by_one_name_so_that_its_return_can_be_seen() -> None:
    secrets = secrets_of(lab({"key": "order-key-4711"}))
    first, second = (
        clean(a_run(fields={"key": key, "again": key}), secrets) for key in ("order-key-4711", "other-key-1")
    )
    assert [event.fields for event in first.events if isinstance(event, Log)] == [
        {"key": "‹key 1›", "again": "‹key 1›"}
    ]
    assert "other-key-1" not in second.model_dump_json()


def test_what_is_no_secret_stays_as_it_was() -> None:
    body = '{"order": 7,  "token_type": "Bearer", "keys": ["a"], "monkey": "see"}'
    run = a_run(
        path="/tokens?item=mug&page=2", body=body, fields={"ok": True, "step": 1.5, "none": None}, text="a token"
    )
    assert clean(run) == run


def test_a_demos_own_expectation_stays_readable_and_a_cut_off_token_keeps_its_name() -> None:
    secret = "0123456789" * 9
    expected = '{"access_token": "~^[a-z]+$"}'
    run = a_run(
        body=json.dumps({"access_token": secret}),
        what=f"body holds {expected}",
        seen=f'{{"access_token": "{secret[:40]}…',
    )
    (action,) = clean(run, secrets_of(lab({}), {"token": secret})).actions
    assert action.answers[0].body == '{"access_token": "‹token 1›"}'
    assert action.checks[0].what == f"body holds {expected}"
    assert action.checks[0].seen == '{"access_token": "‹token 1›…'


def test_redacting_twice_changes_nothing() -> None:
    once = redacted(everywhere("s3cr3t-value"), secrets_of(lab({"token": "s3cr3t-value"})))
    assert redacted(once, secrets_of(lab({"token": "s3cr3t-value"}))) == once
