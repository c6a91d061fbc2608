from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "Contact"


def examine(site: Site) -> Iterator[Finding]:
    """Many laws ask every bulk mail for its sender and their postal address."""
    if settings.NEWSLETTER_CONTACT:
        yield good("Every update names its sender.")
    elif site.sends:
        yield wrong(
            "NEWSLETTER_CONTACT is empty, so mails do not say who sends them.",
            "Set it to one line with a name and postal address. It is shown at the end of each update.",
        )
    else:
        yield passed_over("No mail leaves this machine.")
