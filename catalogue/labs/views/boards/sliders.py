"""Addresses of a lab's sliders: the list of them, and moving one."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from catalogue.labs.demos.levers import LeverBusy, LeverRefused
from catalogue.labs.demos.sliders import Moved, amove_slider, value_of
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.views.boards.answers import SHOWN_SECONDS, fits, list_of, see_lab, set_signed, signed
from catalogue.labs.views.requests import AtOnce, fields, find_lab, find_named, ready_lab
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.labs.watching.reader import running_reader
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.sliders import Slider
from catalogue.web.errors import Problem, wants_html

_COMMAND = "slider_command"
_moves = AtOnce(3, "One slider after the other", "A slider of this lab is still moving.")


@csrf_exempt
@require_safe
def board(request: HttpRequest, lab_id: str) -> HttpResponse:
    """The lab's sliders and where they are: JSON, or the panel's HTML with `?part=board`."""
    lab = find_lab(lab_id)
    pattern = pattern_of(lab)
    return list_of(
        request,
        lab,
        pattern,
        "sliders",
        cards=lambda: slider_cards(lab, pattern),
        documents=lambda: [slider_document(**card) for card in slider_cards(lab, pattern)],
    )


@csrf_exempt
@require_POST
async def move(request: HttpRequest, lab_id: str, slider_id: str) -> HttpResponseBase:
    """POST {"value": 5}: what was set or sent as JSON, or 303 to the lab's page with it."""
    return await answer_in_time(request, _move(request, lab_id, slider_id))


async def _move(request: HttpRequest, lab_id: str, slider_id: str) -> HttpResponse:
    lab, slider, value = await in_database(_admit, request, lab_id, slider_id)
    with _moves.one_of(lab_id):
        running_reader().hurry(lab_id)
        try:
            moved = await amove_slider(lab, slider, value)
        except LeverBusy as busy:
            raise Problem(409, "One after the other", str(busy), headers={"Retry-After": "1"}) from None
        except LeverRefused as refused:
            raise Problem(409, "The slider did not move", str(refused)) from None
    if wants_html(request):
        return _see_page(lab, moved)
    return JsonResponse(vars(moved), headers={"Cache-Control": "no-store"})


def _admit(request: HttpRequest, lab_id: str, slider_id: str) -> tuple[Lab, Slider, int]:
    lab = ready_lab(request, lab_id)
    slider = find_named(sliders_of(lab, pattern_of(lab)), slider_id, "slider", lab)
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
    moved = signed(request, _COMMAND, SHOWN_SECONDS)
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
    response = see_lab(lab, f"slider-{moved.slider}")
    shown = fits(_COMMAND, vars(moved))
    if shown is not None:
        page = reverse("labs:detail", args=[lab.pk])
        set_signed(response, _COMMAND, shown, path=page, max_age=SHOWN_SECONDS)
    return response
