"""What an update says: subject, text and HTML of the mail about a pattern, with places for the recipient's links."""

from dataclasses import dataclass

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from catalogue.newsletter.mail import mime
from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.pattern import Pattern
from catalogue.web.context import absolute

MOST_BYTES = 102_000
"""Gmail shows no more of a message's HTML (https://support.google.com/mail, "message clipped")."""


@dataclass(frozen=True)
class UpdateMail:
    subject: str
    html: str
    text: str


class NotRendered(ValueError):
    """The mail cannot be made of the pattern; the message is fit for an editor."""


class TooLong(NotRendered):
    """The mail would be cut off by mail programs."""


def subject(pattern: Listed) -> str:
    kind = "New pattern" if pattern.front.revision == 1 else "Revised"
    return f"{kind}: {pattern.title}"


def render(pattern: Pattern) -> UpdateMail:
    """The mail about a pattern's present revision; styles are written into the elements.

    Raises TooLong, NotRendered.
    """
    try:
        mail = _rendered(pattern)
    except Exception as error:  # a mistake in the pattern, a template or its tags: no reason to stop other mail
        raise NotRendered(f"The mail cannot be rendered: {type(error).__name__}: {error}") from error
    if len(mail.html.encode()) > MOST_BYTES:
        raise TooLong(f"The mail's HTML has {len(mail.html.encode())} bytes; mail programs cut it off at {MOST_BYTES}.")
    return mail


def _rendered(pattern: Pattern) -> UpdateMail:
    context = {
        "pattern": pattern,
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "pattern_url": absolute(pattern.url),
        "image_url": absolute(reverse("patterns:diagram_png", args=[pattern.slug])),
        "contact": settings.NEWSLETTER_CONTACT,
        "archive_url": absolute(reverse("newsletter:issue", args=[pattern.slug, pattern.front.revision])),
        "unsubscribe_url": mime.place("unsubscribe_url"),
        "preferences_url": mime.place("preferences_url"),
    }
    html = css_inline.inline(render_to_string("emails/update.html", context), keep_style_tags=True)
    text = render_to_string("emails/update.txt", context)
    return UpdateMail(subject(pattern), html, text)
