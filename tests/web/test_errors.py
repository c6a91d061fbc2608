"""Refusals: their status, their format and what they say, with DEBUG on and off."""

import asyncio
import json
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from hypothesis import given
from hypothesis import strategies as st

from catalogue import urls as site
from catalogue.web import errors
from catalogue.web.errors import ErrorsMiddleware, Problem, Suggestion, wants_html

JSON = {"accept": "application/json"}
HTML = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


@csrf_exempt
def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("passed")


def crowded(request: HttpRequest) -> HttpResponse:
    raise Problem(429, "Too many labs", "Try again in a while.", headers={"Retry-After": "30"}, limit=3)


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404("There is no pattern called x.")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def broken(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a secret detail")


async def asynchronous(request: HttpRequest) -> HttpResponse:
    raise Problem(409, "Gone already")


urlpatterns = [
    path("page/", page),
    path("echo", echo),
    path("guarded", guarded),
    path("crowded", crowded),
    path("missing", missing),
    path("forbidden", forbidden),
    path("broken", broken),
    path("async", asynchronous),
    *site.urlpatterns,
]
handler400 = handler403 = site.handler400
handler404 = site.handler404
handler500 = site.handler500

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(params=[True, False], ids=["DEBUG", "production"], autouse=True)
def debug(request: pytest.FixtureRequest, settings: Any) -> bool:
    settings.DEBUG = request.param
    return bool(request.param)


def problem(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(response.content)
    assert document["status"] == response.status_code
    assert document["type"] == "about:blank"
    return document


def test_a_problem_keeps_its_status_words_headers_and_members(client: Client) -> None:
    response = client.get("/crowded", headers=JSON)

    assert problem(response) == {
        "type": "about:blank",
        "title": "Too many labs",
        "status": 429,
        "detail": "Try again in a while.",
        "limit": 3,
    }
    assert response["Retry-After"] == "30"
    assert response["Cache-Control"] == "no-store"
    assert "Accept" in response["Vary"]


def test_a_browser_gets_the_same_problem_as_a_page(client: Client) -> None:
    response = client.get("/crowded", headers=HTML)

    assert response.status_code == 429
    assert response["Content-Type"].startswith("text/html")
    assert "Too many labs" in response.content.decode()
    assert response["Retry-After"] == "30"


def test_an_unknown_address_is_a_404_in_the_format_asked_for(client: Client) -> None:
    assert "/nowhere" in problem(client.get("/nowhere", headers=JSON))["detail"]

    response = client.get("/nowhere", headers=HTML)
    assert response.status_code == 404
    assert "Traceback" not in response.content.decode()
    assert "urlpatterns" not in response.content.decode()


def test_an_unknown_address_is_escaped_on_the_page(client: Client) -> None:
    response = client.get("/<script>alert(1)</script>", headers=HTML)

    assert b"<script>alert" not in response.content


def test_a_404_passes_on_what_the_view_said(client: Client) -> None:
    assert problem(client.get("/missing", headers=JSON))["detail"] == "There is no pattern called x."


def test_a_404_carries_the_suggestions_of_the_parts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_suggesters", [])
    errors.suggest_with(lambda path: [Suggestion("Gateway Cache", "/patterns/gateway-cache/")])

    page = client.get("/patterns/gateway-cash/", headers=HTML)
    document = problem(client.get("/patterns/gateway-cash/", headers=JSON))

    assert '<a href="/patterns/gateway-cache/">Gateway Cache</a>' in page.content.decode()
    assert document["suggestions"] == [{"title": "Gateway Cache", "url": "/patterns/gateway-cache/"}]


def test_a_forgotten_slash_is_added_and_the_query_kept(client: Client) -> None:
    response = client.get("/page?a=1")

    assert (response.status_code, response["Location"]) == (301, "/page/?a=1")


def test_a_path_of_two_slashes_never_redirects_to_another_host(client: Client) -> None:
    response = client.get("/", headers=HTML, PATH_INFO="//page")

    assert response.status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_an_unsupported_method_is_a_405_that_names_the_possible_ones(client: Client, method: str) -> None:
    response = client.generic(method, "/page/", headers=JSON)

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert "GET, HEAD" in problem(response)["detail"]
    assert client.generic(method, "/page/", headers=HTML)["Content-Type"].startswith("text/html")


def test_a_body_over_the_limit_is_a_413(client: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        response = client.post("/echo", data="x" * 11, content_type=content_type, headers=JSON)
        assert problem(response)["status"] == 413

    assert client.post("/echo", data="x" * 10, content_type="text/plain").content == b"x" * 10


def test_a_body_over_the_limit_is_a_413_where_the_csrf_check_would_read_it(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    strict = Client(enforce_csrf_checks=True)

    response = strict.post(
        "/guarded", data="a=" + "x" * 20, content_type="application/x-www-form-urlencoded", headers=HTML
    )

    assert response.status_code == 413


def test_a_malformed_multipart_body_is_a_400(client: Client) -> None:
    response = client.post("/echo", data=b"no parts", content_type="multipart/form-data", headers=JSON)

    assert problem(response)["status"] == 400


@pytest.mark.parametrize("address", ["/", "/patterns.json", "/healthz", "/about/"])
def test_a_method_that_is_not_possible_is_a_405_before_it_is_a_forgery(address: str) -> None:
    assert Client(enforce_csrf_checks=True).delete(address, headers=JSON).status_code == 405


def test_an_unknown_address_is_a_404_before_it_is_a_forgery() -> None:
    assert Client(enforce_csrf_checks=True).post("/nowhere", headers=JSON).status_code == 404


def test_a_failed_csrf_check_is_a_403_that_says_what_to_do(settings: Any) -> None:
    settings.CSRF_FAILURE_VIEW = "catalogue.web.errors.csrf_failure"
    strict = Client(enforce_csrf_checks=True)

    assert "reload" in problem(strict.post("/guarded", headers=JSON))["detail"]
    assert strict.post("/guarded", headers=HTML).status_code == 403


def test_a_forbidden_action_is_a_403(client: Client) -> None:
    assert problem(client.get("/forbidden", headers=JSON))["status"] == 403


def test_an_unknown_host_is_a_400(client: Client) -> None:
    response = client.get("/page/", headers={**JSON, "host": "elsewhere.example"})

    assert problem(response)["status"] == 400


def test_a_null_byte_in_the_path_is_a_400(client: Client) -> None:
    assert problem(client.get("/page%00/", headers=JSON))["status"] == 400


@pytest.mark.parametrize("raw", ["/%zz", "/%f", "/%ff", "/%E2%82", "/a%00b"])
def test_bad_percent_encoding_is_a_400(raw: str) -> None:
    # Only a server hands over the path as it came, so the request is made from a server's scope.
    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(raw, errors="replace"),
        "raw_path": raw.encode(),
        "headers": [(b"host", b"localhost"), (b"accept", b"application/json")],
    }
    request = ASGIRequest(scope, BytesIO())

    response = asyncio.run(_answered(ErrorsMiddleware(_never)(request)))

    assert problem(response)["status"] == 400


async def _answered(response: Any) -> Any:
    return await response


async def _never(request: HttpRequest) -> HttpResponse:
    raise AssertionError("a malformed path was let through")


@pytest.mark.parametrize("raw", ["/%C3%A9t%C3%A9", "/a%2Fb", "/a%25zz", "/%F0%9F%90%8C"])
def test_good_percent_encoding_is_let_through(raw: str) -> None:
    scope = {"type": "http", "method": "GET", "path": unquote(raw), "raw_path": raw.encode(), "headers": []}

    assert not errors.malformed_path(ASGIRequest(scope, BytesIO()))


def test_refusals_work_in_asynchronous_views_too() -> None:
    response = asyncio.run(_async_get("/async"))

    assert problem(response)["title"] == "Gone already"


async def _async_get(address: str) -> Any:
    return await AsyncClient().get(address, headers=JSON)


def test_an_unexpected_exception_tells_nothing_in_production(debug: bool) -> None:
    client = Client(raise_request_exception=False)

    page = client.get("/broken", headers=HTML)

    assert page.status_code == 500
    assert ("a secret detail" in page.content.decode()) is debug
    if not debug:
        assert problem(client.get("/broken", headers=JSON))["title"] == "Internal Server Error"


def test_the_500_page_survives_a_template_that_does_not_render(settings: Any) -> None:
    settings.DEBUG = False
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]

    response = Client(raise_request_exception=False).get("/broken", headers=HTML)

    assert response.status_code == 500
    assert b"Something went wrong" in response.content


@pytest.mark.parametrize(
    ("address", "headers", "html"),
    [
        ("/patterns/x/", {"accept": "text/html"}, True),
        ("/patterns/x/", HTML, True),
        ("/labs/", HTML, True),
        ("/patterns/x/", JSON, False),
        ("/patterns/x/", {"accept": "application/problem+json"}, False),
        ("/patterns/x/", {"accept": "application/json, text/html;q=0.5"}, False),
        ("/patterns/x/", {"accept": "text/html, application/json"}, True),
        ("/patterns/x/", {"accept": "text/html;q=0, */*"}, True),
        ("/patterns/x/", {"accept": "*/*"}, True),
        ("/patterns/x/", {}, True),
        ("/patterns.json", {"accept": "*/*"}, False),
        ("/labs/", {"accept": "*/*"}, False),
        ("/labs", {}, False),
        ("/labsomething", {}, True),
        ("/newsletter/subscribe", {"accept": "*/*", "content-type": "application/json"}, False),
    ],
)
def test_the_format_follows_accept_then_content_then_address(address: str, headers: dict[str, str], html: bool) -> None:
    request = RequestFactory().generic(
        "POST", address, "{}", content_type=headers.get("content-type", "text/plain"), headers=headers
    )

    assert wants_html(request) is html


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60))
def test_no_accept_header_is_an_error(accept: str) -> None:
    assert wants_html(RequestFactory().get("/", headers={"accept": accept})) in (True, False)


@pytest.mark.parametrize("debug", [True, False])
async def test_a_static_file_that_does_not_exist_is_a_404_in_the_asked_format(settings: Any, debug: bool) -> None:
    settings.DEBUG = debug
    client = AsyncClient(raise_request_exception=False)
    page = await client.get("/static/nothing.css", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    document = await client.get("/static/nothing.css", headers={"accept": "application/json"})
    assert (document.status_code, document.headers["Content-Type"]) == (404, "application/problem+json")
