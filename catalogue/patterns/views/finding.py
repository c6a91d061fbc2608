"""Patterns by the slug of an address, and redirects from the addresses that they had under earlier slugs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern, UnknownPattern
from catalogue.patterns.views.sharing import FRESH
from catalogue.web.errors import Problem, read_only


def found_pattern(slug: str) -> Pattern:
    """The published pattern, whole. Raises Problem (404)."""
    try:
        return library().get(slug)
    except UnknownPattern:
        raise Problem(404, "No such pattern", f"The catalogue has no pattern called {slug[:80]}.") from None


def of_pattern(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view of one pattern's address: GET and HEAD only, and 301 from the same address under an earlier slug."""

    @wraps(view)
    def answered(request: HttpRequest, slug: str, **rest: Any) -> HttpResponseBase:
        present = library().renamed.get(slug)
        return view(request, slug, **rest) if present is None else _moved(request, present, rest)

    return read_only(answered)


def _moved(request: HttpRequest, slug: str, rest: dict[str, Any]) -> HttpResponseBase:
    assert request.resolver_match is not None
    address = reverse(request.resolver_match.view_name, kwargs={"slug": slug, **rest})
    query = request.META.get("QUERY_STRING", "")
    response = HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)
    response["Cache-Control"] = FRESH
    # A page of another site may read these files, and its browser asks for this at every hop.
    response["Access-Control-Allow-Origin"] = "*"
    return response
