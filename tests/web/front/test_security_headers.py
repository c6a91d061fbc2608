"""Whatever answers, the answer carries the site's security headers."""

import pytest

from tests.web.front.conftest import Front, get, status

PAGE = "Accept: text/html"
JSON = "Accept: application/json"
DIAGRAM = "/patterns/queue-based-load-leveling/diagram.svg"
ASKED = {
    "a document": (get("/patterns.json"), 200),
    "a text": (get("/robots.txt"), 200),
    "a feed": (get("/feed.atom"), 200),
    "a redirect": (get("/patterns"), 301),
    "a problem of Django": (get("/nowhere", JSON), 404),
    "a problem of a view": (get("/labs/none/events", JSON), 404),
    "a wrong method": (get("/patterns.json", method="DELETE"), 405),
    "a static file": (get("/static/plain.css"), 200),
    "a range of a static file": (get("/static/plain.css", "Range: bytes=0-3"), 206),
    "a static file that is missing": (get("/static/none.css", JSON), 404),
    "a picture": (get("/static/plain.svg"), 200),
    "a diagram": (get(DIAGRAM), 200),
    "health": (get("/healthz"), 200),
    "health, asked wrongly": (get("/healthz", method="PUT"), 405),
    "readiness": (get("/readyz"), 200),
    "metrics": (get("/metrics", JSON), 404),
    "a lab's endpoint": (get("/live/none/x"), 404),
    "a lab's endpoint, as a page": (get("/live/none/x", PAGE), 404),
    "a preflight of a lab": (
        get("/live/none/x", "Origin: https://a.example", "Access-Control-Request-Method: PUT", method="OPTIONS"),
        204,
    ),
    "a refused body": (get("/labs/", "Content-Length: 100000000", method="POST"), 413),
    "a refused address": (get("/" + "x" * 9000), 414),
    "a refused address, as a page": (get("/" + "x" * 9000, PAGE), 414),
    "a refused head": (get("/", *[f"X-{number}: 1" for number in range(120)]), 431),
    "a refused host": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
    "what is no HTTP": (b"no such thing\r\n\r\n", 400),
}

LOADED_BY_PAGES = {"a static file", "a range of a static file"}
"""A font, script or style: headers that say what a document may do would only add to the weight of each page."""


@pytest.mark.parametrize("kind", ASKED)
def test_every_answer_has_the_security_headers(front: Front, kind: str) -> None:
    request, expected = ASKED[kind]
    received = front.ask(request)
    assert status(received) == expected
    sent = [line.partition(": ") for line in received.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]]
    html = b"Accept: text/html" in request
    assert html == (b"\r\n\r\n<!doctype html>" in received)
    names = [name.lower() for name, _, _ in sent]
    headers = {name.lower(): value for name, _, value in sent}
    policy = headers.get("content-security-policy", "")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers.get("strict-transport-security") == "max-age=31536000"
    assert headers.get("x-content-type-options") == "nosniff"
    assert headers.get("referrer-policy") == "same-origin"
    assert len(names) == len(set(names)), "each once"
    if kind in LOADED_BY_PAGES:
        assert headers.keys().isdisjoint({"permissions-policy", "x-frame-options", "cross-origin-opener-policy"})
        return
    assert headers.get("permissions-policy", "").startswith("camera=()")
    assert headers.get("x-frame-options") == "DENY"
    # HTML makes a network error of a sandboxed document with an opener policy.
    assert headers.get("cross-origin-opener-policy") == (None if "sandbox" in policy else "same-origin")
