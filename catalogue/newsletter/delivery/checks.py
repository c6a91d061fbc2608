"""System checks: settings with which the newsletter would fail, or give mail to the wrong people."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from email.utils import parseaddr
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, ProgrammingError

# An origin as a browser writes it (RFC 6454): host names in ASCII and lower case, an IPv6 address in brackets.
_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LAST_PORT = 65535
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")


@register("newsletter")
def check_newsletter(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    parts = (_mailbox, _sender, _site_url, _timeout, _warm_up, _reply_to, _bounces, _ses, _smtp, _selector)
    return [problem for part in parts for problem in part()]


@register("newsletter")
def check_suppression_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    from catalogue.newsletter.subscribers.suppression import keys as suppression_keys  # needs the models

    try:
        lost = suppression_keys.unmatched()
    except (OperationalError, ProgrammingError, InterfaceError):
        return []  # no database yet, or one that waits for its migration: there is nothing to compare with
    if not lost:
        return []
    return [
        Error(
            f"{lost} suppressed addresses were hashed with a key that is not set: an import could bring back an "
            "erased address.",
            hint=suppression_keys.REMEDY,
            id="newsletter.E016",
        )
    ]


def _mailbox() -> Iterator[CheckMessage]:
    if settings.MAIL_TRANSPORT == "mailbox" and not settings.DEBUG:
        yield Error(
            "The mailbox page would show all mail to the public.",
            hint="With DEBUG=0, set SMTP_HOST to a mail server, or set MAIL_TRANSPORT=ses.",
            id="newsletter.E001",
        )


def _sender() -> Iterator[CheckMessage]:
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    local_ok = settings.DEBUG and address.endswith("@localhost")
    wrong = _wrong(address.removesuffix("@localhost") + "@example.com" if local_ok else address)
    if wrong:
        yield Error(
            f"FROM_EMAIL={settings.DEFAULT_FROM_EMAIL!r} is not an address to send mail from: {wrong}",
            hint="Write it as Name <address@your-domain>.",
            id="newsletter.E002",
        )


def _wrong(address: str) -> str:
    """Why nothing can be sent to an address; empty if it can."""
    # Loaded here: this module is in every process, and not each runs its checks.
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        return str(error)
    return ""


def _site_url() -> Iterator[CheckMessage]:
    origin = _ORIGIN.fullmatch(settings.SITE_URL)
    if origin is None or ".." in settings.SITE_URL or (origin[1] and not 1 <= int(origin[1]) <= _LAST_PORT):
        yield Error(
            f"SITE_URL={settings.SITE_URL!r} is not the address of a site. Links in mails are built from it.",
            hint="Write scheme and host only, in lower case and ASCII, for example https://patterns.example.com.",
            id="newsletter.E003",
        )
        return
    if not settings.SITE_URL.startswith("https:") and not settings.DEBUG:
        yield Error(
            f"SITE_URL={settings.SITE_URL!r}: one-click unsubscribe (RFC 8058) needs https.",
            hint="With DEBUG=0, set SITE_URL to the https address of the site.",
            id="newsletter.E004",
        )


def _timeout() -> Iterator[CheckMessage]:
    if settings.MAIL_TRANSPORT == "smtp" and settings.SMTP_TIMEOUT * 4 > settings.NEWSLETTER_LEASE_SECONDS:
        yield Error(
            f"The mail server's timeout is {settings.SMTP_TIMEOUT} s: an attempt could outlive its lease of "
            f"{settings.NEWSLETTER_LEASE_SECONDS} s, and the mail be sent twice.",
            hint="Set NEWSLETTER_LEASE_SECONDS to four times the timeout or more.",
            id="newsletter.E005",
        )


def _warm_up() -> Iterator[CheckMessage]:
    from catalogue.newsletter.delivery import pace  # needs the models

    try:
        pace.warm_up()
    except ImproperlyConfigured as error:
        yield Error(
            str(error),
            hint="Such as 2026-12-01:200, or leave it empty for a sender that is already known.",
            id="newsletter.E006",
        )


def _reply_to() -> Iterator[CheckMessage]:
    wrong = _wrong(parseaddr(settings.REPLY_TO)[1]) if settings.REPLY_TO else ""
    if wrong:
        yield Error(
            f"REPLY_TO={settings.REPLY_TO!r} is not an address: {wrong}",
            hint="Write the address for replies, or leave it empty to have them sent to FROM_EMAIL.",
            id="newsletter.E008",
        )


def _bounces() -> Iterator[CheckMessage]:
    # It needs the models.
    from catalogue.newsletter.delivery.feedback.verp import LONGEST_LOCAL_PART

    address = settings.BOUNCE_ADDRESS
    if not address:
        return
    wrong = _wrong(address)
    local = address.rpartition("@")[0]
    if wrong or not address.isascii() or not re.fullmatch(r"[A-Za-z0-9._-]+", local):
        yield Error(
            f"BOUNCE_ADDRESS={address!r} is not an address that bounces can be sent to{f': {wrong}' if wrong else '.'}",
            hint="Write only the address, without a name or a plus sign, such as bounces@patterns.example.com.",
            id="newsletter.E017",
        )
    elif len(local) > LONGEST_LOCAL_PART:
        yield Error(
            f"BOUNCE_ADDRESS={address!r} leaves no room for the signature of each mail.",
            hint=f"It can have {LONGEST_LOCAL_PART} characters before the @, such as bounces@patterns.example.com.",
            id="newsletter.E018",
        )


def _ses() -> Iterator[CheckMessage]:
    if settings.SES_TOPIC_ARN and not _TOPIC.fullmatch(settings.SES_TOPIC_ARN):
        yield Error(
            f"SES_TOPIC_ARN={settings.SES_TOPIC_ARN!r} is not the ARN of an SNS topic, so no bounce would be accepted.",
            hint="Copy it from the topic: arn:aws:sns:<region>:<account>:<name>.",
            id="newsletter.E007",
        )
    if settings.MAIL_TRANSPORT == "ses" and not settings.SES_REGION:
        yield Error(
            "MAIL_TRANSPORT=ses needs a region.",
            hint="Set SES_REGION to the region where the sender's domain is verified.",
            id="newsletter.E009",
        )
    if settings.SES_REGION and not _REGION.fullmatch(settings.SES_REGION):
        yield Error(
            f"SES_REGION={settings.SES_REGION!r} is not the name of a region.",
            hint="Write it in AWS's format, such as eu-west-1.",
            id="newsletter.E012",
        )


def _smtp() -> Iterator[CheckMessage]:
    host = settings.SMTP_HOST
    if settings.MAIL_TRANSPORT == "smtp" and (not host or not host.isprintable() or " " in host):
        yield Error(
            f"SMTP_HOST={host!r} is not a mail server, so no mail can be sent." if host else "SMTP_HOST is not set.",
            hint="Set it to the name of the mail server; or set MAIL_TRANSPORT=ses; or, in development, "
            "DEBUG=1 and MAIL_TRANSPORT=mailbox.",
            id="newsletter.E010",
        )
    if not 1 <= settings.SMTP_PORT <= _LAST_PORT:
        yield Error(
            f"SMTP_PORT={settings.SMTP_PORT} is not a port.",
            hint="Write 1 to 65535: 25, 587 with SMTP_STARTTLS=1, or 465 with SMTP_TLS=1.",
            id="newsletter.E011",
        )
    yield from _encryption()


def _encryption() -> Iterator[CheckMessage]:
    if settings.MAIL_TRANSPORT != "smtp":
        return
    if settings.SMTP_TLS and settings.SMTP_STARTTLS:
        yield Error(
            "SMTP_TLS and SMTP_STARTTLS are both set: a connection either starts with TLS or switches to it.",
            hint="Set SMTP_TLS=1 for port 465, or SMTP_STARTTLS=1 for port 587 or 25.",
            id="newsletter.E014",
        )
    elif settings.SMTP_USER and not (settings.SMTP_TLS or settings.SMTP_STARTTLS or _is_loopback(settings.SMTP_HOST)):
        yield Error(
            f"SMTP_USER is set and the connection to {settings.SMTP_HOST} is not encrypted: the password and every "
            "mail would be sent in clear text.",
            hint="Set SMTP_STARTTLS=1 (port 587 or 25) or SMTP_TLS=1 (port 465).",
            id="newsletter.E015",
        )


def _is_loopback(host: str) -> bool:
    """Whether a host is this machine by its address or by its reserved name (RFC 6761)."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _selector() -> Iterator[CheckMessage]:
    selector = settings.NEWSLETTER_DKIM_SELECTOR
    if selector and (len(selector) > 200 or not _SELECTOR.fullmatch(selector)):
        yield Error(
            f"NEWSLETTER_DKIM_SELECTOR={selector!r} cannot be part of a domain name.",
            hint="Copy the value of s= from the DKIM-Signature of a mail from the server, such as mail2026.",
            id="newsletter.E013",
        )
