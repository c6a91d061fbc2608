"""The e-mails we write. Each is text first, HTML second, without anything that tracks."""

from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from catalogue.newsletter import consent, tokens
from catalogue.newsletter.models import Delivery


class UnsendableError(Exception):
    """The row can never become a mail, however often it is tried."""


def build(delivery: Delivery) -> EmailMultiAlternatives:
    """The message of a queue row, with fresh links. Its Message-ID stays the same over all attempts."""
    builders = {Delivery.Kind.CONFIRMATION: _confirmation}
    return builders[Delivery.Kind(delivery.kind)](delivery)


def _confirmation(delivery: Delivery) -> EmailMultiAlternatives:
    subscriber = delivery.subscriber
    context = {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "address": subscriber.address,
        "confirm_url": tokens.confirm_url(subscriber),
        "unsubscribe_url": tokens.unsubscribe_url(subscriber),
        "days": tokens.CONFIRM_LIFETIME.days,
        "wording": consent.WORDINGS[consent.CURRENT],
    }
    message = EmailMultiAlternatives(
        subject=f"Confirm your subscription to {settings.SITE_NAME}",
        body=render_to_string("emails/confirmation.txt", context),
        to=[mailbox(subscriber.address)],
        headers={
            "Message-ID": f"<{delivery.ref}@{sender_domain()}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office replies, please
            "X-Auto-Response-Suppress": "All",  # the same for Exchange
        },
    )
    message.attach_alternative(render_to_string("emails/confirmation.html", context), "text/html")
    return message


def sender_domain() -> str:
    """The domain of the From address: our Message-IDs are made there."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def mailbox(address: str) -> str:
    """An address as a header wants it, taken apart by us so that nothing in it is read as syntax.

    Raises `UnsendableError`.
    """
    try:
        return str(Address(addr_spec=address))
    except (ValueError, HeaderParseError, IndexError) as error:
        raise UnsendableError(f"{address!r} is no address: {error}") from error
