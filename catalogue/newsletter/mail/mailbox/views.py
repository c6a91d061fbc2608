"""The mailbox page, for development only: every mail of the site, readable by anyone who can open the page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from catalogue.newsletter.mail.mailbox.models import MailboxMessage
from catalogue.newsletter.mail.mailbox.reading import framed, open_message

# Mail is shown as a careful mail program would: no scripts, no forms, no pictures but our own;
# the sandbox also gives it an origin of its own. A click on a link opens it in the window around the frame.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: {site}; form-action 'none'; "
    "frame-ancestors 'self'"
)


def only_in_development[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    @wraps(view)
    @never_cache
    @require_safe
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.MAILBOX:
            raise Http404
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return guarded


@only_in_development
def message_list(request: HttpRequest) -> HttpResponse:
    messages = MailboxMessage.objects.defer("raw")
    return render(request, "mailbox/list.html", {"messages_received": messages})


@only_in_development
def message(request: HttpRequest, pk: int) -> HttpResponse:
    stored = get_object_or_404(MailboxMessage, pk=pk)
    return render(request, "mailbox/message.html", {"message": stored, "opened": open_message(stored)})


@only_in_development
@xframe_options_sameorigin
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part alone, for the frame on the message's page."""
    stored = get_object_or_404(MailboxMessage, pk=pk)
    html = open_message(stored).html
    if not html:
        raise Http404
    response = HttpResponse(framed(html))
    response["Content-Security-Policy"] = MAIL_POLICY.format(site=settings.SITE_URL)
    return response
