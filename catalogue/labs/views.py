"""The labs' pages and JSON: make one, look at it, watch it, take a step, delete it."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.errors import Problem, wants_html
from catalogue.labs import ownership, services
from catalogue.labs.database import in_database
from catalogue.labs.edge import edge_in_use
from catalogue.labs.limits import LimitReached
from catalogue.labs.models import Lab, Status
from catalogue.labs.represent import lab_document, status_text
from catalogue.labs.runner import StepResult, arun_step
from catalogue.labs.stream import event_stream
from catalogue.labs.targets import TargetDown
from catalogue.patterns.content import Pattern, UnknownPattern, library
from catalogue.patterns.schema import Step

# Forged requests are refused by their origin (see `ownership`): these addresses serve curl as well as forms.

_STEPS_AT_ONCE = 3
_MOST_SAVED = 50
_under_way: Counter[str] = Counter()


@csrf_exempt
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """POST {"pattern": slug}, as JSON or a form: 201 with the lab and its token, or 303 to its page."""
    ownership.require_same_origin(request)
    pattern = _runnable(_fields(request).get("pattern"))
    owner = ownership.owner_key(request) or ownership.new_owner_key()
    try:
        created = services.create_lab(pattern, owner)
    except LimitReached as limit:
        running = [{"id": lab.pk, "page": lab_document(lab)["page"]} for lab in limit.labs]
        headers = {"Retry-After": str(limit.retry_after)}
        raise Problem(429, "No further lab now", str(limit), headers=headers, labs=running) from None
    except TargetDown as error:
        raise _target_down(error) from None
    page = reverse("labs:detail", args=[created.lab.pk])
    response: HttpResponse
    if wants_html(request):
        response = HttpResponseRedirect(page)
        response.status_code = 303
    else:
        document = lab_document(created.lab) | {"token": created.token}
        response = JsonResponse(document, status=201, headers={"Location": page})
    response["Cache-Control"] = "no-store"
    ownership.remember_owner(response, owner)
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "DELETE"])
def detail(request: HttpRequest, lab_id: str) -> HttpResponse:
    """The lab's state as JSON or as its page; DELETE ends it."""
    lab = _lab(lab_id)
    if request.method == "DELETE":
        ownership.require_owner(request, lab)
        services.delete_lab(lab)
        return HttpResponse(status=204)
    lab = services.refresh_lab(lab)
    if wants_html(request):
        return _page(request, lab)
    response = JsonResponse(lab_document(lab))
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


@csrf_exempt
@require_safe
async def events(request: HttpRequest, lab_id: str) -> HttpResponseBase:
    """Server-sent events of the lab."""
    await in_database(_lab, lab_id)
    return event_stream(request, lab_id)


@csrf_exempt
@require_POST
async def step(request: HttpRequest, lab_id: str, step_id: str) -> HttpResponse:
    """Take one step of the demo: the result as JSON, or the lab's page with it."""
    lab, taken, variables = await in_database(_admit_step, request, lab_id, step_id)
    if _under_way[lab_id] >= _STEPS_AT_ONCE:
        raise Problem(
            429,
            "One step after the other",
            "Steps of this lab are still under way.",
            headers={"Retry-After": "2"},
        )
    _under_way[lab_id] += 1
    try:
        async with edge_in_use():
            result = await arun_step(lab, taken, variables)
    finally:
        _under_way[lab_id] -= 1
        if not _under_way[lab_id]:
            del _under_way[lab_id]
    await in_database(services.save_variables, lab, result.saved)
    if wants_html(request):
        return await sync_to_async(_page)(request, lab, result)
    return JsonResponse(result_document(result), headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def extend(request: HttpRequest, lab_id: str) -> HttpResponse:
    """More time for the lab, once: its state as JSON, or its page. Problem 409 the second time, 410 when it is over."""
    lab = _lab(lab_id)
    ownership.require_owner(request, lab)
    lab = services.refresh_lab(lab)
    if not services.extend_lab(lab):
        if not lab.live:
            raise Problem(410, "This lab is gone", lab.reason)
        raise Problem(
            409, "Extended already", "A lab's time can be extended once. Run the pattern again for a fresh one."
        )
    if wants_html(request):
        return redirect("labs:detail", lab.pk)
    lab.refresh_from_db()
    return JsonResponse(lab_document(lab), headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def delete(request: HttpRequest, lab_id: str) -> HttpResponse:
    """DELETE for forms: ends the lab and leads back to its pattern."""
    lab = _lab(lab_id)
    ownership.require_owner(request, lab)
    services.delete_lab(lab)
    if not wants_html(request):
        return HttpResponse(status=204)
    response = redirect(_pattern_url(lab))
    response.status_code = 303
    return response


def result_document(result: StepResult) -> dict[str, Any]:
    document: dict[str, Any] = {
        "step": result.step,
        "ok": result.ok,
        "answers": [vars(answer) for answer in result.answers],
        "checks": [vars(check) for check in result.checks],
        "saved": result.saved,
    }
    if result.cli is not None:
        document["cli"] = result.cli
    return document


def _admit_step(request: HttpRequest, lab_id: str, step_id: str) -> tuple[Lab, Step, dict[str, Any]]:
    lab = _lab(lab_id)
    ownership.require_owner(request, lab)
    lab = services.refresh_lab(lab)
    if lab.status == Status.DEPLOYING:
        raise Problem(409, "Still deploying", "The lab's stack is being created.", headers={"Retry-After": "1"})
    if lab.status != Status.READY:
        raise Problem(410, "This lab is gone", lab.reason)
    pattern = _pattern(lab)
    found = next((one for one in pattern.demo.steps if one.id == step_id), None) if pattern and pattern.demo else None
    if found is None:
        raise Problem(404, "No such step", f"The demo of {lab.pattern} has no step {step_id!r}.")
    services.touch({lab.pk})
    return lab, found, {**lab.saved, **_saved(_fields(request).get("saved"))}


def _saved(given: Any) -> dict[str, Any]:
    """Values that the page has kept from earlier steps."""
    if given in (None, ""):
        return {}
    if not isinstance(given, Mapping) or len(given) > _MOST_SAVED:
        raise Problem(422, "Not values to use", f"`saved` is an object with at most {_MOST_SAVED} names.")
    if not all(isinstance(value, (str, int, float, bool)) for value in given.values()):
        raise Problem(422, "Not values to use", "The values of `saved` are texts and numbers.")
    return dict(given)


def _fields(request: HttpRequest) -> Mapping[str, Any]:
    """The body's members, of JSON or of a form. Raises Problem (400, 415)."""
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data", ""):
        return request.POST.dict()
    if request.content_type != "application/json":
        raise Problem(415, detail="Send JSON or a form.", headers={"Accept": "application/json"})
    if not request.body:
        return {}
    try:
        fields = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Problem(400, "Not JSON", "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Problem(400, "Not an object", "The body must be a JSON object.")
    return fields


def _runnable(slug: Any) -> Pattern:
    if not isinstance(slug, str) or not slug:
        raise Problem(422, "Which pattern?", 'Name the pattern to run: {"pattern": "function-as-a-web-service"}.')
    try:
        pattern = library().get(slug)
    except UnknownPattern:
        raise Problem(
            422, "No such pattern", f"There is no pattern {slug[:80]!r}; /patterns.json lists them."
        ) from None
    if not pattern.runnable:
        raise Problem(422, "Not runnable yet", f"{pattern.title} has no demo yet.")
    return pattern


def _lab(lab_id: str) -> Lab:
    lab = Lab.objects.filter(pk=lab_id).first()
    if lab is None:
        raise Problem(
            404, "No such lab", "This address belongs to no lab, or its lab is long gone. Run a pattern anew."
        )
    return lab


def _pattern(lab: Lab) -> Pattern | None:
    """The lab's pattern, unless it was unpublished since."""
    known = library()
    return known.by_slug.get(lab.pattern) or known.drafts.get(lab.pattern)


def _pattern_url(lab: Lab) -> str:
    pattern = _pattern(lab)
    return pattern.url if pattern else "/"


def _target_down(error: TargetDown) -> Problem:
    return Problem(503, "The AWS behind the labs is away", str(error), headers={"Retry-After": "2"})


def _page(request: HttpRequest, lab: Lab, outcome: StepResult | None = None) -> HttpResponse:
    context = {
        "lab": lab_document(lab),
        "pattern": _pattern(lab),
        "outcome": outcome,
        "status_text": status_text(lab),
        "owned": ownership.owns(request, lab),
    }
    response = render(request, "labs/detail.html", context)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept, Cookie"
    response["Referrer-Policy"] = "same-origin"  # the address is a capability
    return response
