"""Addresses of a lab's levers: the board of them, and moving one."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from catalogue.labs.demos.levers import (
    MOVES,
    LeverBusy,
    LeverRefused,
    Move,
    Outcome,
    amove_lever,
    follow_step,
    trial_of,
)
from catalogue.labs.demos.runs.build import answers_of, checks_of
from catalogue.labs.demos.runs.capture import Recording, recording
from catalogue.labs.demos.runs.represent import run_link
from catalogue.labs.demos.runs.services import keep_run
from catalogue.labs.demos.sliders import follow_operation
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.models import Run as KeptRun
from catalogue.labs.views.boards.answers import SHOWN_SECONDS, fits, list_of, see_lab, set_signed, signed
from catalogue.labs.views.requests import AtOnce, fields, find_lab, find_named, ready_lab
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.labs.watching.reader import running_reader
from catalogue.patterns.content.schemas.pattern import Lever, Operation
from catalogue.patterns.runs.document import Action
from catalogue.patterns.views.tags.demo import operation_in_words, request_in_words
from catalogue.web.errors import Problem, wants_html

_COMMAND = "lever_command"
_moves = AtOnce(3, "One lever after the other", "A lever of this lab is still moving.")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
async def levers(request: HttpRequest, lab_id: str) -> HttpResponseBase:
    """The board of levers; POST {"do": "release"} resets all that are pulled."""
    if request.method == "POST":
        return await answer_in_time(request, _reset(request, lab_id))
    return await in_database(board, request, lab_id)


def board(request: HttpRequest, lab_id: str) -> HttpResponse:
    """The lab's levers and how they stand: JSON, or the panel's HTML with `?part=board`."""
    lab = find_lab(lab_id)
    return list_of(
        request,
        lab,
        pattern_of(lab),
        "levers",
        cards=list,  # the template reads the pattern's
        documents=lambda: [lever_document(lever, lab) for lever in _levers(lab)],
    )


@csrf_exempt
@require_POST
async def move(request: HttpRequest, lab_id: str, lever_id: str) -> HttpResponseBase:
    """POST {"do": "pull" | "release" | "try"}: what was done and seen as JSON, or 303 to the lab's page with it.

    Everything that is done stands in the pattern's demo.yaml: the request names a lever of it and a direction.
    """
    return await answer_in_time(request, _move(request, lab_id, lever_id))


async def _reset(request: HttpRequest, lab_id: str) -> HttpResponse:
    """Release every pulled lever, one after the other: what is pulled still as JSON, or 303 to the lab's page."""
    lab = await in_database(ready_lab, request, lab_id)
    if fields(request).get("do") != "release":
        raise Problem(422, "Do what?", 'Send {"do": "release"} to reset all levers.')
    pulled = [lever for lever in await in_database(_levers, lab) if lever.id in lab.pulled]
    for lever in pulled:
        response = await _move(request, lab_id, lever.id)
    if wants_html(request):
        return response if pulled else see_lab(lab)
    await in_database(lab.refresh_from_db)
    return JsonResponse({"pulled": lab.pulled}, headers={"Cache-Control": "no-store"})


async def _move(request: HttpRequest, lab_id: str, lever_id: str) -> HttpResponse:
    lab, lever, asked = await in_database(_admit, request, lab_id, lever_id)
    with _moves.one_of(lab_id):
        running_reader().hurry(lab_id)
        try:
            async with recording(lab, _title(lever, asked)) as record:
                outcome = await amove_lever(lab, lever, asked)
                await _move_sliders(lab, lever, outcome)
                _note(record, lever, outcome)
        except LeverBusy as busy:
            raise Problem(409, "One lever after the other", str(busy), headers={"Retry-After": "1"}) from None
        except LeverRefused as refused:
            raise Problem(409, "The lever did not move", str(refused)) from None
    seen = outcome.changed or outcome.trial is not None
    kept = await in_database(keep_run, lab, record.run) if seen else None
    if wants_html(request):
        return _see_page(lab, lever, kept, outcome.cli)
    document = outcome_document(outcome) | ({"run": run_link(kept)} if kept else {})
    return JsonResponse(document, headers={"Cache-Control": "no-store"})


async def _move_sliders(lab: Lab, lever: Lever, outcome: Outcome) -> None:
    """A lever that has changed what a slider sets moves the slider."""
    operation = lever.release if outcome.move == "release" else lever.pull
    pattern = pattern_of(lab)
    if outcome.changed and operation is not None and pattern is not None and pattern.sliders is not None:
        await in_database(follow_operation, lab, pattern.sliders.sliders, operation)


def lever_document(lever: Lever, lab: Lab) -> dict[str, Any]:
    """A lever as programs see it; `released` is None where there is no way back."""
    return {
        "id": lever.id,
        "title": lever.title,
        "released": lever.released,
        "notice": lever.notice,
        "pulled": lever.id in lab.pulled,
    }


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """What came of moving a lever; `trial` is there if something was tried."""
    document: dict[str, Any] = {
        "lever": outcome.lever,
        "do": outcome.move,
        "pulled": outcome.pulled,
        "changed": outcome.changed,
        "says": outcome.says,
        "ok": outcome.ok,
        "cli": outcome.cli,
    }
    if outcome.trial is not None:
        document["trial"] = {
            "answers": [vars(answer) for answer in outcome.trial.answers],
            "checks": [vars(check) for check in outcome.trial.checks],
        }
    return document


def _admit(request: HttpRequest, lab_id: str, lever_id: str) -> tuple[Lab, Lever, Move]:
    lab = ready_lab(request, lab_id)
    lever = find_named(_levers(lab), lever_id, "lever", lab)
    asked = next((move for move in MOVES if move == fields(request).get("do")), None)
    if asked is None:
        raise Problem(422, "Do what?", 'Send {"do": "pull"}, {"do": "release"} or {"do": "try"}.')
    services.touch({lab.pk})
    return lab, lever, asked


def _levers(lab: Lab) -> tuple[Lever, ...]:
    """The faults that this lab may be given: none for a naive twin, whose stack is another."""
    pattern = pattern_of(lab)
    return pattern.demo.levers if pattern and pattern.demo and lab.variant == "pattern" else ()


def _title(lever: Lever, asked: Move) -> str:
    match asked:
        case "pull":
            return lever.title
        case "release":
            return lever.released or lever.title
        case "try":
            return f"Try: {lever.title}"


def _note(record: Recording, lever: Lever, outcome: Outcome) -> None:
    """Tell the recording what was done."""
    operation = lever.release if outcome.move == "release" else lever.pull
    trial = trial_of(lever, outcome)
    done = [
        operation_in_words(operation) if outcome.move != "try" and operation else "",
        request_in_words(trial.request) if outcome.trial and trial.request else "",
    ]
    record.action(
        Action(
            at=0,
            ms=record.at(),
            id=None,
            title=_title(lever, outcome.move),
            action=", then ".join(filter(None, done)) or "look",
            answers=answers_of(outcome.trial.answers) if outcome.trial else (),
            checks=checks_of(outcome.trial.checks) if outcome.trial else (),
            cli=outcome.cli,
        )
    )


def _see_page(lab: Lab, lever: Lever, kept: KeptRun | None, cli: str | None) -> HttpResponse:
    response = see_lab(lab, f"lever-{lever.id}", {"lever": lever.id} | ({"run": kept.pk} if kept else {}))
    # A kept run names no address and no physical id, as it may be shared; the command is for its owner to copy.
    command = fits(_COMMAND, {kept.pk: cli}) if kept and cli else None
    if command is not None:
        page = reverse("labs:detail", args=[lab.pk])
        set_signed(response, _COMMAND, command, path=page, max_age=SHOWN_SECONDS)
    return response


def note_operation(lab: Lab, operation: Operation) -> None:
    """A step of the demo has done this: a lever or slider that does the same stands accordingly."""
    follow_step(lab, _levers(lab), operation)
    pattern = pattern_of(lab)
    if pattern is not None and pattern.sliders is not None:
        follow_operation(lab, pattern.sliders.sliders, operation)


def shown_outcome(request: HttpRequest, lab: Lab) -> dict[str, Any] | None:
    """What the lab's page shows after a lever was moved by form: `{"lever": id, "action": a run's, "run": link}`."""
    found = KeptRun.objects.filter(lab=lab, pk=request.GET.get("run", "")[:32]).first()
    actions = found.document.get("actions") if found else None
    if found is None or not actions:
        return None
    action = dict(actions[-1])
    commands = signed(request, _COMMAND, SHOWN_SECONDS) or {}
    action["cli"] = commands.get(found.pk, action.get("cli"))
    return {"lever": request.GET.get("lever", ""), "action": action, "run": run_link(found)}
