"""What is made for one visitor goes out compressed, if the client takes it; streams and small answers do not."""

import gzip
from collections.abc import Callable

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from catalogue.web.front.compression import LEAST, CompressionMiddleware

PAGE = "<p>The same words, again and again.</p>" * 200
PRIVATE = {"Cache-Control": "no-store"}


def answer(response: Callable[[], HttpResponseBase], accepts: str = "gzip, br") -> HttpResponseBase:
    def view(_: HttpRequest) -> HttpResponseBase:
        return response()

    return CompressionMiddleware(view)(RequestFactory().get("/", headers={"Accept-Encoding": accepts}))  # type: ignore[return-value]


def test_a_page_for_one_visitor_is_compressed_and_unpacks_to_itself() -> None:
    compressed = answer(lambda: HttpResponse(PAGE, headers=PRIVATE))
    assert isinstance(compressed, HttpResponse)
    assert compressed["Content-Encoding"] == "gzip"
    assert compressed["Vary"] == "Accept-Encoding"
    assert len(compressed.content) < len(PAGE) / 10
    assert gzip.decompress(compressed.content).decode() == PAGE


@pytest.mark.parametrize(
    "response",
    [
        lambda: HttpResponse("x" * (LEAST - 1), headers=PRIVATE),
        lambda: HttpResponse(PAGE, headers={"Cache-Control": "public, max-age=60"}),
        lambda: HttpResponse(PAGE, content_type="image/png", headers=PRIVATE),
        lambda: StreamingHttpResponse([PAGE.encode()], content_type="text/html", headers=PRIVATE),
    ],
    ids=["small", "for everyone", "a picture", "a stream"],
)
def test_everything_else_is_sent_as_it_is(response: Callable[[], HttpResponseBase]) -> None:
    assert "Content-Encoding" not in answer(response).headers


def test_a_client_that_takes_no_compression_gets_none() -> None:
    assert "Content-Encoding" not in answer(lambda: HttpResponse(PAGE, headers=PRIVATE), accepts="").headers
