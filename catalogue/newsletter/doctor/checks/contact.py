from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.doctor.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.doctor.site import Site

TITLE = "Contact"


def examine(site: Site) -> Iterator[Finding]:
    """Many laws ask every bulk mail for its sender and their postal address."""
    if settings.NEWSLETTER_CONTACT:
        yield good("Every update names its sender.")
    elif site.sends:
        yield wrong(
            "NEWSLETTER_CONTACT is empty: no mail says who sends it.",
            "Set it to one line with name and postal address; it stands at the end of each update.",
        )
    else:
        yield passed_over("No mail leaves this machine.")
