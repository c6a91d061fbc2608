"""The front door answers byte for byte what Django would: every address, every encoding."""

import asyncio
import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.test import Client

from catalogue.pages.builds import store
from catalogue.pages.builds.build import build
from catalogue.pages.builds.store import Kept
from catalogue.pages.serving.front_door import FrontDoor
from catalogue.pages.serving.page_cache import PageAnswer
from catalogue.patterns.content import library

HOST = [(b"host", b"127.0.0.1:8000")]
FILES = ("project.zip", "share.png", "diagram.svg", "diagram.png", "recorded/")
ENCODINGS = {
    b"identity": ("", bytes),
    b"gzip": ("gzip", gzip.decompress),
    b"gzip, deflate, br": ("br", brotli.decompress),
}
ADDED = {"etag", "last-modified", "vary", "content-encoding", "content-length", "accept-ranges"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[list[Kept]]:
    """All pages of the catalogue, built once."""
    before = settings.VAR_DIR
    settings.VAR_DIR = tmp_path_factory.mktemp("var")
    library.use(library.read_library(settings.CONTENT_DIR))
    try:
        build(workers=1)
        database = store.reading()
        assert database is not None
        yield list(store.kept(database))
    finally:
        settings.VAR_DIR = before


@pytest.fixture(scope="module")
def front_door(kept: list[Kept]) -> FrontDoor:
    fresh = FrontDoor()
    asyncio.run(fresh.look())
    return fresh


def asked(front_door: FrontDoor, page: Kept, *headers: tuple[bytes, bytes], method: str = "GET") -> PageAnswer:
    answer = front_door.answer(method, page.path, page.query.encode(), [*HOST, *headers])
    assert answer is not None, page
    return answer


def django_says(page: Kept) -> tuple[dict[str, str], bytes]:
    response = Client(HTTP_HOST="127.0.0.1:8000").get(page.path + (f"?{page.query}" if page.query else ""))
    assert response.status_code == 200, page.path
    return {name.lower(): value for name, value in response.headers.items()}, response.content


@pytest.mark.django_db
def test_every_page_in_every_encoding_is_what_django_sends(kept: list[Kept], front_door: FrontDoor) -> None:
    assert len(kept) > 250
    for page in kept:
        headers, body = django_says(page)
        for accepted, (encoding, unpacked) in ENCODINGS.items():
            answer = asked(front_door, page, (b"accept-encoding", accepted))
            sent = {name.decode(): value.decode("latin-1") for name, value in answer.headers}
            assert answer.status == 200
            assert sent.get("content-encoding", "") == (encoding if page.packed else "")
            assert (unpacked(answer.body) if page.packed else answer.body) == body, page.path
            assert int(sent["content-length"]) == len(answer.body)
            assert {k: v for k, v in sent.items() if k not in ADDED} == {
                k: v for k, v in headers.items() if k not in ADDED
            }, page.path
            if not encoding or not page.packed:
                assert sent["etag"] == headers["etag"]
            assert answer.head == b"".join(b"%s: %s\r\n" % pair for pair in answer.headers)


def test_every_address_of_the_library_is_kept(kept: list[Kept]) -> None:
    paths = {page.path for page in kept}
    for pattern in library.library().patterns():
        assert pattern.url in paths
        assert {f"{pattern.url}source/{file.path}" for file in pattern.files} <= paths
        assert {f"{pattern.url}raw/{file.path}" for file in pattern.files} <= paths
        assert {f"{pattern.url}{name}" for name in FILES} <= paths
    assert {"/", "/patterns/", "/search/", "/about/", "/feed.atom", "/sitemap.xml", "/robots.txt"} <= paths


def test_no_kept_page_holds_anything_of_a_visitor(kept: list[Kept], front_door: FrontDoor) -> None:
    """Nothing of a visitor, a session or a form's token can be in what everyone gets."""
    for page in kept:
        answer = asked(front_door, page)
        names = {name for name, _ in answer.headers}
        assert not names & {b"set-cookie", b"authorization"}
        assert dict(answer.headers)[b"cache-control"].startswith(b"public")
        assert not re.search(rb"csrf|sessionid|labs_owner=", answer.body), page.path


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_a_client_that_has_the_page_gets_a_304(kept: list[Kept], front_door: FrontDoor, encoding: bytes) -> None:
    for page in kept:
        whole = asked(front_door, page, (b"accept-encoding", encoding))
        for name, value in ((b"if-none-match", b"etag"), (b"if-modified-since", b"last-modified")):
            again = asked(front_door, page, (b"accept-encoding", encoding), (name, dict(whole.headers)[value]))
            assert (again.status, again.body) == (304, b"")
            told = dict(again.headers)
            assert told[b"etag"] == dict(whole.headers)[b"etag"]
            assert b"cache-control" in told
            assert (b"vary" in told) is page.packed
            assert not {b"content-length", b"content-type", b"content-encoding"} & told.keys()


def test_the_validator_of_one_encoding_is_not_that_of_another(kept: list[Kept], front_door: FrontDoor) -> None:
    page = next(page for page in kept if page.path == "/")
    etag = dict(asked(front_door, page, (b"accept-encoding", b"gzip")).headers)[b"etag"]
    assert asked(front_door, page, (b"accept-encoding", b"br"), (b"if-none-match", etag)).status == 200


@pytest.mark.parametrize("encoding", list(ENCODINGS))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_for_these_very_bytes_gets_them_or_learns_that_they_have_changed(
    kept: list[Kept], front_door: FrontDoor, encoding: bytes, method: str
) -> None:
    for page in (page for page in kept if page.path in ("/", "/patterns/gateway-cache/project.zip")):
        accepts = (b"accept-encoding", encoding)
        head = dict(asked(front_door, page, accepts).headers)
        for good in ((b"if-match", head[b"etag"]), (b"if-unmodified-since", head[b"last-modified"])):
            assert asked(front_door, page, accepts, good, method=method).status == 200
            assert (
                asked(front_door, page, accepts, good, (b"if-none-match", head[b"etag"]), method=method).status == 304
            )
        for bad in ((b"if-match", b'"x"'), (b"if-unmodified-since", b"Thu, 01 Jan 1970 00:00:00 GMT")):
            for more in ((b"x-other", b"1"), (b"if-none-match", head[b"etag"]), (b"range", b"bytes=0-9")):
                answer = asked(front_door, page, accepts, bad, more, method=method)
                assert (answer.status, answer.body) == (412, b"")
                assert dict(answer.headers)[b"content-length"] == b"0"
                assert b"cache-control" not in dict(answer.headers)


def test_a_download_can_be_gone_on_with(kept: list[Kept], front_door: FrontDoor) -> None:
    page = next(page for page in kept if page.path.endswith("project.zip"))
    whole = asked(front_door, page)
    head = dict(whole.headers)
    assert head[b"accept-ranges"] == b"bytes"
    part = asked(front_door, page, (b"range", b"bytes=100-199"), (b"if-range", head[b"etag"]))
    assert part.status == 206
    assert part.body == whole.body[100:200]
    assert dict(part.headers)[b"content-range"] == b"bytes 100-199/%d" % len(whole.body)
    assert dict(part.headers)[b"content-length"] == b"100"
    outside = asked(front_door, page, (b"range", b"bytes=%d-" % len(whole.body)))
    assert (outside.status, dict(outside.headers)[b"content-range"]) == (416, b"bytes */%d" % len(whole.body))
    assert asked(front_door, page, (b"range", b"bytes=0-9"), method="HEAD").status == 200


@pytest.mark.parametrize(
    ("query", "answered"),
    [
        (b"", True),
        (b"utm_source=letter", True),
        (b"?", True),
        (b"%zz&=&&", True),
        (b"level=100", False),
        (b"lev%65l=100", False),
        (b"a=1&page=2", False),
        (b"a=1&" * 201, False),
        (b"a=1&" * 201 + b"level=100", False),
    ],
)
def test_a_query_that_the_view_reads_is_left_to_it(front_door: FrontDoor, query: bytes, answered: bool) -> None:
    assert (front_door.answer("GET", "/patterns/", query, HOST) is not None) is answered


@pytest.mark.parametrize(
    "path", ["//", "/patterns", "/patterns/gateway-cache", "/patterns/Gateway-Cache/", "/x", "", "/../"]
)
def test_paths_that_are_not_kept_are_left_to_django(front_door: FrontDoor, path: str) -> None:
    assert front_door.answer("GET", path, b"", HOST) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
def test_other_methods_are_left_to_django(front_door: FrontDoor, method: str) -> None:
    assert front_door.answer(method, "/", b"", HOST) is None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"host", b"evil.example")],
        [(b"host", b"127.0.0.1:80@evil")],
        [*HOST, (b"content-length", b"4")],
        [*HOST, (b"transfer-encoding", b"chunked")],
    ],
)
def test_what_django_would_refuse_or_check_is_left_to_it(
    front_door: FrontDoor, headers: list[tuple[bytes, bytes]]
) -> None:
    assert front_door.answer("GET", "/", b"", headers) is None


def test_the_recorded_runs_fragment_is_a_page_of_its_own(front_door: FrontDoor) -> None:
    path = "/patterns/gateway-cache/recorded/"
    page = front_door.answer("GET", path, b"", HOST)
    fragment = front_door.answer("GET", path, b"part=views", HOST)
    assert page is not None
    assert fragment is not None
    assert b"<!doctype html>" in page.body
    assert b"<!doctype html>" not in fragment.body
    assert front_door.answer("GET", path, b"part=other", HOST) is None


def test_bytes_at_hand_stay_within_their_limit(kept: list[Kept], tmp_path: Path) -> None:
    from catalogue.pages.serving.page_cache import PageCache

    database = store.reading()
    assert database is not None
    page_cache = PageCache(database, kept, most_bytes=200_000)
    for page in kept:
        assert page_cache.ready(page, "gzip") is not None
        assert page_cache.bytes_at_hand <= 200_000 or len(page_cache._at_hand) == 1
    assert len(page_cache) == len(kept)
