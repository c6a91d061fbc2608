from collections.abc import Iterator

from botocore.exceptions import ClientError

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "SES identity"


def examine(site: Site) -> Iterator[Finding]:
    if site.transport != "ses":
        yield passed_over("Mail is not sent through SES.")
        return
    try:
        identity = site.ses().get_email_identity(EmailIdentity=site.domain)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NotFoundException":
            raise
        yield wrong(f"SES has no identity {site.domain}.", "Create the domain identity in SES_REGION and verify it.")
        return
    if identity.get("VerifiedForSendingStatus"):
        yield good(f"{site.domain} is verified.")
    else:
        yield wrong(f"{site.domain} is not verified for sending.", "Publish the DNS records that SES asks for.")
    custom = identity.get("MailFromAttributes", {})
    if custom.get("MailFromDomain") and custom.get("MailFromDomainStatus") != "SUCCESS":
        yield wrong(
            f"The MAIL FROM domain {custom['MailFromDomain']} is not set up: {custom.get('MailFromDomainStatus')}.",
            "Publish its MX and SPF records as the SES console shows them.",
        )
