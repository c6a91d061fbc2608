from collections.abc import Iterator

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "From domain"


def examine(site: Site) -> Iterator[Finding]:
    """Replies and bounces must find their way to the domain of the From address (RFC 5321, 5.1)."""
    if not site.sends:
        yield passed_over("Mail goes to the mailbox page of this site; set SMTP_HOST or MAIL_TRANSPORT=ses to send it.")
        return
    hosts = site.dns(site.domain, "MX")
    if hosts == [""]:
        yield wrong(
            f"{site.domain} declares that it accepts no mail (a null MX record).",
            "Send from a domain that accepts mail, or give it an MX record. Bounces and replies go there.",
        )
    elif hosts:
        yield good(f"{site.domain} accepts mail at {', '.join(sorted(hosts)[:3])}.")
    elif site.dns(site.domain, "A") or site.dns(site.domain, "AAAA"):
        yield warning(
            f"{site.domain} has an address but no MX record.",
            "Add an MX record for the host that accepts its mail. Some receivers refuse senders without one.",
        )
    else:
        yield wrong(
            f"{site.domain} has neither MX nor address records: receivers refuse mail from it.",
            "Set FROM_EMAIL to an address in your own domain, and give that domain an MX record.",
        )
