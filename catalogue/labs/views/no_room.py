"""The answer to anyone who asks for one lab more than there is room for: which labs they have, and how to make room."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.models import Lab
from catalogue.labs.views.represent import lab_document
from catalogue.patterns.content.pattern import Pattern
from catalogue.web.errors import Problem, wants_html


def no_room(request: HttpRequest, limit: LimitReached, pattern: Pattern, title: str, again: str) -> HttpResponse:
    """429 as a page with the visitor's labs, a button at each that deletes it, and a button `again`.

    That button sends the form that was refused to the same address. Raises the same as Problem where no page was
    asked for: its `labs` are objects of `id`, `title` and `page`.
    """
    headers = {"Retry-After": str(limit.retry_after)}
    labs = [{"id": lab.pk, "title": _title(lab), "page": lab_document(lab)["page"]} for lab in limit.labs]
    if not wants_html(request):
        raise Problem(429, title, str(limit), headers=headers, labs=labs)
    context = {"pattern": pattern, "title": title, "reason": str(limit), "labs": labs, "again": again}
    response = render(request, "labs/no_room.html", context, status=429)
    for name, value in (headers | {"Cache-Control": "no-store"}).items():
        response[name] = value
    return response


def _title(lab: Lab) -> str:
    known = pattern_of(lab)
    title = known.title if known else lab.pattern
    return f"{title}, its naive twin" if lab.variant == "naive" else title
