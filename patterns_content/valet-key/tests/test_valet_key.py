"""Valet Key's handlers, against a real bucket and table: keys and what they do not open, late and repeated events."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from handler_tests import LambdaContext, LoadHandler, LogLines, client

SLUG = "valet-key"
JPEG = b"\xff\xd8\xff" + b"\0" * 1997
_runs = count(1)


class Shop:
    """The three functions, with a bucket and a table of their own."""

    def __init__(self, load: LoadHandler, table: str, aws: str) -> None:
        self.s3, self.aws = client("s3", aws), aws
        self.bucket = f"valet-{next(_runs)}"
        self.s3.create_bucket(Bucket=self.bucket)
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "PICTURES_BUCKET": self.bucket,
            "PICTURES_TABLE": table,
            "MOST_BYTES": "8000000",
            "KEY_SECONDS": "900",
        }
        self.keys = load(f"{SLUG}/functions/keys/app.py", **environment)
        self.receiver = load(f"{SLUG}/functions/receiver/app.py", **environment)
        self.reader = load(f"{SLUG}/functions/reader/app.py", **environment)

    def ask(self, body: Any) -> dict[str, Any]:
        event = {
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "body": body if isinstance(body, str) else json.dumps(body),
        }
        answer: dict[str, Any] = self.keys.handler(event, LambdaContext())
        return {"status": answer["statusCode"], **json.loads(answer["body"])}

    def key(self, size: int = 2000, kind: str = "image/jpeg", **asked: Any) -> dict[str, Any]:
        given = self.ask({"type": kind, "bytes": size, **asked})
        assert given["status"] == 201
        return {"picture": given["picture"], **given["upload"]}

    def post(self, key: dict[str, Any], content: bytes = JPEG, /, **fields: str) -> int:
        """Post the form with the file; the status."""
        parts = {**key["fields"], **fields}
        head = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()
        )
        body = (
            f'{head}--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()
            + content
            + b"\r\n--b--\r\n"
        )
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        return self.send(urllib.request.Request(key["url"], body, headers))

    @staticmethod
    def send(request: urllib.request.Request) -> int:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def receive(self, picture: str, sequencer: str) -> None:
        named = {"bucket": {"name": self.bucket}, "object": {"key": f"uploads/{picture}", "sequencer": sequencer}}
        self.receiver.handler({"Records": [{"s3": named}]}, LambdaContext())

    def read(self, picture: str) -> dict[str, Any]:
        answer = self.reader.handler({"headers": None, "pathParameters": {"picture": picture}}, LambdaContext())
        return {"code": answer["statusCode"], **json.loads(answer["body"])}

    def stored(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]


@pytest.fixture
def shop(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Shop:
    return Shop(load_handler, make_table(SLUG, "PicturesTable"), embedded_aws)


def test_a_key_stores_one_picture_and_the_row_says_so(shop: Shop, log_lines: LogLines) -> None:
    key = shop.key()
    assert shop.read(key["picture"]) == {"code": 200, "picture": key["picture"], "status": "expected"}
    assert shop.stored() == []
    assert shop.post(key) == 204
    assert shop.stored() == [f"uploads/{key['picture']}"]
    shop.receive(key["picture"], "01")
    shown = shop.read(key["picture"])
    assert (shown["status"], shown["bytes"]) == ("arrived", 2000)
    with urllib.request.urlopen(shown["download"], timeout=20) as answer:
        assert answer.read() == JPEG
        assert answer.headers["content-disposition"] == "attachment"
    (arrived,) = [line for line in log_lines() if line["step"] == "picture.arrived"]
    assert arrived["trace"] == "Root=1-abc"


def test_two_keys_are_for_two_objects_and_no_line_of_the_log_has_one(shop: Shop, log_lines: LogLines) -> None:
    one, other = shop.key(), shop.key()
    assert one["fields"]["key"] != other["fields"]["key"]
    logged = json.dumps(log_lines())
    for secret in ("policy", "x-amz-signature", "x-amz-credential"):
        assert one["fields"][secret] not in logged


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ({"key": "uploads/front-page"}, JPEG),
        ({"Content-Type": "text/html"}, JPEG),
        ({"acl": "public-read"}, JPEG),
        ({}, JPEG + b"\0"),
        ({}, b""),
    ],
    ids=["key", "type", "another field", "one byte more", "no byte"],
)
def test_a_key_opens_nothing_else(shop: Shop, fields: dict[str, str], content: bytes) -> None:
    assert 400 <= shop.post(shop.key(), content, **fields) < 500
    assert shop.stored() == []


def test_a_key_ends(shop: Shop) -> None:
    key = shop.key(seconds=1)
    policy = json.loads(base64.b64decode(key["fields"]["policy"]))
    ends = time.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%SZ")
    while time.gmtime() <= ends:
        time.sleep(0.1)
    assert shop.post(key) == 403
    assert shop.stored() == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"type": "text/html", "bytes": 1}',
        '{"type": ["image/png"], "bytes": 1}',
        '{"type": "image/png"}',
        '{"type": "image/png", "bytes": 0}',
        '{"type": "image/png", "bytes": 1.5}',
        '{"type": "image/png", "bytes": true}',
        '{"type": "image/png", "bytes": "1"}',
        '{"type": "image/png", "bytes": 1, "seconds": 0}',
        '{"type": "image/png", "bytes": 1, "seconds": 901}',
        '{"type": "image/png", "bytes": 1, "seconds": null}',
    ],
    ids=lambda body: body[:50],
)
def test_what_is_no_picture_gets_no_key(shop: Shop, body: str) -> None:
    assert shop.ask(body)["status"] == 400


def test_a_picture_may_have_as_many_bytes_as_the_shop_takes_and_not_one_more(shop: Shop) -> None:
    assert shop.ask({"type": "image/png", "bytes": 8_000_000})["status"] == 201
    refused = shop.ask({"type": "image/png", "bytes": 8_000_001})
    assert (refused["status"], "upload" in refused) == (413, False)


def test_without_a_row_there_is_no_key(shop: Shop, log_lines: LogLines) -> None:
    def refuse(model: Any, **_: Any) -> None:
        raise shop.keys.ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, model.name)

    shop.keys.dynamodb.meta.events.register("before-call.dynamodb", refuse)
    answer = shop.ask({"type": "image/png", "bytes": 1})
    assert (answer["status"], "upload" in answer) == (503, False)
    assert [line["step"] for line in log_lines()] == ["key.not.given"]


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("image/jpeg", JPEG, "arrived"),
        ("image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 10, "arrived"),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n", "refused"),
        ("image/png", b"<script>alert(1)</script>", "refused"),
        ("image/jpeg", b"\xff", "refused"),
    ],
)
def test_the_first_bytes_decide_and_not_the_type(shop: Shop, kind: str, content: bytes, status: str) -> None:
    key = shop.key(kind=kind)
    assert shop.post(key, content) == 204
    shop.receive(key["picture"], "01")
    shown = shop.read(key["picture"])
    assert (shown["status"], "download" in shown) == (status, status == "arrived")


def test_an_object_of_another_type_is_refused(shop: Shop) -> None:
    """Someone with permissions of their own may store what no key allows."""
    key = shop.key()
    shop.s3.put_object(Bucket=shop.bucket, Key=f"uploads/{key['picture']}", Body=JPEG, ContentType="text/html")
    shop.receive(key["picture"], "01")
    assert shop.read(key["picture"])["status"] == "refused"


def test_a_repeated_event_and_a_late_one_change_nothing(shop: Shop, log_lines: LogLines) -> None:
    key = shop.key()
    shop.post(key)
    shop.receive(key["picture"], "02")
    before = shop.read(key["picture"])["status"]
    shop.post(key, b"no picture")
    for sequencer in ("02", "01", "01FFFF"):
        shop.receive(key["picture"], sequencer)
    assert shop.read(key["picture"])["status"] == before == "arrived"
    assert [line["step"] for line in log_lines()].count("picture.unchanged") == 3


def test_a_second_upload_with_the_same_key_is_judged_again(shop: Shop, log_lines: LogLines) -> None:
    key = shop.key()
    shop.post(key)
    shop.receive(key["picture"], "01")
    assert shop.post(key, b"no picture") == 204
    shop.receive(key["picture"], "02")
    assert shop.read(key["picture"])["status"] == "refused"
    steps = [line["step"] for line in log_lines()]
    assert steps.count("picture.replaced") == steps.count("picture.refused") == 1


def test_a_picture_that_is_gone_or_was_never_announced_is_no_failure(shop: Shop, log_lines: LogLines) -> None:
    shop.receive("unknown", "01")
    shop.s3.put_object(Bucket=shop.bucket, Key="uploads/unknown", Body=JPEG, ContentType="image/jpeg")
    shop.receive("unknown", "01")
    assert [line["step"] for line in log_lines()] == ["picture.gone", "picture.unchanged"]
    assert shop.read("unknown")["code"] == 404


@pytest.fixture
def twin(load_handler: LoadHandler, shop: Shop) -> Any:
    place = f"{SLUG}/functions/naive_uploader/app.py"
    return load_handler(place, AWS_ENDPOINT_URL=shop.aws, PICTURES_BUCKET=shop.bucket)


def test_the_twin_takes_and_gives_back_every_byte(twin: Any) -> None:
    event = {"httpMethod": "POST", "headers": {"Content-Type": "image/jpeg"}, "isBase64Encoded": True}
    stored = twin.handler({**event, "body": base64.b64encode(JPEG).decode()}, LambdaContext())
    picture = json.loads(stored["body"])["picture"]
    asked = {"httpMethod": "GET", "headers": None, "pathParameters": {"picture": picture}}
    answer = twin.handler(asked, LambdaContext())
    assert (answer["headers"], base64.b64decode(answer["body"])) == ({"Content-Type": "image/jpeg"}, JPEG)
    assert twin.handler({**asked, "pathParameters": {"picture": "none"}}, LambdaContext())["statusCode"] == 404
