"""Asks Django for an address as any visitor would, and keeps the answer in every encoding it will be sent in."""

import gzip
import io
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import brotli
import django
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import got_request_exception
from django.http.response import HttpResponseBase
from django.template.base import Node, Template

from catalogue.pages.builds.addresses import Address

GZIP_LEVEL = 6
BROTLI_QUALITY = 5
"""A tenth larger than with 11, in a fiftieth of the time: a thousand patterns have thirty thousand pages."""
LARGE_BYTES = 100_000
BROTLI_QUALITY_OF_LARGE = 10
"""Of the large ones among the patterns' own pages, which have a budget: a tenth smaller (17.4 kB instead of 19.3), in
15 ms each. Recorded runs are as large and repeat themselves more: they would take 90 ms each."""
_LEFT_OUT = {"content-length", "etag", "date", "content-encoding"}
_DJANGO = Path(django.__file__).parent
_PACKED_ALREADY = ("image/png", "application/zip")


class NotRendered(Exception):
    """An address did not give an answer that may be shared. The message names the address and the reason."""


@dataclass(frozen=True)
class Page:
    """An answer of 200, good for every visitor."""

    key: str
    headers: tuple[tuple[str, str], ...]
    """As Django sent them, lower-case, but for those of one encoding."""
    etag: str
    """Of the bytes as they are, without its quotes."""
    identity: bytes | None
    """Only where packing makes nothing smaller."""
    gzip: bytes | None
    br: bytes | None


def render(address: Address) -> Page:
    """Raises NotRendered for anything but a 200 that is the same for everybody."""
    with _failures() as failures:
        try:
            response = _handler().get_response(request_for(address.path, address.query))
        except Exception as another:  # the page that tells of a failure has failed too
            failures.append(another)
    for error in failures:
        raise NotRendered(f"{address.url}: {_place(error)}: {error!r}") from error
    body: bytes | None = getattr(response, "content", None)
    why = "it is streamed" if body is None else _unfit(response)
    if why or body is None:
        raise NotRendered(f"{address.url} cannot be shared by all visitors: {why}.")
    headers = tuple((name.lower(), value) for name, value in response.items() if name.lower() not in _LEFT_OUT)
    etag = response.get("ETag", "").strip('"')
    if response["Content-Type"].startswith(_PACKED_ALREADY):
        return Page(address.key, headers, etag, body, None, None)
    mode = brotli.MODE_TEXT
    large = len(body) > LARGE_BYTES and address.path == f"/patterns/{address.pattern}/"
    quality = BROTLI_QUALITY_OF_LARGE if large else BROTLI_QUALITY
    packed = brotli.compress(body, mode=mode, quality=quality)
    return Page(address.key, headers, etag, None, gzip.compress(body, GZIP_LEVEL, mtime=0), packed)


@contextmanager
def _failures() -> Iterator[list[BaseException]]:
    """What went wrong in a view meanwhile: Django turns it into an answer of 500, and need not log what we tell."""
    found: list[BaseException] = []
    log = logging.getLogger("django.request")
    before = log.disabled

    def note(**_: object) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            found.append(error)

    got_request_exception.connect(note)
    log.disabled = True
    try:
        yield found
    finally:
        log.disabled = before
        got_request_exception.disconnect(note)


def _place(error: BaseException) -> str:
    """File and line of the mistake: the template's, if it was made or met in one, and the code's, if it is ours."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    code = f"{last.filename}:{last.lineno}"
    template = _template_line(error)
    if not template:
        return code
    return template if Path(last.filename).is_relative_to(_DJANGO) else f"{template} ({code})"


def _template_line(error: BaseException) -> str:
    """The innermost `template:line` that an exception has passed; empty if it came through none.

    Django's own notes (`template_debug`) are made with DEBUG only, but each node knows where it was written, and a
    mistake of syntax the token that it was found at.
    """
    place = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        at, function = frame.f_locals.get("self"), frame.f_code.co_name
        if function == "render_annotated" and isinstance(at, Node) and at.token:
            place = f"{at.origin.name}:{at.token.lineno}"
        elif function == "compile_nodelist" and isinstance(at, Template) and hasattr(error, "token"):
            place = f"{at.origin.name}:{error.token.lineno}"
    if not place and error.__cause__ is not None:  # a template that is missing is told of by a copy
        return _template_line(error.__cause__)
    return place


def _unfit(response: HttpResponseBase) -> str:
    """Why an answer may not be given to everybody; empty if it may."""
    if response.status_code != 200:
        return f"the answer is {response.status_code}"
    if response.cookies:
        return f"it sets the cookie {next(iter(response.cookies))}"
    varies = {name.strip().lower() for name in response.get("Vary", "").split(",")} - {"", "accept-encoding"}
    if varies:
        return f"it varies by {', '.join(sorted(varies))}"
    control = response.get("Cache-Control", "")
    if "public" not in control:
        return f"its Cache-Control is `{control}`, which is not public"
    if not response.get("ETag", "").startswith('"'):
        return "it has no strong ETag"
    return ""


def request_for(path: str, query: str = "") -> WSGIRequest:
    """A visitor's GET, without cookies and without preferences."""
    site = urlsplit(settings.SITE_URL)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": site.hostname or "",
        "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": site.netloc,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": site.scheme,
        "wsgi.input": io.BytesIO(),
    }
    return WSGIRequest(environ)


@cache
def _handler() -> BaseHandler:
    handler = BaseHandler()
    handler.load_middleware()
    return handler
