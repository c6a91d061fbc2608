from collections.abc import Iterator
from typing import Any

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site
from catalogue.newsletter.models import Subscriber

TITLE = "SES account"


def examine(site: Site) -> Iterator[Finding]:
    """Sandbox, quota and rate: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html"""
    if site.transport != "ses":
        yield passed_over("Mail is not sent through SES.")
        return
    readers = Subscriber.objects.filter(state=Subscriber.State.CONFIRMED).count()
    yield from judge(site.ses().get_account(), readers, settings.NEWSLETTER_PER_SECOND)


def judge(account: dict[str, Any], readers: int, per_second: int) -> Iterator[Finding]:
    """What SES's account means for so many readers at a set rate (0: none is set)."""
    if not account.get("SendingEnabled", True):
        yield wrong(
            "SES has stopped this account's sending.", "See the SES console for the reason, and reply to Amazon there."
        )
    if not account.get("ProductionAccessEnabled"):
        yield wrong(
            "The account is in the SES sandbox: it can send only to verified addresses.",
            "Request production access for this region in the SES console.",
        )
    quota = account.get("SendQuota", {})
    daily, sent = float(quota.get("Max24HourSend", 0)), float(quota.get("SentLast24Hours", 0))
    if daily >= 0 and daily - sent < readers:
        yield warning(
            f"SES accepts {daily - sent:.0f} more mails today, and there are {readers} readers.",
            "Request a higher quota. Until then the rest waits, and no mail is lost.",
        )
    else:
        yield good(
            "The day's quota is unlimited." if daily < 0 else f"{daily - sent:.0f} of {daily:.0f} mails are left."
        )
    rate = float(quota.get("MaxSendRate", 0))
    if rate and (per_second == 0 or per_second > rate):
        yield warning(
            f"SES accepts {rate:g} mails a second; NEWSLETTER_PER_SECOND is {per_second or 'not set'}.",
            f"Set NEWSLETTER_PER_SECOND={int(rate) or 1}, so that SES need not throttle.",
        )
