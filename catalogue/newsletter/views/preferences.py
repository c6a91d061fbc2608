"""The preference page and the change of address: every address here carries a signed link from one of our mails."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalogue.newsletter.models import Level, Subscriber
from catalogue.newsletter.subscribers import addresses, preferences, tokens
from catalogue.newsletter.views.subscribing import broken_link, private
from catalogue.patterns.content.library import library
from catalogue.patterns.services.known import Service
from catalogue.web.errors import Problem, wants_html

LEVELS = (100, 200, 300)


type _Page = Callable[[HttpRequest, str], HttpResponse]
type _Personal = Callable[[HttpRequest, str, Subscriber], HttpResponse]


def _for_known(view: _Personal) -> _Page:
    """Read the token; someone of whom nothing is kept any more is told so."""

    def opened(request: HttpRequest, token: str) -> HttpResponse:
        try:
            person = preferences.known(tokens.read_preferences(token))
        except tokens.BadToken:
            raise broken_link() from None
        if person is None:
            return private(render(request, "newsletter/void.html", status=410))
        return private(view(request, token, person))

    return csrf_exempt(never_cache(opened))


def _for_subscriber(view: _Personal) -> _Page:
    """The same, but someone who is not subscribed is told what is left to them."""

    def opened(request: HttpRequest, token: str, person: Subscriber) -> HttpResponse:
        if person.state != Subscriber.State.CONFIRMED:
            return _left(request, token)
        return view(request, token, person)

    return _for_known(opened)


def topics_offered() -> list[Service]:
    """The services that some pattern uses, by name."""
    used = {service.key: service for pattern in library().by_slug.values() for service in pattern.services}
    return sorted(used.values(), key=lambda service: service.name)


@require_http_methods(["GET", "HEAD", "POST"])
@_for_subscriber
def page(request: HttpRequest, token: str, person: Subscriber) -> HttpResponse:
    """GET shows the choices, POST saves them."""
    if request.method != "POST":
        return _page(request, token, person)
    offered = {service.key for service in topics_offered()}
    if not wants_html(request):
        _refuse_unknown(request, offered)
    wanted = _Choices(
        levels={level for level in LEVELS if str(level) in request.POST.getlist("level")},
        topics={topic for topic in request.POST.getlist("topic") if topic in offered},
        revisions=request.POST.get("revisions") != "no",
    )
    if not wanted.levels:
        message = "Choose at least one level, or unsubscribe below. Without a level, you would get no e-mail."
        return _page(request, token, person, wanted, levels_error=message, status=422)
    topics = set() if wanted.topics == offered else wanted.topics
    if not preferences.choose(person, wanted.levels, topics, revisions=wanted.revisions):
        return _left(request, token)
    return _saved(token, "choices")


def _refuse_unknown(request: HttpRequest, offered: set[str]) -> None:
    """A program is told of a value that means nothing; a person's page may merely be older than the catalogue."""
    known = {"level": {str(level) for level in LEVELS}, "topic": offered, "revisions": {"yes", "no"}}
    for name, values in known.items():
        for value in request.POST.getlist(name):
            if value not in values:
                detail = f"{name} is one of {', '.join(sorted(values))}, not {value[:40]!r}."
                raise Problem(400, f"Unknown {name}", detail)


@require_POST
@_for_subscriber
def pause(request: HttpRequest, token: str, person: Subscriber) -> HttpResponse:
    days = request.POST.get("days", "")
    if days not in {"0", *map(str, preferences.PAUSES)}:
        raise Problem(422, "Invalid pause", f"A pause must last {', '.join(map(str, preferences.PAUSES))} days.")
    if not preferences.pause(person, int(days)):
        return _left(request, token)
    return _saved(token, "pause" if days != "0" else "resume")


@require_POST
@_for_subscriber
def change_address(request: HttpRequest, token: str, person: Subscriber) -> HttpResponse:
    """Send a confirmation to the new address; the old one gets mail until it is confirmed."""
    given = request.POST.get("email", "")
    try:
        address = addresses.parse(given)
    except addresses.BadAddress as error:
        return _page(request, token, person, given=given, address_error=str(error), status=422)
    try:
        preferences.ask_to_move(person, address)
    except preferences.NotAsked as refusal:
        response = _page(
            request, token, person, given=given, address_error=str(refusal), status=429 if refusal.wait else 422
        )
        if refusal.wait:
            response["Retry-After"] = str(refusal.wait)
        return response
    return _saved(token, "address")


@require_safe
@_for_known
def data(request: HttpRequest, token: str, person: Subscriber) -> HttpResponse:
    """Everything that is stored about the reader, as JSON to keep."""
    response = JsonResponse(preferences.stored(person), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="what-is-stored-about-me.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@_for_known
def erase(request: HttpRequest, token: str, person: Subscriber) -> HttpResponse:
    if request.method != "POST":
        return render(request, "newsletter/leaving/erase.html", {"token": token})
    preferences.erase(person)
    return render(request, "newsletter/leaving/erased.html")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail to a new address: GET shows a button, POST moves the subscription."""
    try:
        wish = tokens.read_move(token)
    except tokens.ExpiredToken:
        return _move_is_over(request)
    except tokens.BadToken:
        raise broken_link() from None
    if request.method == "POST":
        if preferences.move(wish):
            return private(render(request, "newsletter/moving/moved.html"))
    elif preferences.moving(wish) is not None:
        return private(render(request, "newsletter/moving/move.html", {"token": token}))
    elif preferences.moved(wish):
        return private(render(request, "newsletter/moving/moved.html"))
    return _move_is_over(request)


def _move_is_over(request: HttpRequest) -> HttpResponse:
    """In the same words whatever ended the wish, so that nothing is told about the new address."""
    return private(
        render(request, "newsletter/moving/move_expired.html", {"days": tokens.CONFIRM_LIFETIME.days}, status=410)
    )


def _left(request: HttpRequest, token: str) -> HttpResponse:
    return render(request, "newsletter/leaving/left.html", {"token": token}, status=410)


@dataclass(frozen=True)
class _Choices:
    levels: set[int]
    topics: set[str]
    revisions: bool


def _chosen(person: Subscriber) -> _Choices:
    topics = {topic.service for topic in person.topics.all()} or {service.key for service in topics_offered()}
    return _Choices({level for level in LEVELS if person.levels & Level.of(level)}, topics, person.revisions)


def _page(
    request: HttpRequest,
    token: str,
    person: Subscriber,
    choices: _Choices | None = None,
    *,
    levels_error: str = "",
    given: str = "",
    address_error: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page with the choices as they are stored, or as they were just sent."""
    choices = choices or _chosen(person)
    paused = person.paused_until is not None and person.paused_until > timezone.now()
    # Of what an address claims to have been done, only what is so.
    true = {"choices": True, "pause": paused, "resume": not paused, "address": bool(person.new_key)}
    saved = request.GET.get("saved", "")
    context = {
        "token": token,
        "leave": tokens.unsubscribe_token(person.ref),
        "person": person,
        "levels": [(level, level in choices.levels) for level in LEVELS],
        "topics": [(service, service.key in choices.topics) for service in topics_offered()],
        "revisions": choices.revisions,
        "paused": paused,
        "pauses": preferences.PAUSES,
        "saved": saved if true.get(saved) else "",
        "levels_error": levels_error,
        "given": given,
        "address_error": address_error,
    }
    return render(request, "newsletter/preferences.html", context, status=status)


def _saved(token: str, what: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("newsletter:preferences", args=[token]) + f"?saved={what}", status=303)
