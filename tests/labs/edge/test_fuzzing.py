"""5,000 requests to the edge and to each address of the labs: nothing breaks, nothing leaks, nothing is stored half.

The whole ASGI application runs in this process, on real labs. The same requests come each time, so that a red run can
be repeated; `FUZZ=random` asks Hypothesis for others.
"""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, unquote

import pytest
from asgiref.typing import HTTPScope
from django.conf import settings as site_settings
from django.urls import URLPattern, URLResolver
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from catalogue.asgi import application
from catalogue.labs.demos.runs import urls as run_urls
from catalogue.labs.edge.application import close_edge, running_edge
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.limits import LIVE
from catalogue.labs.models import Comparison, Lab, Run, SharedRun, Status
from catalogue.labs.views import urls as lab_urls
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.runs.document import Run as RunDocument
from tests.labs.conftest import CONTENT
from tests.labs.lifecycle.test_services import stacks

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

AT_ONCE = 20
"""Requests in one of Hypothesis's examples."""
TO_THE_EDGE = 150
TO_THE_API = 100
assert (TO_THE_EDGE + TO_THE_API) * AT_ONCE == 5_000

NEVER = ("Traceback (most recent call last)", "site-packages", "sqlite3", "django.db", "OperationalError")


@dataclass(frozen=True)
class Request:
    """One request. `{mine}` and `{known}` in its target stand for a lab's id."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass
class Response:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class World:
    """Three labs: the visitor's own, one whose id the visitor knows, and one that nobody knows of."""

    def __init__(self) -> None:
        postbox = load_pattern(CONTENT / "postbox")
        self.stacks_before = set(stacks())  # what another test has left on the same emulator is not looked at
        made = [services.create_lab(postbox, owner, client="fuzz") for owner in ("me", "known", "unknown")]
        self.mine, self.known, self.unknown = (one.lab for one in made)
        assert {one.lab.status for one in made} == {Status.READY}
        self.token = made[0].token
        self.ids = {"mine": self.mine.pk, "known": self.known.pk}
        stranger = self.unknown
        self.secrets = (
            *(made[1].token, made[2].token, site_settings.SECRET_KEY, str(site_settings.BASE_DIR)),
            *(str(site_settings.DATABASES["default"]["NAME"]), stranger.pk, stranger.stack, stranger.owner),
            *(stranger.upstream.split("/")[-2], self.mine.owner, self.mine.token_hash),
        )
        self.runner = asyncio.Runner()
        self.seen = 0

    def send(self, requests: list[Request]) -> list[tuple[Request, Response]]:
        """All of them side by side, as strangers' requests come."""

        async def scenario() -> list[Response]:
            running_edge()
            return await asyncio.gather(*(self._one(request) for request in requests))

        self.seen += len(requests)
        return list(zip(requests, self.runner.run(scenario()), strict=True))

    async def _one(self, request: Request) -> Response:
        raw = re.sub(r"\{(mine|known)\}", lambda found: self.ids[found[1]], request.target)
        path, _, query = raw.partition("?")
        headers = [(name.lower().encode(), value.encode("utf-8")) for name, value in request.headers]
        if request.body:
            headers.append((b"content-length", str(len(request.body)).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": request.method,
            "path": unquote(path),
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": query.encode("utf-8", "surrogatepass"),
            "root_path": "",
            "headers": [(b"host", b"testserver"), *headers],
            "client": ("192.0.2.1", 4711),
            "server": ("testserver", 80),
        }
        response = Response()
        waiting = [{"type": "http.request", "body": request.body, "more_body": False}]
        over = asyncio.Event()

        async def receive() -> Any:
            if waiting:
                return waiting.pop()
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                response.headers = {
                    name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]
                }
            else:
                response.body += message.get("body", b"")
                if not message.get("more_body") or response.headers.get("content-type") == "text/event-stream":
                    over.set()  # whoever watches has seen enough

        async with asyncio.timeout(60):
            await application(cast("HTTPScope", scope), receive, send)
        return response

    def close(self) -> None:
        self.runner.run(close_edge())
        self.runner.close()
        for lab in Lab.objects.filter(status__in=LIVE):
            services.delete_lab(lab)


@pytest.fixture
def world(emulator: Any, content: Any, settings: Settings) -> Iterator[World]:
    settings.LABS_REQUESTS_PER_SECOND = settings.LABS_BURST = 1_000_000
    made = World()
    yield made
    made.close()


def check_nothing_leaks(world: World, request: Request, response: Response) -> None:
    told = response.body.decode("utf-8", "replace") + json.dumps(response.headers)
    for secret in (*NEVER, *world.secrets):
        assert secret not in told, (secret, request, response)


def check_nothing_is_half(world: World) -> None:
    """What is stored is whole: labs with their stacks, runs that can be read, comparisons with both labs."""
    for lab in Lab.objects.filter(status=Status.DEPLOYING):
        services.wait_until_deployed(lab, 60)
    live = {lab.stack for lab in Lab.objects.filter(status=Status.READY)}
    assert live == {name for name in stacks() if name.startswith(site_settings.LABS_STACK_PREFIX)} - world.stacks_before
    assert not Lab.objects.filter(status=Status.DEPLOYING).exists()
    assert not Lab.objects.filter(status__in=(Status.GONE, Status.FAILED), cleaned=False).exists()
    for kept in [*Run.objects.values_list("document"), *SharedRun.objects.values_list("document")]:
        RunDocument.model_validate(kept[0])
    assert not Comparison.objects.filter(state=Comparison.State.RUNNING).exists()
    assert Lab.objects.get(pk=world.known.pk).status == Lab.objects.get(pk=world.unknown.pk).status == Status.READY


@contextmanager
def looked_after(world: World) -> Iterator[None]:
    yield
    check_nothing_is_half(world)


def fuzzed(examples: int) -> hypothesis_settings:
    return hypothesis_settings(
        max_examples=examples,
        deadline=None,
        derandomize=os.environ.get("FUZZ") != "random",
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "É")
# fmt: off
ODD = [
    "", "/", "//", "/..", "/../..", "/..;/", "/%2e%2e/", "/%00", "/%zz", "/%",
    "/\\", "/@", "/#", "/é", "/%ff%fe", "/ ", "/_ministack/reset", "/_aws/execute-api/x/live/", "/http://evil.example/",
    "/{}", "/'--", "/${7*7}", "/<script>",
]
# fmt: on
TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=24)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
SAVED = (
    st.sampled_from(["~", "~.*", "~(a*)*$", "~(", "\ud800", "\0", "a\r\nb: c", "../x", "?#", "x" * 4_001, 1e999]) | JSON
)
VALUES = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
SAID = st.sampled_from(
    [
        *(("accept", "text/html"), ("accept", "application/json"), ("accept", "*/*;q=oops"), ("accept", "")),
        *(("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")),
        *(("x-forwarded-for", "127.0.0.1"), ("x-forwarded-host", "evil.example"), ("x-amzn-trace-id", "Root=1-0-0;;")),
        *(("last-event-id", "9-9-9"), ("last-event-id", "-1-x"), ("range", "bytes=0-1"), ("expect", "100-continue")),
        *(("cookie", "labs_owner=forged:1:x"), ("cookie", "=;;,"), ("connection", "close, x-own"), ("te", "trailers")),
        *(
            ("authorization", "AWS4-HMAC-SHA256 Credential=x"),
            ("authorization", "Bearer forged"),
            ("authorization", "x"),
        ),
        *(
            ("transfer-encoding", "chunked"),
            ("content-encoding", "gzip"),
            ("if-none-match", '"x"'),
            ("x-amz-target", "x"),
        ),
    ]
)
HEADERS = st.lists(SAID | st.tuples(st.sampled_from(["x-own", "accept", "referer", "user-agent"]), VALUES), max_size=2)
_ODD_IDS = ["A" * 22, "x" * 16, "é" * 20, "..", "%7Bmine%7D", "", "a" * 400]
LABELS = st.integers(0, 9).flatmap(
    lambda n: st.just("{mine}") if n < 6 else st.just("{known}") if n < 8 else st.sampled_from(_ODD_IDS)
)
LIKELY = st.sampled_from(["GET", "GET", "GET", "POST", "POST", "POST", "POST", "PUT", "DELETE", *METHODS])


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, str]:
    """A body with the content type that it comes under, right or wrong."""
    if draw(st.booleans()):
        return json.dumps(draw(st.fixed_dictionaries({}, optional=KNOWN))).encode(), "application/json"
    kind = draw(
        st.sampled_from(["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""])
    )
    body = draw(
        st.one_of(
            st.binary(max_size=60),
            JSON.map(lambda value: json.dumps(value).encode()),
            st.just(b"[" * 5_000),
            st.just(b"a=1&" * 2_000),
        )
    )
    return body, kind


KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "pattern": st.sampled_from(["postbox", "postbox", "broken", "../postbox", "", 7, None]),
    "do": st.sampled_from(["environment", "pull", "release", "try", "no-such-action", [], {}]),
    "saved": JSON | st.fixed_dictionaries({}, optional={"kind": SAVED, "calls": SAVED, "é": SAVED, "x-y": JSON}),
    "trace": st.sampled_from(["1-00000000-" + "0" * 24, "x", 1, None]),
}


@st.composite
def edge_requests(draw: st.DrawFn) -> Request:
    tail = draw(
        st.sampled_from(ODD)
        | TEXT.map(lambda text: "/" + text)
        | TEXT.map(lambda text: "/" + quote(text))
        | st.sampled_from(["", "/", "/look", "/letters", "/page", "/fail", "/checked"])
    )
    query = draw(
        st.sampled_from(["", "", "?a=1&a=2", "?" + "x" * 200, "?%zz", "?é", "?a b", "?#"]) | TEXT.map("?".__add__)
    )
    body, kind = draw(bodies())
    headers = [*draw(HEADERS), *([("content-type", kind)] if kind else [])]
    return Request(draw(LIKELY), f"/live/{draw(LABELS)}{tail}{query}", tuple(headers), body)


def addresses() -> list[str]:
    """The route of each address below /labs/ and /runs/, as the site has them: nobody needs to add one here."""

    def below(prefix: str, patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for one in patterns:
            route = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from below(route, one.url_patterns)
            else:
                yield route

    return [*below("/labs/", lab_urls.urlpatterns), *below("/runs/", list(run_urls.urlpatterns))]


@st.composite
def api_requests(draw: st.DrawFn, routes: list[str], token: str) -> Request:
    route = draw(st.sampled_from(routes))
    method = draw(LIKELY)
    headers = list(draw(HEADERS))
    deletes = method == "DELETE" or "delete" in route
    if not deletes and draw(st.booleans()):
        headers.append(("authorization", f"Bearer {token}"))
    names = st.sampled_from(["look", "again", "again", "disable", "no-such", "x" * 300, "é", "-"])
    while found := re.search(r"<(\w+):(\w+)>", route):
        filled = draw(LABELS if found[1] == "lab_id" else names) if draw(st.integers(0, 9)) else draw(TEXT)
        route = route[: found.start()] + filled.replace("<", "") + route[found.end() :]
    query = draw(
        st.sampled_from(["", "", "?part=views", "?part=meter", "?per_month=-1", "?free_tier=x", "?per_month=1e99"])
    )
    body, kind = draw(bodies())
    headers += [("content-type", kind)] if kind else []
    return Request(method, route + query, tuple(headers), body)


def test_no_request_to_the_edge_breaks_it_or_learns_what_it_should_not(world: World) -> None:
    @fuzzed(TO_THE_EDGE)
    @given(st.lists(edge_requests(), min_size=AT_ONCE, max_size=AT_ONCE))
    def requests_come(requests: list[Request]) -> None:
        for request, response in world.send(requests):
            check_nothing_leaks(world, request, response)
            if response.status >= 500:  # the lab's own: its function raised, and API Gateway says so
                assert response.status == 502, (request, response)
                if request.method != "HEAD":
                    assert json.loads(response.body) == {"message": "Internal server error"}
            assert response.status >= 200
            if "/live/" in request.target and response.status != 204:
                assert response.headers["x-content-type-options"] == "nosniff", (request, response)
                assert "set-cookie" not in response.headers

    with looked_after(world):
        requests_come()
    assert world.seen >= TO_THE_EDGE * AT_ONCE


def test_no_request_to_the_labs_addresses_breaks_them_or_leaves_anything_half(world: World) -> None:
    routes = addresses()
    assert len(routes) >= 15

    @fuzzed(TO_THE_API)
    @given(st.lists(api_requests(routes, world.token), min_size=AT_ONCE, max_size=AT_ONCE))
    def requests_come(requests: list[Request]) -> None:
        for request, response in world.send(requests):
            check_nothing_leaks(world, request, response)
            assert 200 <= response.status < 500, (request, response)
            kind = response.headers.get("content-type", "")
            if response.status >= 400 and request.method != "HEAD":
                assert kind.startswith(("application/problem+json", "text/html")), (request, response)

    with looked_after(world):
        requests_come()
    assert world.seen >= TO_THE_API * AT_ONCE
