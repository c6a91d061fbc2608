from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "Bounces"


def examine(site: Site) -> Iterator[Finding]:
    """By SMTP, bounces come as mail: someone must take it in, and read it. (SES tells of them by SNS: see Webhook.)"""
    if site.transport != "smtp":
        yield passed_over("Bounces do not come by mail.")
    elif not settings.BOUNCE_ADDRESS:
        yield warning(
            "Bounces go to FROM_EMAIL and are not counted, so dead addresses keep getting mail.",
            "Set BOUNCE_ADDRESS, and read its mailbox with `manage.py newsletter bounces`.",
        )
    else:
        domain = settings.BOUNCE_ADDRESS.rpartition("@")[2]
        # That of FROM_EMAIL is examined by itself.
        if domain == site.domain or site.dns(domain, "MX") or site.dns(domain, "A") or site.dns(domain, "AAAA"):
            yield good(f"{domain} accepts mail.")
        else:
            yield wrong(
                f"{domain} has neither an MX record nor an address, so no bounce can arrive.", "Publish an MX record."
            )
        if not settings.BOUNCE_MAILBOX:
            yield warning(
                "BOUNCE_MAILBOX is not set.",
                "Set it and run `manage.py newsletter bounces` with a timer, or have the mail server pipe mails to it.",
            )
