"""The e-mails we write, as envelopes ready to go. Each is text first, HTML second, without anything that tracks."""

import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.utils import formatdate, parseaddr
from functools import lru_cache

from django.conf import settings
from django.template.loader import render_to_string
from email_validator import EmailNotValidError, validate_email

from catalogue.newsletter import consent, mime, tokens
from catalogue.newsletter.models import Delivery, Update
from catalogue.newsletter.transports import Envelope

# RFC 5322, 3.2.3: such an address needs no quoting in a header.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")


class UnsendableError(Exception):
    """The row can never become a mail, however often it is tried."""


def compose(delivery: Delivery) -> Envelope:
    """The mail of a queue row, with fresh links. Its Message-ID stays the same over all attempts.

    Raises UnsendableError. Reads nothing but the row with its subscriber and update.
    """
    subscriber = delivery.subscriber
    try:
        match Delivery.Kind(delivery.kind):
            case Delivery.Kind.UPDATE:
                assert delivery.update_sent is not None
                to = ascii_address(subscriber.address)
                content = update_template(delivery.update_sent).fill(_update_values(delivery, to))
            case Delivery.Kind.MOVE:
                to = ascii_address(subscriber.new_address)
                content = _move(delivery, to)
            case Delivery.Kind.CONFIRMATION:
                to = ascii_address(subscriber.address)
                content = _confirmation(delivery, to)
    except mime.BadHeader as error:
        raise UnsendableError(str(error)) from error
    return Envelope(sender_address(), to, content)


def update_template(update: Update) -> mime.MessageTemplate:
    """The update's message, built once for all its recipients."""
    assert update.pk is not None
    return _update_template(
        update.pk, update.subject, update.html, update.text, f"{update.pattern}-{update.revision}", _identity()
    )


@lru_cache(maxsize=16)
def _update_template(
    pk: int, subject: str, html: str, text: str, campaign: str, identity: tuple[str, str, str]
) -> mime.MessageTemplate:
    """`identity` is what the settings say of the sender: other settings, other message."""
    return mime.build(
        headers={
            **_sender_headers(),
            "Subject": subject,
            "List-Id": f"{settings.SITE_NAME} updates <{list_id()}>",
            # https://support.google.com/a/answer/6254652: names the mailing, and nobody in it
            "Feedback-ID": f"{campaign}:updates:newsletter:{list_id()[:32]}",
        },
        lines={
            **_RECIPIENT_LINES,
            # RFC 8058: one HTTPS address that takes a POST, then what RFC 2369 offers older programs
            "List-Unsubscribe": f"<{mime.place('unsubscribe_url')}>, <{mime.place('unsubscribe_mail')}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "list",
        },
        text=text,
        html=html,
    )


def _update_values(delivery: Delivery, to: str) -> Mapping[str, str]:
    subscriber = delivery.subscriber
    token = tokens.unsubscribe_token(subscriber.ref)
    return {
        **_recipient_values(delivery, to),
        "unsubscribe_url": tokens.unsubscribe_address(token),
        "unsubscribe_mail": f"mailto:{_reply_address()}?subject=unsubscribe%20{token}",
        "preferences_url": tokens.preferences_url(subscriber.ref),
    }


def _confirmation(delivery: Delivery, to: str) -> bytes:
    subscriber = delivery.subscriber
    context = {
        "address": subscriber.address,
        "confirm_url": tokens.confirm_url(subscriber),
        "unsubscribe_url": tokens.unsubscribe_url(subscriber),
        "days": tokens.CONFIRM_LIFETIME.days,
        "wording": consent.WORDINGS[consent.CURRENT],
    }
    return _automatic(delivery, to, f"Confirm your subscription to {settings.SITE_NAME}", "confirmation", context)


def _move(delivery: Delivery, to: str) -> bytes:
    context = {
        "address": delivery.subscriber.new_address,
        "confirm_url": tokens.move_url(delivery.subscriber),
        "days": tokens.CONFIRM_LIFETIME.days,
    }
    return _automatic(delivery, to, f"Confirm your new address for {settings.SITE_NAME}", "move", context)


def _automatic(delivery: Delivery, to: str, subject: str, template: str, context: Mapping[str, object]) -> bytes:
    """A mail that answers something the reader did."""
    context = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL, **context}
    message = mime.build(
        headers={**_sender_headers(), "Subject": subject},
        lines={
            **_RECIPIENT_LINES,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office replies, please
            "X-Auto-Response-Suppress": "All",  # the same for Exchange
        },
        text=render_to_string(f"emails/{template}.txt", context),
        html=render_to_string(f"emails/{template}.html", context),
    )
    return message.fill(_recipient_values(delivery, to))


_RECIPIENT_LINES = {
    "To": mime.place("to"),
    "Date": mime.place("date"),
    "Message-ID": f"<{mime.place('message_id')}>",
}


def _recipient_values(delivery: Delivery, to: str) -> dict[str, str]:
    return {"to": to, "date": formatdate(usegmt=True), "message_id": f"{delivery.ref}@{sender_domain()}"}


def _identity() -> tuple[str, str, str]:
    return settings.DEFAULT_FROM_EMAIL, settings.REPLY_TO, settings.SITE_NAME


def _sender_headers() -> dict[str, str | Address]:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    headers: dict[str, str | Address] = {"From": Address(name, addr_spec=ascii_address(address))}
    if settings.REPLY_TO:
        headers["Reply-To"] = Address(addr_spec=ascii_address(parseaddr(settings.REPLY_TO)[1]))
    return headers


def sender_address() -> str:
    """The envelope sender: bounces go there."""
    return ascii_address(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])


def sender_domain() -> str:
    """The domain of the From address: our Message-IDs are made there."""
    return sender_address().rpartition("@")[2]


def list_id() -> str:
    """The list's identifier (RFC 2919), on the sender's domain."""
    return f"updates.{sender_domain()}"


def _reply_address() -> str:
    return ascii_address(parseaddr(settings.REPLY_TO or settings.DEFAULT_FROM_EMAIL)[1])


@lru_cache(maxsize=64)
def _encoded(address: str) -> str:
    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise UnsendableError(f"{address!r} is no address: {error}") from error
    if checked.ascii_email is None:
        raise UnsendableError(f"{address!r} cannot be written in ASCII.")
    return checked.ascii_email


def ascii_address(address: str) -> str:
    """An address as envelope and header want it: its domain in ASCII, nothing in it that is read as syntax.

    Raises UnsendableError.
    """
    return address if _PLAIN_ADDRESS.fullmatch(address) else _encoded(address)
