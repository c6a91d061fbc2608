"""The labs' pages and JSON: make one, look at it, watch it, take a step, delete it."""

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.labs.demos.runner import StepResult, arun_step
from catalogue.labs.demos.runs.capture import recording
from catalogue.labs.demos.runs.represent import latest_runs, run_link
from catalogue.labs.demos.runs.services import keep_run
from catalogue.labs.demos.saved_values import BadValue, require_sent
from catalogue.labs.demos.steps.represent import came_of, result_document, taken_steps
from catalogue.labs.demos.steps.services import keep_step
from catalogue.labs.lifecycle import ownership, services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab, Status
from catalogue.labs.models import Run as KeptRun
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.targets.emulation import not_emulated
from catalogue.labs.views.boards.bills import meter_shown
from catalogue.labs.views.boards.challenges import challenge_cards
from catalogue.labs.views.boards.projects import project_shown
from catalogue.labs.views.boards.sliders import shown_move, slider_cards
from catalogue.labs.views.inside import boxes
from catalogue.labs.views.levers import note_operation, shown_outcome
from catalogue.labs.views.no_room import no_room
from catalogue.labs.views.represent import lab_document, progress_document, status_text, trouble_document
from catalogue.labs.views.requests import AtOnce, fields, find_lab, ready_lab
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.labs.watching.reader import running_reader
from catalogue.labs.watching.stream import admitted_stream
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern, UnknownPattern
from catalogue.patterns.content.schemas.pattern import Step
from catalogue.patterns.runs.document import Run
from catalogue.web.client_address import client_key
from catalogue.web.errors import Problem, wants_html

# Forged requests are refused by their origin (see `ownership`): these addresses serve curl as well as forms.

_steps = AtOnce(3, "A step is in progress", "A step of this lab is still running.")


@csrf_exempt
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """POST {"pattern": slug}, as JSON or a form: 201 with the lab and its token, or 303 to its page."""
    ownership.require_same_origin(request)
    pattern = _runnable(fields(request).get("pattern"))
    owner = ownership.owner_key(request) or ownership.new_owner_key()
    try:
        created = services.create_lab(pattern, owner, client=client_key(request, "labs.client"))
    except LimitReached as limit:
        return no_room(request, limit, pattern, "No more labs right now", f"Run {pattern.title}")
    except TargetDown as error:
        raise _target_down(error) from None
    page = reverse("labs:detail", args=[created.lab.pk])
    response: HttpResponse
    if wants_html(request):
        response = HttpResponseRedirect(page)
        response.status_code = 303
    else:
        document = lab_document(created.lab) | progress_document(created.lab) | {"token": created.token}
        response = JsonResponse(document, status=201, headers={"Location": page})
    response["Cache-Control"] = "no-store"
    ownership.remember_owner(response, owner)
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "DELETE"])
def detail(request: HttpRequest, lab_id: str) -> HttpResponse:
    """The lab's state as JSON or as its page; DELETE ends it."""
    lab = find_lab(lab_id)
    if request.method == "DELETE":
        ownership.require_owner(request, lab)
        services.delete_lab(lab)
        return HttpResponse(status=204)
    lab = services.refresh_lab(lab)
    if wants_html(request):
        return _page(request, lab)
    trouble = trouble_document(services.does_not_answer(lab))
    response = JsonResponse(lab_document(lab) | progress_document(lab) | trouble)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


@csrf_exempt
@require_safe
async def events(request: HttpRequest, lab_id: str) -> HttpResponseBase:
    """Server-sent events of the lab."""
    await in_database(find_lab, lab_id)
    return await admitted_stream(request, lab_id)


@csrf_exempt
@require_POST
async def step(request: HttpRequest, lab_id: str, step_id: str) -> HttpResponseBase:
    """Take one step of the demo: the result as JSON, or the lab's page with it."""
    return await answer_in_time(request, _take_step(request, lab_id, step_id))


async def _take_step(request: HttpRequest, lab_id: str, step_id: str) -> HttpResponse:
    lab, taken, variables = await in_database(_admit_step, request, lab_id, step_id)
    result, run = await take(lab, taken, variables)
    if wants_html(request):
        return await in_database(_page, request, lab, result, run)
    return JsonResponse(result_document(result) | {"run": run}, headers={"Cache-Control": "no-store"})


async def take(lab: Lab, step: Step, variables: dict[str, Any]) -> tuple[StepResult, dict[str, str]]:
    """Take the step on a ready lab, and keep its result and its run: the result, and where the run is.

    Raises Problem (429) while others of the lab are being taken.
    """
    with _steps.one_of(lab.pk):
        running_reader().hurry(lab.pk)
        async with recording(lab, step.title) as rec:
            rec.knows(variables)
            result = await arun_step(lab, step, variables, performed=partial(note_operation, lab))
            rec.step(step, result)
    return result, run_link(await in_database(_keep, lab, result, rec.run))


def _keep(lab: Lab, result: StepResult, run: Run) -> KeptRun:
    services.save_variables(lab, result.saved)
    kept = keep_run(lab, run)
    keep_step(lab, result, kept)
    return kept


@csrf_exempt
@require_safe
def steps(request: HttpRequest, lab_id: str) -> HttpResponse:
    """What the steps gave that its owner has taken so far, so that a reload or another tab shows it again."""
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    return JsonResponse({"steps": taken_steps(lab)}, headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def extend(request: HttpRequest, lab_id: str) -> HttpResponse:
    """More time for the lab, once: its state as JSON, or its page. Problem 409 the second time, 410 when it is over."""
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    lab = services.refresh_lab(lab)
    if not services.extend_lab(lab):
        if not lab.live:
            raise Problem(410, "This lab is gone", lab.reason)
        raise Problem(
            409, "Extended already", "A lab's time can be extended once. Run the pattern again to get a new lab."
        )
    if wants_html(request):
        return redirect("labs:detail", lab.pk)
    lab.refresh_from_db()
    return JsonResponse(lab_document(lab), headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def use(request: HttpRequest, lab_id: str) -> HttpResponse:
    """Its owner reads the lab's page: the idle limit begins again. 200 with its state, Problem 410 when it is over."""
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    lab = services.refresh_lab(lab)
    if not lab.live:
        raise Problem(410, "This lab is gone", lab.reason)
    if services.note_reading(lab):
        lab.refresh_from_db()
    return JsonResponse(lab_document(lab), headers={"Cache-Control": "no-store"})


@csrf_exempt
@require_POST
def delete(request: HttpRequest, lab_id: str) -> HttpResponse:
    """DELETE for forms: ends the lab and leads back to its pattern, or with `next=mine` to the visitor's labs."""
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    services.delete_lab(lab)
    if not wants_html(request):
        return HttpResponse(status=204)
    response = redirect("labs:create" if fields(request).get("next") == "mine" else _pattern_url(lab))
    response.status_code = 303
    return response


def _admit_step(request: HttpRequest, lab_id: str, step_id: str) -> tuple[Lab, Step, dict[str, Any]]:
    lab = ready_lab(request, lab_id)
    pattern = pattern_of(lab)
    found = next((one for one in pattern.demo.steps if one.id == step_id), None) if pattern and pattern.demo else None
    if found is None:
        raise Problem(404, "No such step", f"The demo of {lab.pattern} has no step {step_id!r}.")
    services.touch({lab.pk})
    return lab, found, {**lab.saved, **_saved(fields(request).get("saved"))}


def _saved(given: Any) -> dict[str, Any]:
    """Values that the page has kept from earlier steps."""
    try:
        return require_sent(given)
    except BadValue as error:
        raise Problem(422, "Invalid values", str(error)) from None


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


def _pattern_url(lab: Lab) -> str:
    pattern = pattern_of(lab)
    return pattern.url if pattern else "/"


def _target_down(error: TargetDown) -> Problem:
    return Problem(503, "AWS is not available", str(error), headers={"Retry-After": "2"})


def _page(
    request: HttpRequest, lab: Lab, outcome: StepResult | None = None, run: dict[str, str] | None = None
) -> HttpResponse:
    opened = settings.PROJECT_OWNER  # the page is on its reader's own machine, and its address is known to them alone
    owned = bool(opened) or ownership.owns(request, lab)
    progress = progress_document(lab)
    trouble = services.does_not_answer(lab)
    pattern = pattern_of(lab)
    context = {
        "lab": lab_document(lab) | progress | trouble_document(trouble),
        "pattern": pattern,
        "outcome": outcome,
        "outcome_run": run,
        "runs": latest_runs(lab),
        "moved": shown_outcome(request, lab),
        "meter": None if trouble else meter_shown(lab),  # each question would wait for its timeout
        "status_text": status_text(
            lab, owned=owned, progress=progress["progress"]["text"] if progress else "", trouble=trouble
        ),
        "owned": owned,
        "challenges": challenge_cards(request, lab, pattern),
        "sliders": slider_cards(lab, pattern),
        "slid": shown_move(request),
        "taken": {taken["step"]: taken | {"came": came_of(taken)} for taken in taken_steps(lab)} if owned else {},
        "not_emulated": not_emulated(lab, pattern) if pattern else {},
        "boxes": boxes(lab, pattern) if lab.status == Status.READY else [],
        "project": project_shown(lab, pattern) if pattern and pattern.standalone else None,
    }
    response = render(request, "labs/detail.html", context)
    if opened:
        ownership.remember_owner(response, opened)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept, Cookie"
    response["Referrer-Policy"] = "same-origin"  # the address is a capability
    return response
