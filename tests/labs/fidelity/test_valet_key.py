"""Valet Key: what the embedded AWS does, as the pattern's ledger reports it."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from catalogue.labs.demos import operations
from catalogue.labs.demos.bodies import upload
from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.targets import get_target
from catalogue.patterns.content.schemas.pattern import File, Operation
from tests.labs.conftest import run
from tests.labs.fidelity.conftest import Stack, until

SLUG = "valet-key"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def jpeg(size: int) -> File:
    return File(bytes=size, type="image/jpeg", begins="\xff\xd8\xff")


def key_of(stack: Stack, size: int = 2000, **asked: Any) -> dict[str, Any]:
    """Picture, address and fields of a form that the lab has signed."""
    answer = stack.call("POST", "/pictures", json={"type": "image/jpeg", "bytes": size, **asked})
    assert answer.status == 201, answer.body
    given = json.loads(answer.body)
    return {"picture": given["picture"], **given["upload"]}


def post(stack: Stack, key: Mapping[str, Any], file: File | None = None, /, **fields: str) -> StepAnswer:
    """Post the form with the file, some of its fields changed."""
    body, kind = upload(file or jpeg(2000), {**key["fields"], **fields})
    return run(call_edge(stack.lab.pk, "POST", key["url"], {"content-type": kind}, content=body))


def stored(stack: Stack) -> list[str]:
    found = stack.client("s3").list_objects_v2(Bucket=stack.id("PicturesBucket"))
    return [one["Key"] for one in found.get("Contents", ())]


def address_of(stack: Stack, picture: str) -> str:
    """The presigned address of a picture, once it has arrived."""
    shown: str = until(lambda: json.loads(stack.call("GET", f"/pictures/{picture}").body).get("download"))
    return shown


@pytest.mark.ledger(SLUG, "policy")
def test_a_field_that_no_condition_names_is_refused(stack: Stack) -> None:
    answer = post(stack, key_of(stack), jpeg(2000), **{"x-amz-meta-owner": "me"})
    assert (answer.status, "Extra input fields" in answer.body) == (403, True)
    assert stored(stack) == []


@pytest.mark.ledger(SLUG, "length")
def test_the_last_byte_that_is_allowed_is_stored(stack: Stack) -> None:
    key = key_of(stack, 2000)
    assert post(stack, key, jpeg(2001)).status == 400
    assert stored(stack) == []
    assert post(stack, key, jpeg(2000)).status == 204
    assert stored(stack) == [key["fields"]["key"]]


@pytest.mark.ledger(SLUG, "time")
def test_an_address_ends(stack: Stack) -> None:
    key = key_of(stack)
    post(stack, key)
    stack.set_environment("ReaderFunction", KEY_SECONDS="1")
    address = address_of(stack, key["picture"])
    assert until(lambda: "expired" in (answer := stack.call("GET", address)).body and answer.status == 403)


@pytest.mark.ledger(SLUG, "tampering")
def test_what_was_changed_after_signing_is_refused(stack: Stack) -> None:
    key = key_of(stack)
    policy = json.loads(base64.b64decode(key["fields"]["policy"]))
    larger = [
        ["content-length-range", 1, 9_000_000] if "content-length-range" in one else one for one in policy["conditions"]
    ]
    changed = base64.b64encode(json.dumps({**policy, "conditions": larger}).encode()).decode()
    answer = post(stack, key, policy=changed)
    assert (answer.status, "SignatureDoesNotMatch" in answer.body) == (403, True)
    assert stored(stack) == []

    assert post(stack, key).status == 204
    address = address_of(stack, key["picture"])
    assert stack.call("GET", address).status == 200
    for other in (
        address.replace(key["picture"], "another"),
        address.replace("X-Amz-Expires=900", "X-Amz-Expires=90000"),
        address.replace("response-content-disposition=attachment", "response-content-disposition=inline"),
    ):
        assert other != address
        assert stack.call("GET", other).status == 403
    assert stack.call("HEAD", address).status == 403


@pytest.mark.ledger(SLUG, "signer")
def test_a_key_ends_with_its_signers_permission(stack: Stack) -> None:
    key = key_of(stack)
    assert post(stack, key).status == 204
    revoke = Operation(action="revoke-permission", resource="KeysFunction", to="PicturesBucket", name="s3:PutObject")
    operations.perform(operations.Stack(get_target(), resources_of(stack.lab)), revoke)
    assert post(stack, key).status == 403
    assert key_of(stack)["fields"]["x-amz-signature"], "signing asks no one"


@pytest.mark.ledger(SLUG, "unsigned")
def test_a_form_without_a_signature_stores_nothing(stack: Stack) -> None:
    key = key_of(stack)
    answer = post(stack, {"url": key["url"], "fields": {"key": "uploads/mine", "Content-Type": "image/jpeg"}})
    assert answer.status == 403
    assert stored(stack) == []


@pytest.mark.ledger(SLUG, "address")
def test_the_address_is_one_of_the_site(stack: Stack) -> None:
    key = key_of(stack)
    assert f"/live/{stack.lab.pk}/_s3/{stack.id('PicturesBucket')}" in key["url"]
    post(stack, key)
    address = address_of(stack, key["picture"])
    assert f"/live/{stack.lab.pk}/_s3/{stack.id('PicturesBucket')}/uploads/" in address
    assert "X-Amz-SignedHeaders=host" in address
    assert stack.call("GET", address).status == 200


@pytest.mark.ledger(SLUG, "size")
def test_the_site_limits_a_file_and_a_bucket(stack: Stack) -> None:
    key = key_of(stack, 8_000_000)
    whole = run(
        call_edge(stack.lab.pk, "POST", key["url"], {"content-type": "multipart/form-data"}, content=b"x" * 10_485_761)
    )
    assert whole.status == 413
    storage, bucket = stack.client("s3"), stack.id("PicturesBucket")
    for number in range(4):
        storage.put_object(Bucket=bucket, Key=f"uploads/{number}", Body=b"x" * 8_000_000, ContentType="image/png")
    assert post(stack, key, jpeg(2_000_000)).status == 507
    storage.delete_object(Bucket=bucket, Key="uploads/0")
    assert post(stack, key, jpeg(2_000_000)).status == 204


@pytest.mark.ledger(SLUG, "cors")
def test_a_browsers_question_is_answered_by_the_site(stack: Stack) -> None:
    rules = {"CORSRules": [{"AllowedOrigins": ["https://shop.example"], "AllowedMethods": ["GET"]}]}
    stack.client("s3").put_bucket_cors(Bucket=stack.id("PicturesBucket"), CORSConfiguration=rules)
    asked = {"origin": "https://other.example", "access-control-request-method": "POST"}
    answer = stack.call("OPTIONS", key_of(stack)["url"], asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")


@pytest.mark.ledger(SLUG, "payload")
def test_an_event_of_more_than_six_megabytes_reaches_no_function(stack: Stack) -> None:
    """The model checks JSON alone, so a text of any size gets as far as the function."""
    before = stack.invocations("KeysFunction")
    assert stack.call("POST", "/pictures", text="x" * 6_200_000).status == 400
    assert until(lambda: stack.invocations("KeysFunction") == before + 1)
    assert stack.call("POST", "/pictures", text="x" * 6_291_456).status == 413
    assert stack.call("POST", "/pictures", text="x").status == 400
    assert until(lambda: stack.invocations("KeysFunction") == before + 2)
