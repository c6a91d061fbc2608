"""Addresses of a lab's sliders: the list of them, and moving one."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from catalogue.labs.demos.levers import LeverBusy, LeverRefused
from catalogue.labs.demos.sliders import Moved, amove_slider, value_of
from catalogue.labs.lifecycle import ownership, services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.views.represent import lab_document
from catalogue.labs.views.requests import fields, find_lab, ready_lab
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.labs.watching.reader import running_reader
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.sliders import Slider
from catalogue.web.errors import Problem, wants_html

_AT_ONCE = 3
_COMMAND = "slider_command"
_SHOWN_SECONDS = 120
_MOST_COOKIE = 3_500
_moving: Counter[str] = Counter()


@csrf_exempt
@require_safe
def board(request: HttpRequest, lab_id: str) -> HttpResponse:
    """The lab's sliders and where they are: JSON, or the panel's HTML with `?part=board`."""
    lab = find_lab(lab_id)
    pattern = pattern_of(lab)
    response: HttpResponse
    if request.GET.get("part") == "board":
        owned = ownership.owns(request, lab)
        context = {"lab": lab_document(lab), "pattern": pattern, "owned": owned, "sliders": slider_cards(lab, pattern)}
        response = render(request, "labs/_sliders.html", context)
        response["Vary"] = "Cookie"
    else:
        response = JsonResponse({"sliders": [slider_document(**card) for card in slider_cards(lab, pattern)]})
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
@require_POST
async def move(request: HttpRequest, lab_id: str, slider_id: str) -> HttpResponseBase:
    """POST {"value": 5}: what was set or sent as JSON, or 303 to the lab's page with it."""
    return await answer_in_time(request, _move(request, lab_id, slider_id))


async def _move(request: HttpRequest, lab_id: str, slider_id: str) -> HttpResponse:
    lab, slider, value = await in_database(_admit, request, lab_id, slider_id)
    if _moving[lab_id] >= _AT_ONCE:
        raise Problem(
            429, "One slider after the other", "A slider of this lab is still moving.", headers={"Retry-After": "2"}
        )
    _moving[lab_id] += 1
    running_reader().hurry(lab_id)
    try:
        moved = await amove_slider(lab, slider, value)
    except LeverBusy as busy:
        raise Problem(409, "One after the other", str(busy), headers={"Retry-After": "1"}) from None
    except LeverRefused as refused:
        raise Problem(409, "The slider did not move", str(refused)) from None
    finally:
        _moving[lab_id] -= 1
        if not _moving[lab_id]:
            del _moving[lab_id]
    if wants_html(request):
        return _see_page(lab, moved)
    return JsonResponse(vars(moved), headers={"Cache-Control": "no-store"})


def _admit(request: HttpRequest, lab_id: str, slider_id: str) -> tuple[Lab, Slider, int]:
    lab = ready_lab(request, lab_id)
    slider = next((one for one in sliders_of(lab, pattern_of(lab)) if one.id == slider_id), None)
    if slider is None:
        raise Problem(404, "No such slider", f"This lab of {lab.pattern} has no slider {slider_id!r}.")
    given = str(fields(request).get("value", ""))
    if not (given.isascii() and given.isdigit() and len(given) < 10 and slider.takes(int(given))):
        steps = f" in steps of {slider.step}" if slider.step > 1 else ""
        detail = f"Send a whole number from {slider.least} to {slider.most}{steps} as `value`."
        raise Problem(422, "Out of range", detail)
    services.touch({lab.pk})
    return lab, slider, int(given)


def sliders_of(lab: Lab, pattern: Pattern | None) -> tuple[Slider, ...]:
    """None for a naive twin, whose stack is another."""
    if pattern is None or pattern.sliders is None or lab.variant != "pattern":
        return ()
    return pattern.sliders.sliders


def slider_cards(lab: Lab, pattern: Pattern | None) -> list[dict[str, Any]]:
    """What the list shows: `{"slider": Slider, "value": int}`."""
    if pattern is None:
        return []
    return [{"slider": one, "value": value_of(lab, pattern, one)} for one in sliders_of(lab, pattern)]


def shown_move(request: HttpRequest) -> dict[str, Any] | None:
    """What the lab's page shows after a slider was moved by form: `{"slider", "value", "says", "cli"}`."""
    try:
        moved = signing.loads(request.COOKIES.get(_COMMAND, ""), salt=_COMMAND, max_age=_SHOWN_SECONDS)
    except signing.BadSignature:
        return None
    return moved if isinstance(moved, dict) else None


def slider_document(slider: Slider, value: int) -> dict[str, Any]:
    """A slider and where it is, as programs see it."""
    return {
        "id": slider.id,
        "title": slider.title,
        "notice": slider.notice,
        "least": slider.least,
        "most": slider.most,
        "step": slider.step,
        "value": value,
        "sends": slider.send is not None,
    }


def _see_page(lab: Lab, moved: Moved) -> HttpResponse:
    page = reverse("labs:detail", args=[lab.pk])
    response = HttpResponseRedirect(f"{page}#slider-{moved.slider}")
    response.status_code = 303
    shown = signing.dumps(vars(moved), salt=_COMMAND, compress=True)
    if len(shown) < _MOST_COOKIE:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(
            _COMMAND, shown, max_age=_SHOWN_SECONDS, path=page, httponly=True, samesite="Lax", secure=secure
        )
    return response
