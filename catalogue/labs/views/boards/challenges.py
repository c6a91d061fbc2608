"""Addresses of a lab's challenges: the list of them, and beginning or checking one."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from catalogue.labs.aws.shared import NO_CHANGE
from catalogue.labs.demos.challenges.services import Progress, acheck, begin, progress_of
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.views.boards.answers import fits, list_of, see_lab, set_signed, signed
from catalogue.labs.views.requests import AtOnce, fields, find_lab, find_named, ready_lab
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.challenges import Challenge
from catalogue.web.errors import Problem, wants_html

COOKIE = "challenges_won"
"""Challenges that were won in labs that may be gone, as `pattern/challenge`, signed. Only the labs' pages get it."""
_COOKIE_SECONDS = 365 * 24 * 3600
_checks = AtOnce(2, "A check is in progress", "A challenge of this lab is being checked.")


@csrf_exempt
@require_safe
def board(request: HttpRequest, lab_id: str) -> HttpResponse:
    """The lab's challenges and how they stand: JSON, or the panel's HTML with `?part=board`."""
    lab = find_lab(lab_id)
    pattern = pattern_of(lab)
    return list_of(
        request,
        lab,
        pattern,
        "challenges",
        cards=lambda: challenge_cards(request, lab, pattern),
        documents=lambda: [challenge_document(one, progress_of(lab, one)) for one in _challenges(lab, pattern)],
    )


@csrf_exempt
@require_POST
async def act(request: HttpRequest, lab_id: str, challenge_id: str) -> HttpResponseBase:
    """POST {"do": "check" | "begin"}: what the lab shows of the goals as JSON, or 303 to the lab's page with it."""
    return await answer_in_time(request, _act(request, lab_id, challenge_id))


async def _act(request: HttpRequest, lab_id: str, challenge_id: str) -> HttpResponse:
    lab, challenge, asked = await in_database(_admit, request, lab_id, challenge_id)
    if asked == "begin":
        progress = await in_database(begin, lab, challenge)
    else:
        progress = await _checked(lab, challenge)
    response: HttpResponse
    if wants_html(request):
        response = see_lab(lab, f"challenge-{challenge.id}")
    else:
        response = JsonResponse(challenge_document(challenge, progress), headers={"Cache-Control": "no-store"})
    if progress.won:
        _remember(request, response, f"{lab.pattern}/{challenge.id}")
    return response


async def _checked(lab: Lab, challenge: Challenge) -> Progress:
    with _checks.one_of(lab.pk):
        async with edge_in_use():
            return await acheck(lab, challenge)


def _admit(request: HttpRequest, lab_id: str, challenge_id: str) -> tuple[Lab, Challenge, str]:
    lab = ready_lab(request, lab_id)
    challenge = find_named(_challenges(lab, pattern_of(lab)), challenge_id, "challenge", lab)
    asked = fields(request).get("do")
    if asked not in ("check", "begin"):
        raise Problem(422, "Do what?", 'Send {"do": "check"} or {"do": "begin"}.')
    if lab.is_lease:
        raise Problem(409, "A shared stack", NO_CHANGE)
    services.touch({lab.pk})
    return lab, challenge, str(asked)


def challenge_cards(request: HttpRequest, lab: Lab, pattern: Pattern | None) -> list[dict[str, Any]]:
    """What the list shows: `{"challenge", "progress", "began": minutes or None, "before": won in another lab}`."""
    before = _won_before(request)
    cards = []
    for challenge in _challenges(lab, pattern):
        progress = progress_of(lab, challenge)
        began = lab.challenges.get(challenge.id, {}).get("since")
        cards.append(
            {
                "challenge": challenge,
                "progress": progress,
                "began": int((time.time() - began) // 60) if began else None,
                "before": not progress.won and f"{lab.pattern}/{challenge.id}" in before,
            }
        )
    return cards


def _challenges(lab: Lab, pattern: Pattern | None) -> tuple[Challenge, ...]:
    """None for a naive twin: its challenges are its pattern's."""
    if pattern is None or pattern.challenges is None or lab.variant != "pattern":
        return ()
    return pattern.challenges.challenges


def challenge_document(challenge: Challenge, progress: Progress) -> dict[str, Any]:
    """A challenge and how it stands, as programs see it."""
    return {
        "id": challenge.id,
        "title": challenge.title,
        "task": challenge.task,
        "hint": challenge.hint,
        "twin": challenge.twin,
        "since": progress.since,
        "won": progress.won,
        "ok": progress.ok,
        "checks": [vars(check) for check in progress.checks],
    }


def _won_before(request: HttpRequest) -> list[str]:
    """The oldest first; nothing of a cookie that this site has not signed."""
    won = signed(request, COOKIE, _COOKIE_SECONDS)
    return [name for name in won if isinstance(name, str)] if isinstance(won, list) else []


def _remember(request: HttpRequest, response: HttpResponse, name: str) -> None:
    won = [one for one in _won_before(request) if one != name] + [name]
    while (value := fits(COOKIE, won)) is None:
        won = won[1:]  # the oldest are forgotten
    set_signed(response, COOKIE, value, path=reverse("labs:create"), max_age=_COOKIE_SECONDS)
