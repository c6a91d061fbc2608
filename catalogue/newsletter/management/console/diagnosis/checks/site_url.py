from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "SITE_URL"


def examine(site: Site) -> Iterator[Finding]:
    if settings.SITE_URL.startswith("https://"):
        yield good(f"Links in mails go to {settings.SITE_URL}.")
    elif site.sends:
        yield wrong(
            f"SITE_URL is {settings.SITE_URL}: one-click unsubscribe needs https (RFC 8058).",
            "Set SITE_URL to the https address that readers use.",
        )
    else:
        yield passed_over("No mail leaves this machine.")
