"""Answers that are the same for everybody: public, with a strong validator, good for a while."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, set_response_etag
from pydantic import BaseModel

JSON = "application/json"
HTML = "text/html; charset=utf-8"
FRESH_SECONDS = 300
STALE_SECONDS = 86_400
"""How long a cache may go on with the old answer while it asks for the new one (RFC 5861)."""
FRESH = f"public, max-age={FRESH_SECONDS}, stale-while-revalidate={STALE_SECONDS}"


def shared_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponseBase:
    """A template as a page. Nothing in it may depend on who asks: every visitor gets the same bytes."""
    return conditional(request, HttpResponse(render_to_string(template, context, request), content_type=HTML))


def document(request: HttpRequest, content: BaseModel) -> HttpResponseBase:
    """A model as JSON."""
    return shared(request, content.model_dump_json(indent=2) + "\n", JSON)


def shared(request: HttpRequest, body: str | bytes, content_type: str, *, download: str = "") -> HttpResponseBase:
    """A file. It is public, so any page of any site may fetch it."""
    response = HttpResponse(body, content_type=content_type)
    response["Access-Control-Allow-Origin"] = "*"
    if download:
        response["Content-Disposition"] = f'attachment; filename="{download}"'
    return conditional(request, response)


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """The answer with a strong ETag of its bytes, or 304 if the client has it (RFC 9110, 13.1.2).

    Any cache may keep it a while; with DEBUG it is asked for each time, so that an author sees an edit at once.
    """
    set_response_etag(response)
    response["Cache-Control"] = "no-cache" if settings.DEBUG else FRESH
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
