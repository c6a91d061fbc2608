import uuid
from collections.abc import Iterator

from django.urls import reverse

from catalogue.context import absolute
from catalogue.newsletter import tokens
from catalogue.newsletter.doctor.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.doctor.site import NoAnswer, Site

TITLE = "One-click unsubscribe"


def examine(site: Site) -> Iterator[Finding]:
    """The address in List-Unsubscribe must take a POST without cookie or redirect (RFC 8058). Nobody has this token."""
    if not site.sends:
        yield passed_over("No mail leaves this machine.")
        return
    url = absolute(reverse("newsletter:unsubscribe", args=[tokens.unsubscribe_token(uuid.uuid4())]))
    try:
        reply = site.post(url, b"List-Unsubscribe=One-Click")
    except NoAnswer as error:
        yield wrong(f"Mail programs cannot unsubscribe anybody: {error}", "Let SITE_URL be reached from the internet.")
        return
    if reply.status == 200:
        yield good("A POST from a mail program is answered 200.")
    elif reply.status == 404:
        yield wrong("The site does not know its own token.", "Give this command and the site the same SECRET_KEY.")
    else:
        yield wrong(
            f"A POST from a mail program is answered {reply.status}.",
            "Let the proxy before the site pass POSTs to /newsletter/unsubscribe/ on, without redirect or login.",
        )
