"""A form for a pasted template, and what it becomes: a page, or JSON for programs. Runs and keeps nothing of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from catalogue.base.backends.counts import count
from catalogue.labs.lifecycle import ownership
from catalogue.labs.pasting.asking import TOO_LARGE, ask
from catalogue.labs.pasting.refusals import MOST_BYTES, Unacceptable
from catalogue.labs.views.requests import AtOnce, fields
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.web.client_address import client_key
from catalogue.web.errors import YAML_TYPES, Problem, wants_html

_HOUR = 3600
_RETRY = 5
_of_client = AtOnce(1, "A template is being drawn", "One template of yours is being drawn already.")
_places = threading.Lock()
_taken: list[str] = []
"""A key for each process that is reading a template now, for all clients of this web process."""


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: HttpRequest) -> HttpResponseBase:
    """GET: the form. POST: the template of a form's or a JSON object's `template`, or of a body in YAML."""
    if request.method != "POST":
        return _page(request)
    ownership.require_same_origin(request)
    text = _template(request)
    client = client_key(request, "labs.drawing")
    try:
        with _of_client.one_of(client), _place(client):
            _count(client)
            answer = ask(text.encode())
    except Unacceptable as error:
        if wants_html(request):
            return _page(request, text, status=422, refused=str(error))
        raise Problem(422, "This template cannot be drawn", str(error)) from None
    if not wants_html(request):
        return JsonResponse(answer.document.model_dump(mode="json"), headers={"Cache-Control": "no-store"})
    picture = mark_safe(answer.picture)  # noqa: S308  our own process has escaped what is the template's
    return _page(request, text, drawn=answer.document, picture=picture)


def _page(request: HttpRequest, text: str = "", *, status: int = 200, **context: object) -> HttpResponse:
    response = render(request, "patterns/draw.html", {"text": text, "most": MOST_BYTES, **context}, status=status)
    response["Cache-Control"] = "no-store" if request.method == "POST" else "no-cache"
    response["Vary"] = "Accept"
    return response


def _template(request: HttpRequest) -> str:
    """Raises Problem: 413 for one that is too large, 415 and 422 where none was sent."""
    if request.content_type in YAML_TYPES:
        given: object = request.body.decode("utf-8", "replace")
    else:
        sent = fields(request)
        given = json.dumps(sent) if "Resources" in sent else sent.get("template")
    if not isinstance(given, str) or not given.strip():
        raise Problem(
            422,
            "Which template?",
            "Send it as `template` of a form or a JSON object, or as a body of the type application/yaml.",
        )
    if len(given.encode("utf-8", "replace")) > MOST_BYTES:
        raise Problem(413, detail=TOO_LARGE)
    return given


def _count(client: str) -> None:
    """One template more of this client. Raises Problem (429)."""
    if count(f"drawing:{client}", _HOUR) > settings.LABS_DRAWINGS_PER_HOUR:
        limit_hit("drawings_per_hour")
        detail = f"One address can have {settings.LABS_DRAWINGS_PER_HOUR} templates drawn an hour."
        raise Problem(429, "Too many templates", detail, headers={"Retry-After": str(_HOUR)})


@contextmanager
def _place(client: str) -> Iterator[None]:
    """Hold one of this process's places. Raises Problem (503) if none is free."""
    with _places:
        if len(_taken) >= settings.LABS_DRAWINGS_AT_ONCE:
            limit_hit("drawings_at_once")
            detail = "Templates of other visitors are being drawn. Try again in a few seconds."
            raise Problem(503, "Busy", detail, headers={"Retry-After": str(_RETRY)})
        _taken.append(client)
    try:
        yield
    finally:
        with _places:
            _taken.remove(client)
