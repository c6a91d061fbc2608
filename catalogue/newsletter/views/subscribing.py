"""Subscribe, confirm, unsubscribe. A GET shows what a POST would do, and does nothing."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from catalogue.newsletter import services
from catalogue.newsletter.subscribers import addresses, consent, disposable, forms, limits, origin, requests, tokens
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.web.errors import Problem, wants_html

# No view here relies on a cookie, so none has Django's CSRF check: the form is guarded by where a request
# comes from (see `origin`), and a link from our mail is an authority of its own.


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Keep the request for the mail loop. Answer and work are the same whatever is known about the address."""
    if request.method != "POST":
        return _form(request)
    if origin.is_foreign(request):
        raise Problem(403, "Subscribe on this site", "The request came from a page of another site.")
    wish = forms.read(request)
    if wish.trapped:
        return _accepted(request)
    try:
        address = addresses.parse(wish.email)
    except addresses.BadAddress as error:
        return _refused(request, wish.email, str(error), 422, "This is not an e-mail address")
    warning = disposable.warning(address)
    if warning and not wish.anyway and wants_html(request):
        return _form(request, email=wish.email, warning=warning, status=422)
    wait = limits.take(limits.client_key(request))
    if wait:
        limit_hit("subscribes_per_hour")
        message = f"Your connection sent too many requests. Please try again in {limits.in_words(wait)}."
        return _refused(request, wish.email, message, 429, "Too many requests", {"Retry-After": str(wait)})
    requests.add(address, wish.source)
    return _accepted(request, warning)


@require_safe
def check_mailbox(request: HttpRequest) -> HttpResponse:
    """Where the form leads: the same page for everyone."""
    return render(request, "newsletter/subscribing/check_mailbox.html", {"days": tokens.CONFIRM_LIFETIME.days})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    try:
        wish = tokens.read_confirm(token)
    except tokens.ExpiredToken:
        return _late(request, token)
    except tokens.BadToken:
        raise broken_link() from None
    match services.confirm(wish) if request.method == "POST" else services.standing(wish):
        case services.Standing.WAITING:
            return private(render(request, "newsletter/subscribing/confirm.html", {"token": token}))
        case services.Standing.CONFIRMED:
            context = {
                "leave": tokens.unsubscribe_token(wish.ref),
                "choose": tokens.preferences_token(wish.ref),
            }
            return private(render(request, "newsletter/subscribing/confirmed.html", context))
        case services.Standing.VOID:
            return private(render(request, "newsletter/void.html", status=410))


def _late(request: HttpRequest, token: str) -> HttpResponse:
    """An expired confirmation link: a fresh one is offered only to who would get it."""
    match services.standing(tokens.read_confirm(token, also_expired=True)):
        case services.Standing.WAITING:
            late = {"token": token, "days": tokens.CONFIRM_LIFETIME.days}
            return private(render(request, "newsletter/subscribing/expired.html", late, status=410))
        case services.Standing.CONFIRMED:
            # Without the personal links of `confirmed.html`: an old link gives no rights that never expire.
            return private(render(request, "newsletter/subscribing/already.html"))
        case services.Standing.VOID:
            return private(render(request, "newsletter/void.html", status=410))


@csrf_exempt
@never_cache
@require_http_methods(["POST"])
def confirm_again(request: HttpRequest, token: str) -> HttpResponse:
    """The button on an expired link: send a fresh one to the same address."""
    try:
        wish = tokens.read_confirm(token, also_expired=True)
    except tokens.BadToken:
        raise broken_link() from None
    services.ask_again(wish, consent.Source(form="expired-link"))
    return HttpResponseRedirect(reverse("newsletter:check_mailbox"), status=303)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The POST is also the one-click unsubscribe of mail programs (RFC 8058): any body, no cookie, a 200."""
    try:
        ref = tokens.read_unsubscribe(token)
    except tokens.BadToken:
        raise broken_link() from None
    if request.method != "POST":
        return private(render(request, "newsletter/leaving/unsubscribe.html", {"token": token}))
    services.unsubscribe(ref)
    return private(render(request, "newsletter/leaving/unsubscribed.html"))


def _accepted(request: HttpRequest, warning: str = "") -> HttpResponse:
    if not wants_html(request):
        answer = {"status": "accepted", "next": "Open the link in the confirmation e-mail."}
        return JsonResponse(answer | ({"warning": warning} if warning else {}), status=202)
    return HttpResponseRedirect(reverse("newsletter:check_mailbox"), status=303)


def _refused(
    request: HttpRequest,
    email: str,
    message: str,
    status: int,
    title: str,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    if not wants_html(request):
        raise Problem(status, title, message, headers=headers, errors=[{"field": "email", "detail": message}])
    response = _form(request, email=email, error=message, status=status)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def _form(
    request: HttpRequest, *, email: str = "", error: str = "", warning: str = "", status: int = 200
) -> HttpResponse:
    context = {"subscribe_email": email, "subscribe_error": error, "subscribe_warning": warning}
    response = render(request, "newsletter/subscribing/subscribe.html", context, status=status)
    patch_vary_headers(response, ["Accept"])
    return response


def private(response: HttpResponse) -> HttpResponse:
    """A page behind a personal link is for its reader alone."""
    response["X-Robots-Tag"] = "noindex"
    return response


def broken_link() -> Problem:
    return Problem(
        404,
        "This link does not work",
        "It may have been split across two lines. Copy the whole address from the e-mail, or subscribe again.",
    )
