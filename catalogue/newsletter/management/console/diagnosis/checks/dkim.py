from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site
from catalogue.newsletter.management.console.diagnosis.tags import tags

TITLE = "DKIM"


def examine(site: Site) -> Iterator[Finding]:
    """Mail must be signed for the From domain (RFC 6376); Gmail and Yahoo ask it of every bulk sender."""
    if not site.sends:
        yield passed_over("No mail leaves this machine.")
    elif site.transport == "ses":
        identity = site.ses().get_email_identity(EmailIdentity=site.domain)
        yield of_identity(site.domain, identity.get("DkimAttributes", {}))
    elif not settings.NEWSLETTER_DKIM_SELECTOR:
        yield warning(
            "The mail server's DKIM selector is not known.",
            "Set NEWSLETTER_DKIM_SELECTOR to it, and the doctor looks up its key.",
        )
    else:
        name = f"{settings.NEWSLETTER_DKIM_SELECTOR}._domainkey.{site.domain}"
        yield of_records(name, site.dns(name, "TXT"))


def of_records(name: str, texts: list[str]) -> Finding:
    keys = [found for found in map(tags, texts) if "p" in found]
    if not keys:
        return wrong(
            f"{name} has no DKIM key.", "Publish the public key of the mail server's signer there as a TXT record."
        )
    if not any(found["p"] for found in keys):
        return wrong(f"The DKIM key at {name} is revoked (its p is empty).", "Publish the current key.")
    return good(f"{name} has a DKIM key.")


def of_identity(domain: str, attributes: dict[str, object]) -> Finding:
    if not attributes.get("SigningEnabled"):
        return wrong(f"SES does not sign mail of {domain}.", "Turn DKIM signing on for the identity (Easy DKIM).")
    if attributes.get("Status") != "SUCCESS":
        tokens = attributes.get("Tokens")
        names = [f"{token}._domainkey.{domain}" for token in tokens] if isinstance(tokens, list) else []
        return wrong(
            f"SES does not find the DKIM keys of {domain}: {attributes.get('Status')}.",
            "Publish the CNAME records that SES names: " + (", ".join(names) or "see the identity in the SES console"),
        )
    return good(f"SES signs mail of {domain}.")
