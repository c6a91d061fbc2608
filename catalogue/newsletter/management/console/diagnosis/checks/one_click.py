import uuid
from collections.abc import Iterator

from django.urls import reverse

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.management.console.diagnosis.site import NoAnswer, Site
from catalogue.newsletter.subscribers import tokens
from catalogue.web.context import absolute

TITLE = "One-click unsubscribe"


def examine(site: Site) -> Iterator[Finding]:
    """The address in List-Unsubscribe must take a POST without cookie or redirect (RFC 8058). No one has this token."""
    if not site.sends:
        yield passed_over("No mail leaves this machine.")
        return
    url = absolute(reverse("newsletter:unsubscribe", args=[tokens.unsubscribe_token(uuid.uuid4())]))
    try:
        reply = site.post(url, b"List-Unsubscribe=One-Click")
    except NoAnswer as error:
        yield wrong(f"Mail programs cannot unsubscribe readers: {error}", "Make SITE_URL reachable from the internet.")
        return
    if reply.status == 200:
        yield good("A POST from a mail program is answered 200.")
    elif reply.status == 404:
        yield wrong("The site does not accept its own token.", "Give this command and the site the same SECRET_KEY.")
    else:
        yield wrong(
            f"A POST from a mail program is answered {reply.status}.",
            "Have the site's proxy forward POSTs to /newsletter/unsubscribe/ without a redirect or login.",
        )
