"""The web archive: every update that was sent, to be read in a browser."""

import re

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.views.decorators.http import require_safe

from catalogue.newsletter.mail import mime
from catalogue.newsletter.models import Update
from catalogue.patterns.content.library import library

_SENT = (Update.State.SENDING, Update.State.PAUSED, Update.State.SENT)
# The mail's own styles are in its elements; nothing of it runs or loads but the site's picture.
# The form below it is the site's, and must come from its origin.
_POLICY = (
    "sandbox allow-forms allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_BODY = re.compile(r"<body\b[^>]*>")
_PERSONAL = re.compile(r'<span class="personal">.*?</span>', re.DOTALL)
_NOT_PERSONAL = (
    "This is the public copy of a mail to the subscribers of {site} updates. The links for choosing updates and for "
    "unsubscribing are in each subscriber's own copy."
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The updates that were sent, newest first."""
    return render(request, "newsletter/archive.html", {"updates": _released().filter(state__in=_SENT)})


@require_safe
def issue(request: HttpRequest, pattern: str, revision: int) -> HttpResponse:
    """One update as its mail shows it, a form ends it. What only a recipient's copy can offer is said to be there.

    One that was canceled half-way is in no list, but anyone who got its mail can still view it in a browser.
    """
    update = _released().filter(pattern__in=library().names(pattern), revision=revision).first()
    if update is None:
        raise Http404
    subscribe = request.build_absolute_uri(reverse("newsletter:subscribe"))
    html = _PERSONAL.sub(escape(_NOT_PERSONAL.format(site=settings.SITE_NAME)), update.html)
    # A mail that was frozen before its personal sentence was marked.
    for name in ("unsubscribe_url", "preferences_url"):
        html = html.replace(mime.place(name), subscribe)
    html = _as_page(html, render_to_string("newsletter/_under_letter.html", request=request))
    return HttpResponse(html, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=3600"})


def _as_page(mail: str, under: str) -> str:
    """The mail with `under` below it: the letter is the page's main landmark, and styles are in the head."""
    head, head_end, body = mail.partition("</head>")
    body, body_end, rest = body.rpartition("</body>")
    body = _BODY.sub(r"\g<0>\n<main>", body, count=1)
    styles = render_to_string("newsletter/_letter_styles.html")
    return f"{head}{styles}{head_end}{body}</main>\n{under}{body_end}{rest}"


def _released() -> QuerySet[Update]:
    return Update.objects.filter(released_at__isnull=False).exclude(html="").order_by("-released_at")
