"""How the boards of levers, sliders and challenges answer: the list, the way back to the lab's page, signed cookies."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from catalogue.labs.lifecycle import ownership
from catalogue.labs.models import Lab
from catalogue.labs.views.represent import lab_document
from catalogue.patterns.content.pattern import Pattern

MOST_COOKIE = 3_500
"""Bytes of a signed value: a browser keeps 4,096 of a cookie with its name and attributes (RFC 6265, section 6.1)."""
SHOWN_SECONDS = 120
"""How long the lab's page shows a command after a form has sent it there."""


def list_of(
    request: HttpRequest,
    lab: Lab,
    pattern: Pattern | None,
    name: str,
    *,
    cards: Callable[[], list[dict[str, Any]]],
    documents: Callable[[], list[dict[str, Any]]],
) -> HttpResponse:
    """What a lab has of levers, sliders or challenges: JSON, or the panel's HTML with `?part=board`.

    `name` is what they are called in both; `cards` is what the panel shows of them, `documents` what programs see.
    """
    response: HttpResponse
    if request.GET.get("part") == "board":
        context = {"lab": lab_document(lab), "pattern": pattern, "owned": ownership.owns(request, lab), name: cards()}
        response = render(request, f"labs/_{name}.html", context)
        response["Vary"] = "Cookie"
    else:
        response = JsonResponse({name: documents()})
    response["Cache-Control"] = "no-store"
    return response


def see_lab(lab: Lab, anchor: str = "", shown: dict[str, str] | None = None) -> HttpResponse:
    """303 to the lab's page, at the element `anchor`, with the query `shown`."""
    query = f"?{urlencode(shown)}" if shown else ""
    response = HttpResponseRedirect(reverse("labs:detail", args=[lab.pk]) + query + (anchor and f"#{anchor}"))
    response.status_code = 303
    return response


def signed(request: HttpRequest, name: str, max_age: int) -> Any:
    """What this site has put into the cookie within `max_age` seconds; None otherwise."""
    try:
        return signing.loads(request.COOKIES.get(name, ""), salt=name, max_age=max_age)
    except signing.BadSignature:
        return None


def fits(name: str, value: Any) -> str | None:
    """The value as `set_signed` takes it; None if it is too long for a cookie."""
    text = signing.dumps(value, salt=name, compress=True)
    return text if len(text) <= MOST_COOKIE else None


def set_signed(response: HttpResponse, name: str, text: str, *, path: str, max_age: int) -> None:
    response.set_cookie(
        name,
        text,
        max_age=max_age,
        path=path,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
