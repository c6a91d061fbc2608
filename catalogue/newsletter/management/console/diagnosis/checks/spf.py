import ipaddress
import socket
from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis import spf
from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "SPF"


def examine(site: Site) -> Iterator[Finding]:
    """The envelope sender's domain must say who may send for it (RFC 7208)."""
    if not site.sends:
        yield passed_over("No mail leaves this machine.")
        return
    domain = _mail_from(site) if site.transport == "ses" else _envelope_domain(site)
    if domain is None:
        yield good("SES sends under its own MAIL FROM domain, whose SPF record is Amazon's; DMARC then rests on DKIM.")
        return
    try:
        record = spf.find(site.dns(domain, "TXT"))
    except spf.BadRecord as error:
        yield wrong(f"The SPF record of {domain} is an error to receivers: {error}.", "Keep one valid record.")
        return
    if record is None:
        cover = "include:amazonses.com" if site.transport == "ses" else "ip4:<the sending host's address>"
        yield wrong(f"{domain} has no SPF record.", f"Add a TXT record: v=spf1 {cover} -all")
    elif record.rest == "pass":
        yield wrong(f"The SPF record of {domain} lets anyone send (+all).", "End it with -all or ~all.")
    elif site.transport == "ses":
        yield _of_ses(domain, record)
    else:
        yield from _of_smtp(site, domain)


def _envelope_domain(site: Site) -> str:
    """Of the sender that the mail server is given."""
    return settings.BOUNCE_ADDRESS.rpartition("@")[2] or site.domain


def _mail_from(site: Site) -> str | None:
    identity = site.ses().get_email_identity(EmailIdentity=site.domain)
    custom = identity.get("MailFromAttributes", {}).get("MailFromDomain")
    return str(custom) if custom else None


def _of_ses(domain: str, record: spf.Record) -> Finding:
    if record.includes("amazonses.com"):
        return good(f"{domain} lets Amazon SES send (include:amazonses.com).")
    return wrong(
        f"The SPF record of {domain} does not name Amazon SES.",
        "Add include:amazonses.com before its `all`.",
    )


def _of_smtp(site: Site, domain: str) -> Iterator[Finding]:
    addresses = [address for address in _addresses(site, settings.SMTP_HOST) if not address.is_loopback]
    if not addresses:
        yield passed_over(
            f"{domain} has an SPF record. The mail server is on this machine or a private network: "
            "whether the record names the address that it is seen under cannot be determined from here."
        )
    for address in addresses:
        judge = spf.Judge(site.dns)
        try:
            result = judge.result(domain, address)
        except spf.BadRecord as error:
            yield wrong(f"The SPF record of {domain} is an error to receivers: {error}.", "Fix the record.")
            return
        if result == "pass":
            yield good(f"{domain} lets {address} ({settings.SMTP_HOST}) send, in {judge.lookups} lookups.")
        else:
            yield warning(
                f"SPF of {domain} says {result} for {address} ({settings.SMTP_HOST}).",
                "If the server sends from that address, add it to the record. A relay may send from other addresses.",
            )


def _addresses(site: Site, host: str) -> list[spf.IpAddress]:
    try:
        return [ipaddress.ip_address(host)]
    except ValueError:
        pass
    if host in ("localhost", "", socket.gethostname()):
        return []
    return [ipaddress.ip_address(one) for kind in ("A", "AAAA") for one in site.dns(host, kind)]
