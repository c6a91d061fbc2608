"""The page of an opened template before its stack is there: the drawing, and how far the deployment is.

Kept in the memory of the process that opens it: `serverless-patterns open` is one.
"""

import hmac
import threading
from dataclasses import dataclass, field

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.views.boards.projects import drawn
from catalogue.patterns.content.library import library
from catalogue.web.errors import read_only, wants_html


@dataclass
class _Opening:
    says: str = "The embedded AWS is starting."
    page: str = ""
    """The lab's page, once there is one to be shown."""
    lock: threading.Lock = field(default_factory=threading.Lock)


_now = _Opening()


def opening_address() -> str:
    """The page's address, which cannot be guessed."""
    return str(settings.SITE_URL + reverse("labs:opening", args=[_key()]))


def say_how_far(text: str) -> None:
    """A sentence for readers of the page."""
    with _now.lock:
        _now.says = text


def lead_to(page: str) -> None:
    """The deployment is over: readers are sent on to the lab's page."""
    with _now.lock:
        _now.page = page


@read_only
def opening(request: HttpRequest, key: str) -> HttpResponse:
    """As a page, or as JSON: `{"says": …, "page": …}`. Leads to the lab's page once there is one."""
    if not settings.PROJECT_OWNER or not hmac.compare_digest(key, _key()):
        raise Http404
    with _now.lock:
        says, page = _now.says, _now.page
    response: HttpResponse
    if not wants_html(request):
        response = JsonResponse({"says": says, "page": page})
    elif page:
        response = HttpResponseRedirect(page)
    else:
        pattern = next(library().patterns())
        shown = drawn(pattern)
        context = {"pattern": pattern, "project": shown, "not_emulated": shown.verdict.not_emulated, "says": says}
        response = render(request, "labs/project/opening.html", context)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    response["Referrer-Policy"] = "same-origin"  # the address is a capability
    return response


def _key() -> str:
    return digest(f"page {settings.PROJECT_OWNER}")[:32]
