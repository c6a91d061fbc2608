"""The buttons on an update's page. GET shows, POST acts; each asks for Django's own change permission."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import DateTimeField, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from catalogue.newsletter.mail import editing, updates
from catalogue.newsletter.mail.mailbox.reading import framed
from catalogue.newsletter.mail.mailbox.views import MAIL_POLICY
from catalogue.newsletter.models import Update

if TYPE_CHECKING:
    from catalogue.newsletter.admin.updates import UpdateAdmin

type _Action = Callable[[Update], str]


def preview(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as it would leave: HTML in a frame, text, and the headers as they travel."""
    update = _update(pages, request, pk, "view")
    try:
        shown = editing.preview(update, _own_address(request) or editing.SAMPLE)
    except editing.Refused as error:
        messages.error(request, str(error))
        return _back(update)
    return _page(pages, request, update, "preview", {"shown": shown, "size": len(shown.raw)})


def preview_html(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part alone, for the frame: nothing in it runs."""
    update = _update(pages, request, pk, "view")
    try:
        html = editing.preview(update).html
    except editing.Refused as error:
        raise Http404(str(error)) from None
    response = HttpResponse(framed(html))
    response["Content-Security-Policy"] = MAIL_POLICY.format(site=settings.SITE_URL) + "; base-uri 'none'"
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def test(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail to the editor's own address."""

    def act(update: Update) -> str:
        to = _own_address(request)
        if not to:
            raise editing.Refused("Your account has no e-mail address: add one under Users, then try again.")
        editing.charge_test(str(request.user.pk))
        return f"A test was sent to {editing.send_test(update, to)}."

    return _act(pages, request, pk, act)


def schedule(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    def act(update: Update) -> str:
        try:
            at = DateTimeField().clean(request.POST.get("at", ""))
        except ValidationError:
            raise editing.Refused("Enter a date and time in UTC, such as 2026-12-01 09:00.") from None
        editing.schedule(update, at)
        return f"It will be released on {at:%Y-%m-%d at %H:%M} UTC."

    return _act(pages, request, pk, act)


def unschedule(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    def act(update: Update) -> str:
        updates.unschedule(update)
        return "It is a draft again. Nothing is sent until you release it."

    return _act(pages, request, pk, act)


def release(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the number of recipients, and release the update to exactly so many."""
    update = _update(pages, request, pk, "change")
    if request.method != "POST":
        return _confirmation(pages, request, update)
    typed = request.POST.get("expected", "").strip().replace(",", "")
    if not (typed.isdecimal() and typed.isascii() and len(typed) < 10):
        return _confirmation(pages, request, update, "Type the number of recipients.", 422)
    try:
        count = editing.release(update, int(typed))
    except editing.Refused as error:
        update.refresh_from_db()
        waiting = update.state in (Update.State.DRAFT, Update.State.SCHEDULED)
        if waiting and not updates.superseded(update):
            return _confirmation(pages, request, update, str(error), 409)
        messages.warning(request, str(error))
        return _back(update)
    pages.log_change(request, update, f"Released to {count}.")
    messages.success(request, f"On its way to {count} {'reader' if count == 1 else 'readers'}.")
    return _back(update)


def pause(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    def act(update: Update) -> str:
        updates.pause(update)
        return "Paused. Nothing more is sent until you resume it."

    return _act(pages, request, pk, act)


def resume(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    def act(update: Update) -> str:
        updates.resume(update)
        return "Resumed."

    return _act(pages, request, pk, act)


def cancel(pages: "UpdateAdmin", request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks once more: a canceled update can never be sent."""

    def act(update: Update) -> str:
        updates.cancel(update)
        return "Canceled. The e-mails that were not sent yet are never sent."

    if request.method == "POST":
        return _act(pages, request, pk, act)
    update = _update(pages, request, pk, "change")
    return _page(pages, request, update, "cancel", pages.situation(update))


def _act(pages: "UpdateAdmin", request: HttpRequest, pk: int, act: _Action) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    update = _update(pages, request, pk, "change")
    try:
        done = act(update)
    except (editing.Refused, updates.NotNow) as error:
        messages.error(request, str(error))
    else:
        pages.log_change(request, update, done)
        messages.success(request, done)
    return _back(update)


def _update(pages: "UpdateAdmin", request: HttpRequest, pk: int, need: str) -> Update:
    update = pages.get_object(request, str(pk))
    allowed = pages.has_change_permission if need == "change" else pages.has_view_permission
    if not allowed(request, update):
        raise PermissionDenied
    if update is None:
        raise Http404
    return update


def _own_address(request: HttpRequest) -> str:
    return request.user.email if isinstance(request.user, User) else ""


def _confirmation(
    pages: "UpdateAdmin", request: HttpRequest, update: Update, error: str = "", status: int = 200
) -> HttpResponse:
    return _page(pages, request, update, "release", pages.situation(update) | {"error": error}, status)


def _page(
    pages: "UpdateAdmin", request: HttpRequest, update: Update, name: str, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = {**pages.admin_site.each_context(request), "opts": Update._meta, "update": update, **more}
    return render(request, f"admin/newsletter/update/{name}.html", context, status=status)


def _back(update: Update) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:newsletter_update_change", args=[update.pk]))
