"""Presigned requests through the edge, at a deployed lab: the lab's own bucket and nothing else of S3."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.conf import settings

from catalogue.labs.demos.bodies import upload
from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge import presigned
from catalogue.labs.edge.client import call_edge
from catalogue.labs.edge.refusing import Refusal
from catalogue.labs.services.registry import lab_services
from catalogue.labs.services.s3.presigned import refusal
from catalogue.labs.targets.base import Door
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.content.schemas.pattern import File
from catalogue.patterns.runs.analysis.graph import Graph, Hop
from tests.labs.conftest import Deploy, run
from tests.labs.fidelity.conftest import Stack, until

JPEG = File(bytes=2000, type="image/jpeg", begins="\xff\xd8\xff")
DOOR = Door(
    *("Pictures", "b-1", "AWS::S3::Bucket", "/_s3/b-1"),
    signed="http://127.0.0.1:4566/b-1",
    upstream="http://10.0.0.5:4566/b-1",
    host="127.0.0.1:4566",
    moved=True,
)
ON_AWS = Door(
    *("Pictures", "b-1", "AWS::S3::Bucket", "/_s3/b-1.s3.amazonaws.com"),
    *("https://b-1.s3.amazonaws.com", "https://b-1.s3.amazonaws.com", "b-1.s3.amazonaws.com"),
    moved=False,
)
SIGNED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)


@pytest.mark.parametrize(
    ("method", "key", "query", "kind"),
    [
        ("POST", "", (), "multipart/form-data; boundary=x"),
        ("POST", "", (), "Multipart/Form-Data; boundary=x"),
        ("GET", "pictures/a", SIGNED, ""),
        ("HEAD", "pictures/a", (*SIGNED, "X-Amz-Security-Token", "response-content-disposition"), ""),
    ],
)
def test_forms_and_presigned_addresses_pass(method: str, key: str, query: tuple[str, ...], kind: str) -> None:
    assert refusal(method, key, query, kind) == ""


@pytest.mark.parametrize(
    ("method", "key", "query", "kind"),
    [
        ("POST", "pictures/a", ("uploads",), ""),
        ("POST", "", ("delete",), "multipart/form-data; boundary=x"),
        ("POST", "pictures/a", (), "multipart/form-data; boundary=x"),
        ("POST", "", (), "application/xml"),
        ("PUT", "pictures/a", SIGNED, ""),
        ("DELETE", "pictures/a", SIGNED, ""),
        ("OPTIONS", "pictures/a", SIGNED, ""),
        ("GET", "", SIGNED, ""),
        ("GET", "pictures/a", (), ""),
        ("GET", "pictures/a", SIGNED[:-1], ""),
        ("GET", "pictures/a", (*SIGNED, "acl"), ""),
        ("GET", "pictures/a", (*SIGNED, "tagging"), ""),
        ("GET", "pictures/a", (*SIGNED, "partNumber"), ""),
    ],
)
def test_all_else_of_s3_is_refused_with_the_reason(method: str, key: str, query: tuple[str, ...], kind: str) -> None:
    assert refusal(method, key, query, kind).endswith(".")


def test_a_path_leads_to_the_labs_own_resource_or_is_refused() -> None:
    assert presigned.door_at([DOOR], "/_s3/b-1/pictures/a") is DOOR
    assert presigned.door_at([DOOR], "/_s3/b-1") is DOOR
    assert presigned.door_at([DOOR], "/orders/_s3/b-1") is None
    assert presigned.door_at([], "/_s3/b-1") is None
    for path in ("/_s3/b-2", "/_s3/b-11/a", "/_s3/", "/_s3/b-1%2fa", "/_s3//b-1/a"):
        with pytest.raises(Refusal) as refused:
            presigned.door_at([DOOR], path)
        assert refused.value.status == 404


def test_an_address_that_a_function_signed_becomes_the_edges_where_an_answer_names_it() -> None:
    body = (
        b'{"a": "http://127.0.0.1:4566/b-1/k?X=1", "b": "http://127.0.0.1:4566/b-1", "c": "http://127.0.0.1:4566/b-11"}'
    )
    headers = [(b"location", b"http://127.0.0.1:4566/b-1/k"), (b"content-digest", b"x"), (b"x-a", b"1")]
    told, content = presigned.moved([DOOR], "LAB", headers, body)
    where = re.findall(r'"([^"]*/live/LAB/_s3/b-1[^"]*)"', content.decode())
    assert [address.partition("/live/LAB")[2] for address in where] == ["/_s3/b-1/k?X=1", "/_s3/b-1"]
    assert b"http://127.0.0.1:4566/b-11" in content
    assert told[0][1].endswith(b"/live/LAB/_s3/b-1/k")
    assert [name for name, _ in told] == [b"location", b"x-a"]


def test_the_location_of_an_upload_is_the_edges() -> None:
    headers = [(b"location", b"http://b-1.s3.amazonaws.com/pictures/a")]
    ((_, told),), _ = presigned.moved([DOOR], "LAB", headers, b"")
    assert told.endswith(b"/live/LAB/_s3/b-1/pictures/a")


def test_an_encoded_answer_and_an_address_of_aws_stay_as_they_are() -> None:
    body = b"http://127.0.0.1:4566/b-1"
    assert presigned.moved([DOOR], "LAB", [(b"content-encoding", b"gzip")], body)[1] == body
    body = b"https://b-1.s3.amazonaws.com/k"
    assert presigned.moved([ON_AWS], "LAB", [], body)[1] == body


def test_on_aws_a_steps_address_leads_to_the_same_host_through_the_edge() -> None:
    path = presigned.edge_path([ON_AWS], "https://b-1.s3.amazonaws.com/pictures/a?X-Amz-Signature=1")
    assert path == "/_s3/b-1.s3.amazonaws.com/pictures/a?X-Amz-Signature=1"
    assert presigned.edge_path([ON_AWS], "https://b-1.s3.amazonaws.com/") == ON_AWS.path
    assert presigned.address(ON_AWS, ON_AWS.path) == "https://b-1.s3.amazonaws.com/"
    for other in ("https://b-1.s3.amazonaws.com.example.org/a", "https://example.org/", "http://169.254.169.254/"):
        assert presigned.edge_path([ON_AWS], other) == other


def test_the_host_that_was_signed_is_sent_and_nothing_that_names_another_caller() -> None:
    sent = presigned.request_headers(
        DOOR,
        [
            (b"host", b"example.org"),
            (b"Range", b"bytes=0-1"),
            (b"authorization", b"AWS4-HMAC-SHA256 x"),
            (b"x-amz-security-token", b"x"),
            (b"x-amz-copy-source", b"/other/key"),
            (b"x-forwarded-host", b"other.s3.amazonaws.com"),
            (b"cookie", b"a=b"),
        ],
    )
    assert sent == [("Host", "127.0.0.1:4566"), ("Range", "bytes=0-1")]


def test_a_run_shows_the_logical_id_and_no_signature_and_the_call_arrives_there() -> None:
    assert presigned.shown([DOOR], "/_s3/b-1/pictures/a") == "/_s3/Pictures/pictures/a"
    assert presigned.shown([DOOR], "/orders") == "/orders"
    hops = tuple(Hop("Client", target, "", "sync", "outside") for target in ("Api", "Pictures"))
    graph = Graph({}, hops, (), {})
    assert graph.arrival("/_s3/Pictures/pictures/a") == hops[1]
    assert graph.arrival("/_s3/Others/a") is None


@pytest.fixture
def make(deploy: Deploy) -> Callable[[], Stack]:
    pattern = load_pattern(settings.BASE_DIR / "patterns_content" / "valet-key")
    return lambda: Stack(deploy(pattern))


@pytest.fixture
def stack(make: Callable[[], Stack]) -> Stack:
    return make()


def key_of(stack: Stack, **asked: Any) -> dict[str, Any]:
    """The form that the lab signs, as a visitor gets it."""
    answer = stack.call("POST", "/pictures", json={"type": "image/jpeg", "bytes": 2000, **asked})
    assert answer.status == 201, answer.body
    form: dict[str, Any] = json.loads(answer.body)["upload"]
    return form


def post(stack: Stack, address: str, fields: Mapping[str, str], file: File = JPEG) -> StepAnswer:
    body, kind = upload(file, fields)
    return run(call_edge(stack.lab.pk, "POST", address, {"content-type": kind}, content=body))


def objects(stack: Stack) -> list[str]:
    found = stack.client("s3").list_objects_v2(Bucket=stack.id("PicturesBucket"))
    return [one["Key"] for one in found.get("Contents", ())]


@pytest.mark.lab
def test_a_visitor_uploads_to_the_bucket_and_reads_from_it(stack: Stack) -> None:
    form = key_of(stack)
    assert f"/live/{stack.lab.pk}/_s3/" in form["url"]
    assert post(stack, form["url"], form["fields"]).status == 204
    picture = form["fields"]["key"].removeprefix("uploads/")
    shown = until(lambda: json.loads(stack.call("GET", f"/pictures/{picture}").body).get("download"))
    answer = stack.call("GET", shown, {"Range": "bytes=0-15"})
    assert (answer.status, answer.headers["content-type"]) == (206, "image/jpeg")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert stack.call("GET", shown.replace("uploads/", "uploads/x")).status == 403
    assert stack.call("HEAD", shown).status == 403  # the method is signed, too


@pytest.mark.lab
@pytest.mark.parametrize("left_out", ["everything", "x-amz-signature", "policy", "x-amz-security-token"])
def test_a_form_that_is_not_signed_stores_nothing(stack: Stack, left_out: str) -> None:
    form = key_of(stack)
    fields = {name: value for name, value in form["fields"].items() if name != left_out}
    if left_out == "everything":
        fields = {"key": "uploads/mine"}
    assert 400 <= post(stack, form["url"], fields).status < 500
    assert objects(stack) == []


@pytest.mark.lab
def test_another_labs_bucket_is_out_of_reach_with_a_key_of_its_own_too(stack: Stack, make: Callable[[], Stack]) -> None:
    other = make()
    theirs = key_of(other)
    own = key_of(stack)
    bucket = other.id("PicturesBucket")
    assert post(stack, own["url"], theirs["fields"]).status == 403
    assert post(stack, f"/_s3/{bucket}", theirs["fields"]).status == 404
    for path in (f"/_s3/{bucket}/a", "/_s3/labs-artifacts/a", f"/_s3/x/../{bucket}/a", f"/_s3/%2e%2e/{bucket}/a"):
        assert stack.call("GET", path).status in (400, 404)
    assert objects(other) == objects(stack) == []


@pytest.mark.lab
def test_a_bucket_that_is_full_takes_no_more_and_says_so(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    form = key_of(stack)
    assert post(stack, form["url"], form["fields"]).status == 204
    key, known = lab_services().presigned["AWS::S3::Bucket"]
    monkeypatch.setitem(lab_services().presigned, "AWS::S3::Bucket", (key, known._replace(most_bytes=5_000)))
    full = post(stack, form["url"], form["fields"])  # 2,000 bytes and the form around them are more than what is left
    assert full.status == 507
    assert "PicturesBucket" in full.body
