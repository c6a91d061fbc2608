"""The labs that a visitor has running, as a page and as JSON: found again from any page, tab or reload.

Every other page is the same for all visitors. This one is private, so it is never cached, and the chip in the header
is filled from it by a script (static/js/my-labs.js).
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from catalogue.labs.lifecycle import ownership
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.limits import LIVE, digest, ends_at
from catalogue.labs.models import Comparison, Lab
from catalogue.labs.views.labs import create
from catalogue.labs.views.represent import lab_document
from catalogue.web.errors import wants_html

MOST = 100


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def labs(request: HttpRequest) -> HttpResponse:
    """GET lists the visitor's labs, POST makes one (`views.labs.create`)."""
    if request.method == "POST":
        return create(request)
    mine = labs_of(request)
    if wants_html(request):
        response = render(request, "labs/mine.html", {"labs": [_shown(lab) for lab in mine]})
    else:
        response = JsonResponse({"labs": mine})
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept, Cookie"
    return response


def labs_of(request: HttpRequest) -> list[dict[str, Any]]:
    """The live labs of the visitor with this cookie, the one that ends next first; none without a cookie.

    Each is the lab's document with `title`, `seconds_left` until `ends_at`, and `comparison` (an address) where it is
    one side of a comparison.
    """
    key = ownership.owner_key(request)
    if key is None:
        return []
    now = timezone.now()
    live = list(Lab.objects.filter(owner=digest(key), status__in=LIVE, expires_at__gt=now)[:MOST])
    compared = _comparisons(live)
    return [_entry(lab, now, compared.get(lab.pk)) for lab in sorted(live, key=ends_at)]


def _comparisons(labs: list[Lab]) -> dict[str, str]:
    """The page of the comparison that each of these labs is part of, by the lab's id."""
    ids = [lab.pk for lab in labs]
    rows = Comparison.objects.filter(Q(pattern_lab__in=ids) | Q(naive_lab__in=ids))
    found: dict[str, str] = {}
    for pk, *both in rows.values_list("pk", "pattern_lab_id", "naive_lab_id"):
        found |= dict.fromkeys(both, reverse("labs:comparisons:detail", args=[pk]))
    return found


def _entry(lab: Lab, now: datetime, comparison: str | None) -> dict[str, Any]:
    pattern = pattern_of(lab)
    title = pattern.title if pattern else lab.pattern
    entry = lab_document(lab) | {
        "title": f"{title}, its naive twin" if lab.variant == "naive" else title,
        "seconds_left": max(0, int((ends_at(lab) - now).total_seconds())),
    }
    return entry | ({"comparison": settings.SITE_URL + comparison} if comparison else {})


def _shown(lab: dict[str, Any]) -> dict[str, Any]:
    """What the page shows besides: `ends` as a time of day, `left` as minutes and seconds."""
    minutes, seconds = divmod(lab["seconds_left"], 60)
    return lab | {"ends": datetime.fromisoformat(lab["ends_at"]), "left": f"{minutes}:{seconds:02}"}
