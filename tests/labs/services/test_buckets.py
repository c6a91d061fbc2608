"""Buckets of labs on a real account: emptied before their stack is deleted, and deleted if one is left behind."""

import uuid
from collections.abc import Iterator

import pytest

from catalogue.labs.services import s3
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import Resource

pytestmark = pytest.mark.lab


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket with five objects, and requests that delete two at most."""
    monkeypatch.setattr(s3, "_MOST_DELETED", 2)
    client, name = get_target().client("s3"), f"buckets-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    for number in range(5):
        client.put_object(Bucket=name, Key=f"folder/{number} ä+.txt", Body=b"x")
    yield name
    if name in _names():
        s3.delete(get_target().client, f"arn:aws:s3:::{name}")


def _names() -> set[str]:
    return {one["Name"] for one in get_target().client("s3").list_buckets()["Buckets"]}


def test_a_stack_s_buckets_are_emptied_request_by_request_and_others_are_not_touched(bucket: str) -> None:
    client = get_target().client
    s3.empty(client, {"Queue": Resource("AWS::SQS::Queue", bucket)})
    assert s3.count_objects(client, bucket) == {"objects": 5}
    for _ in range(2):
        s3.empty(client, {"Exports": Resource(s3.BUCKET, bucket)})
        assert s3.count_objects(client, bucket) == {"objects": 0}
    assert bucket in _names()


def test_a_bucket_that_was_left_behind_is_deleted_with_its_objects(bucket: str) -> None:
    (leftover,) = s3.SERVICE.leftovers
    arn = f"arn:aws:s3:::{bucket}"
    assert leftover.arn.fullmatch(arn)
    assert not leftover.arn.fullmatch(f"{arn}/folder/0")
    leftover.delete(get_target().client, arn)
    assert bucket not in _names()
