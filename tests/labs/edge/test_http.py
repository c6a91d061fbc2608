"""What the edge passes on, and what it keeps to itself."""

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
import yarl
from hypothesis import given
from hypothesis import strategies as st

from catalogue.labs.edge import http
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern

LAB = "jWjFN2GDc4DA3GC4ma7fLA"
UPSTREAM = "http://127.0.0.1:4566/_aws/execute-api/717a7c0c/live"


@pytest.mark.parametrize("path", ["", "/", "/a/b", "/a%2Fb", "/a//b", "//evil.example/x", "/@evil.example", "/%00"])
def test_a_path_is_passed_on_byte_for_byte(path: str) -> None:
    assert http.upstream_path(f"/live/{LAB}{path}".encode(), LAB) == path


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/../../_ministack/reset",
        "/a/%2e%2e/b",
        "/a%2f..%2fb",
        "/..%5c",
        "/a b",
        "/a\r\nHost: x",
        "/%zz",
        "/é",
        ".evil.example/",
        "@evil.example/",
        ":80/",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(http.BadPath):
        http.upstream_path(f"/live/{LAB}{path}".encode(), LAB)


@given(st.binary(max_size=60))
def test_whatever_is_passed_on_stays_below_the_lab(tail: bytes) -> None:
    try:
        path = http.upstream_path(f"/live/{LAB}".encode() + tail, LAB)
    except http.BadPath:
        return
    url = yarl.URL(UPSTREAM + (path or "/"), encoded=True)
    assert (url.host, url.port) == ("127.0.0.1", 4566)
    assert url.raw_path.startswith("/_aws/execute-api/717a7c0c/live/")
    assert ".." not in unquote(url.raw_path).replace("\\", "/").split("/")


def test_signatures_cookies_and_connection_headers_stay_behind() -> None:
    sent = http.request_headers(
        [
            (b"Host", b"site"),
            (b"Cookie", b"labs_owner=secret"),
            (b"Authorization", b"AWS4-HMAC-SHA256 Credential=999999999999/x"),
            (b"X-Amz-Security-Token", b"t"),
            (b"Connection", b"keep-alive, X-Private"),
            (b"X-Private", b"1"),
            (b"Transfer-Encoding", b"chunked"),
            (b"X-Kept", "ü".encode()),
        ],
        "1-6b0406f5-6a4f8d0ccf3d54cf950abdda",
    )
    assert sent == [("X-Kept", "ü"), ("X-Amzn-Trace-Id", "Root=1-6b0406f5-6a4f8d0ccf3d54cf950abdda")]


def test_a_bearer_token_is_the_labs_own_business() -> None:
    assert ("authorization", "Bearer abc") in http.request_headers([(b"authorization", b"Bearer abc")], "1-x")


def test_a_callers_own_trace_id_is_kept_and_any_other_replaced() -> None:
    own = "1-6b0406f5-6a4f8d0ccf3d54cf950abdda"
    assert http.trace_id([(b"X-Amzn-Trace-Id", f"Self=1-x;Root={own};Sampled=1".encode())]) == own
    made = http.trace_id([(b"x-amzn-trace-id", b"Root=1-zz\r\nX: y")])
    assert re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", made)


def test_an_answer_leaves_sandboxed_and_without_cookies() -> None:
    headers = dict(
        http.response_headers(
            [
                ("Set-Cookie", "a=b"),
                ("Content-Security-Policy", "default-src *"),
                ("X-Catalogue-Boot", "b"),
                ("X-Own", "1"),
            ],
            trace="1-x",
            live=f"/live/{LAB}",
            upstream=UPSTREAM,
        )
    )
    assert headers[b"access-control-allow-origin"] == b"*"
    assert headers[b"x-own"] == b"1"
    assert not {b"set-cookie", b"x-catalogue-boot", b"content-security-policy"} & headers.keys()


def test_a_labs_own_cors_header_is_not_doubled() -> None:
    headers = http.response_headers(
        [("Access-Control-Allow-Origin", "https://shop.example")],
        trace="t",
        live="/live/x",
        upstream=UPSTREAM,
    )
    assert [value for name, value in headers if name == b"access-control-allow-origin"] == [b"https://shop.example"]


@pytest.mark.parametrize(
    ("location", "moved"),
    [
        ("/live/jobs/1", f"/live/{LAB}/jobs/1"),
        (f"{UPSTREAM}/jobs/1?x=1", f"/live/{LAB}/jobs/1?x=1"),
        ("https://717a7c0c.execute-api.us-east-1.amazonaws.com/live/jobs/1", f"/live/{LAB}/jobs/1"),
        ("/lively", "/lively"),
        ("jobs/1", "jobs/1"),
        ("https://example.com/live/x", "https://example.com/live/x"),
    ],
)
def test_a_location_in_the_stage_leads_to_the_endpoint(location: str, moved: str) -> None:
    assert http.moved(location, live=f"/live/{LAB}", upstream=UPSTREAM) == moved


INSTRUCTIONS = [
    *("X-Accel-Redirect", "X-Accel-Buffering", "X-Sendfile", "X-LiteSpeed-Location", "X-Lighttpd-Send-File"),
    *("NEL", "Report-To", "Reporting-Endpoints", "Accept-CH", "Critical-CH", "Speculation-Rules", "Origin-Trial"),
    *("Set-Cookie", "Set-Cookie2", "Clear-Site-Data", "Refresh", "Alt-Svc", "Service-Worker-Allowed", "SourceMap"),
    *("Strict-Transport-Security", "Content-Security-Policy", "Permissions-Policy", "X-Frame-Options"),
    *("Cross-Origin-Opener-Policy", "Connection", "Transfer-Encoding", "Content-Length", "Via", "X-UA-Compatible"),
    "X-Request-Id",
]


@pytest.mark.parametrize("name", INSTRUCTIONS)
@pytest.mark.parametrize("written", [str.lower, str.upper])
def test_a_handler_cannot_instruct_proxies_or_browsers(name: str, written: Callable[[str], str]) -> None:
    sent = http.response_headers([(written(name), "anything")], trace="1-x", live="/live/x", upstream=UPSTREAM)
    assert b"anything" not in dict(sent).values()


@pytest.mark.parametrize(
    "name",
    ["Content-Type", "Cache-Control", "ETag", "Retry-After", "Vary", "X-Cache", "x-amzn-RequestId"],
)
def test_what_an_application_says_of_its_answer_passes(name: str) -> None:
    sent = http.response_headers([(name, "anything")], trace="1-x", live="/live/x", upstream=UPSTREAM)
    assert (name.lower().encode(), b"anything") in sent


@pytest.mark.parametrize(
    ("challenge", "passes"),
    [
        ("Bearer", True),
        ('Bearer realm="trade"', True),
        ('Bearer realm="trade", error="invalid_token"', True),
        ("Basic", False),
        ('Bearer realm="trade", Basic realm="site"', False),
        ('basic realm="site", Bearer', False),
        ("Negotiate", False),
    ],
)
def test_no_answer_makes_a_browser_ask_for_a_password(challenge: str, passes: bool) -> None:
    given = [("WWW-Authenticate", challenge)]
    sent = dict(http.response_headers(given, trace="1-x", live="/live/x", upstream=UPSTREAM))
    kept, moved = sent.get(b"www-authenticate"), sent.get(b"x-amzn-remapped-www-authenticate")
    assert (kept, moved) == ((challenge.encode(), None) if passes else (None, challenge.encode()))


@pytest.mark.parametrize("pattern", list(library().patterns()), ids=lambda pattern: pattern.slug)
def test_every_header_that_a_demo_expects_reaches_the_visitor(pattern: Pattern) -> None:
    """A pattern that answers with a header of its own needs it in the list of what passes."""
    expected = {name.lower() for step in pattern.demo.steps for name in step.expect.headers} if pattern.demo else set()
    answered = http.response_headers(
        [(name, "Bearer" if name == "www-authenticate" else "value") for name in expected],
        trace="1-0-0",
        live="/live/x",
        upstream="http://127.0.0.1/api/stage",
    )
    assert expected <= {name.decode() for name, _ in answered}
