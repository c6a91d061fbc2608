"""Publishing to a real bucket of the embedded AWS: only what changed, with its headers, and nobody else's objects."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from django.core.management import CommandError, call_command

from catalogue.labs.embedded.access.boot_keys import credentials_for
from catalogue.labs.embedded.process import Emulator
from catalogue.pages.publishing.manifest import MANIFEST, File, manifest_text
from catalogue.pages.publishing.publish import NotPublished, Plan, plan, publish
from catalogue.patterns.views.sharing import FRESH
from catalogue.web.static_headers import FOREVER
from tests.pages.conftest import NO_MANIFESTS

PAGE = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": FRESH}
STYLE = {"Content-Type": "text/css", "Cache-Control": FOREVER}


@pytest.fixture
def s3(emulator: Emulator) -> Any:
    keys = credentials_for(emulator.url)
    return boto3.client(
        "s3",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
    )


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"publish-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def write(folder: Path, **files: tuple[str, dict[str, str]]) -> Path:
    """An export of these files; in names `__` stands for a slash."""
    folder.mkdir(exist_ok=True)
    manifest = {}
    for name, (text, headers) in files.items():
        path = name.replace("__", "/").replace("_html", ".html").replace("_css", ".css")
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
        manifest[path] = File(str(hash(text)), headers)
    (folder / MANIFEST).write_text(manifest_text(manifest))
    return folder


def keys(s3: Any, bucket: str) -> set[str]:
    return {found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


def test_objects_have_the_headers_that_the_site_would_send(s3: Any, bucket: str, tmp_path: Path) -> None:
    zipped = {"Content-Type": "application/zip", "Cache-Control": FRESH, "Content-Disposition": "attachment"}
    folder = write(tmp_path / "out", index_html=("<p>", PAGE), static__a_css=("p{}", STYLE), project=("zip", zipped))
    publish(folder, bucket, s3)
    assert keys(s3, bucket) == {"index.html", "static/a.css", "project", MANIFEST}
    page = s3.get_object(Bucket=bucket, Key="index.html")
    assert (page["ContentType"], page["CacheControl"]) == (PAGE["Content-Type"], FRESH)
    assert s3.head_object(Bucket=bucket, Key="static/a.css")["CacheControl"] == FOREVER
    assert s3.head_object(Bucket=bucket, Key="project")["ContentDisposition"] == "attachment"
    assert page["Body"].read() == b"<p>"


def test_a_second_time_only_what_changed_is_uploaded(s3: Any, bucket: str, tmp_path: Path) -> None:
    publish(write(tmp_path / "out", index_html=("one", PAGE), about_html=("same", PAGE)), bucket, s3)
    folder = write(tmp_path / "out", index_html=("two", PAGE), about_html=("same", PAGE))
    assert publish(folder, bucket, s3) == Plan(["index.html"], [], ["/"])
    assert publish(folder, bucket, s3) == Plan([], [], [])
    assert s3.get_object(Bucket=bucket, Key="index.html")["Body"].read() == b"two"


def test_what_is_gone_is_deleted_and_what_others_put_there_is_not(s3: Any, bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="logs/today", Body=b"theirs")
    publish(write(tmp_path / "a", index_html=("one", PAGE), old_html=("old", PAGE)), bucket, s3)
    done = publish(write(tmp_path / "b", index_html=("one", PAGE)), bucket, s3)
    assert done.delete == ["old.html"]
    assert keys(s3, bucket) == {"index.html", "logs/today", MANIFEST}


def test_a_file_under_a_hashed_name_outlives_its_last_page_by_a_week(
    s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache may go on with a page of before, which loads it."""

    def at(day: float) -> None:
        monkeypatch.setattr("catalogue.pages.publishing.manifest.time.time", lambda: 1_790_000_000 + day * 86_400)

    at(0)
    old = write(tmp_path / "a", index_html=("1", PAGE), static__old_css=("1", STYLE))
    new = write(tmp_path / "b", index_html=("2", PAGE), static__new_css=("2", STYLE))
    publish(old, bucket, s3)
    publish(new, bucket, s3)
    for day in (1, 6.9):
        at(day)
        assert publish(new, bucket, s3).delete == []
    assert keys(s3, bucket) == {"index.html", "static/old.css", "static/new.css", MANIFEST}
    at(7)
    done = publish(new, bucket, s3)
    assert (done.upload, done.delete, done.invalidate) == ([], ["static/old.css"], [])
    assert keys(s3, bucket) == {"index.html", "static/new.css", MANIFEST}
    assert publish(new, bucket, s3) == Plan([], [], [])


def test_a_file_that_is_in_use_again_is_kept_for_good(
    s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_it = write(tmp_path / "a", index_html=("1", PAGE), static__old_css=("1", STYLE))
    without = write(tmp_path / "b", index_html=("1", PAGE))
    for folder in (with_it, without):
        publish(folder, bucket, s3)
    assert publish(with_it, bucket, s3) == Plan([], [], []), "it is there already"
    publish(without, bucket, s3)
    now = time.time()
    monkeypatch.setattr("catalogue.pages.publishing.manifest.time.time", lambda: now + 6 * 86_400)
    publish(with_it, bucket, s3)
    publish(without, bucket, s3)
    monkeypatch.setattr("catalogue.pages.publishing.manifest.time.time", lambda: now + 8 * 86_400)
    assert publish(without, bucket, s3).delete == []


@pytest.mark.parametrize("text", NO_MANIFESTS)
@pytest.mark.parametrize("where", ["bucket", "folder"])
def test_a_manifest_of_someone_else_or_a_damaged_one_stops_it_in_words(
    s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, where: str
) -> None:
    monkeypatch.setattr(boto3, "client", lambda *_, **__: s3)
    folder = write(tmp_path / "out", index_html=("1", PAGE))
    if where == "bucket":
        s3.put_object(Bucket=bucket, Key=MANIFEST, Body=text)
    else:
        (folder / MANIFEST).write_bytes(text)
    with pytest.raises(CommandError, match=f"{MANIFEST} was not .*damaged"):
        call_command("publish", str(folder), bucket=bucket)
    assert "index.html" not in keys(s3, bucket)


def test_another_ones_object_in_the_way_stops_it_before_it_begins(s3: Any, bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"theirs")
    with pytest.raises(NotPublished, match=r"index\.html"):
        publish(write(tmp_path / "out", about_html=("new", PAGE), index_html=("mine", PAGE)), bucket, s3)
    assert keys(s3, bucket) == {"index.html"}
    assert s3.get_object(Bucket=bucket, Key="index.html")["Body"].read() == b"theirs"


def test_stopped_half_way_it_goes_on(s3: Any, bucket: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "out", a_html=("a", PAGE), b_html=("b", PAGE))

    def stop(number: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(folder, bucket, s3, progress=stop)
    publish(folder, bucket, s3)
    assert keys(s3, bucket) == {"a.html", "b.html", MANIFEST}
    assert s3.get_object(Bucket=bucket, Key="b.html")["Body"].read() == b"b"


def test_a_dry_run_changes_nothing(s3: Any, bucket: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "out", index_html=("one", PAGE))
    assert publish(folder, bucket, s3, dry_run=True).upload == ["index.html"]
    assert keys(s3, bucket) == set()


def test_a_dry_run_tells_one_thing_a_line(
    s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(boto3, "client", lambda *_, **__: s3)
    publish(write(tmp_path / "a", index_html=("1", PAGE), old_html=("1", PAGE)), bucket, s3)
    folder = write(tmp_path / "b", index_html=("2", PAGE), new_html=("1", PAGE))
    call_command("publish", str(folder), bucket=bucket, dry_run=True)
    assert capsys.readouterr().out.splitlines() == [
        "upload index.html",
        "upload new.html",
        "delete old.html",
        "invalidate /",
        "invalidate /old.html",
    ]


def test_a_folder_without_an_export_is_refused(s3: Any, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match="build --to"):
        publish(tmp_path, bucket, s3)


def test_cloudfront_is_notified_of_changed_pages_as_readers_ask_for_them(s3: Any, bucket: str, tmp_path: Path) -> None:
    publish(write(tmp_path / "a", index_html=("1", PAGE), patterns__index_html=("1", PAGE)), bucket, s3)
    cloudfront = boto3.client(
        "cloudfront", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(cloudfront) as stub:  # holds request and answer to AWS's own model of the service
        stub.add_response(
            "create_invalidation",
            {},
            {
                "DistributionId": "E123",
                "InvalidationBatch": {
                    "Paths": {"Quantity": 2, "Items": ["/", "/patterns/"]},
                    "CallerReference": ANY,
                },
            },
        )
        changed = write(tmp_path / "b", index_html=("2", PAGE), patterns__index_html=("2", PAGE))
        publish(changed, bucket, s3, cloudfront, "E123")
        publish(changed, bucket, s3, cloudfront, "E123")  # nothing changed: nobody is told
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("then", ["at once", "without a distribution first", "with the content of before"])
def test_an_invalidation_that_failed_is_made_up_for_by_the_next_run(
    s3: Any, bucket: str, tmp_path: Path, then: str
) -> None:
    before = write(tmp_path / "a", index_html=("1", PAGE), about_html=("1", PAGE), old_html=("1", PAGE))
    publish(before, bucket, s3)
    changed = write(tmp_path / "b", index_html=("2", PAGE), about_html=("1", PAGE))
    cloudfront = boto3.client(
        "cloudfront", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with Stubber(cloudfront) as stub:
        stub.add_client_error("create_invalidation", "TooManyInvalidationsInProgress")
        with pytest.raises(ClientError):
            publish(changed, bucket, s3, cloudfront, "E123")
        if then == "without a distribution first":
            assert publish(changed, bucket, s3) == Plan([], [], [])
        stub.add_response("create_invalidation", {})
        if then == "with the content of before":
            doing = publish(before, bucket, s3, cloudfront, "E123")
            assert doing == Plan(["index.html", "old.html"], [], ["/", "/old.html"])
        else:
            assert publish(changed, bucket, s3, cloudfront, "E123", dry_run=True).invalidate == ["/", "/old.html"]
            assert publish(changed, bucket, s3, cloudfront, "E123") == Plan([], [], ["/", "/old.html"])
        stub.assert_no_pending_responses()
        assert publish(changed if then != "with the content of before" else before, bucket, s3, cloudfront, "E123") == (
            Plan([], [], [])
        )


@pytest.mark.parametrize("call", ["put_object", "delete_objects"])
def test_what_a_failed_run_has_not_reported_to_cloudfront_the_next_one_reports(
    s3: Any, bucket: str, tmp_path: Path, call: str
) -> None:
    publish(write(tmp_path / "a", index_html=("1", PAGE), about_html=("1", PAGE), old_html=("1", PAGE)), bucket, s3)
    changed = write(tmp_path / "b", index_html=("2", PAGE), about_html=("2", PAGE))
    cloudfront = boto3.client(
        "cloudfront", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )

    def fails(params: dict[str, Any], **_: object) -> None:
        if params.get("Key", "index.html") == "index.html":
            raise ConnectionError(call)

    operation = call.title().replace("_", "")
    s3.meta.events.register(f"provide-client-params.s3.{operation}", fails)
    with Stubber(cloudfront) as stub:
        with pytest.raises(ConnectionError, match=call):
            publish(changed, bucket, s3, cloudfront, "E123")
        s3.meta.events.unregister(f"provide-client-params.s3.{operation}", fails)
        stub.add_response("create_invalidation", {})
        assert publish(changed, bucket, s3, cloudfront, "E123").invalidate == ["/", "/about.html", "/old.html"]
        stub.assert_no_pending_responses()
    assert keys(s3, bucket) == {"index.html", "about.html", MANIFEST}


def test_files_that_pages_load_go_first() -> None:
    here = {"index.html": File("1", PAGE), "static/z.css": File("1", STYLE), "static/a.css": File("1", STYLE)}
    assert plan(here, {}).upload == ["static/a.css", "static/z.css", "index.html"]


def test_what_was_never_there_and_what_never_changes_is_not_invalidated() -> None:
    there = {"static/old.css": File("1", STYLE)}
    assert plan({"new.html": File("1", PAGE)}, there).invalidate == []


def test_of_very_many_changes_all_are_meant() -> None:
    there = {f"{number}.html": File("1", PAGE) for number in range(101)}
    here = {path: File("2", PAGE) for path in there}
    assert plan(here, there).invalidate == ["/*"]


def test_a_renamed_patterns_object_redirects_at_a_website_endpoint(s3: Any, bucket: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "out", old__index_html=("moved", PAGE | {"Location": "/new/"}), index_html=("p", PAGE))
    wire: dict[str, object] = {}

    def see(request: Any, **_: Any) -> None:
        wire[request.url.partition(bucket)[2]] = request.headers.get("x-amz-website-redirect-location")

    s3.meta.events.register("before-send.s3.PutObject", see)
    publish(folder, bucket, s3)
    assert wire["/old/index.html"] == b"/new/"
    assert wire["/index.html"] is None
