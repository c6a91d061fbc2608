"""The e-mails we write, as envelopes ready to go. Each is text first, HTML second, without anything that tracks."""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.utils import format_datetime, parseaddr
from functools import lru_cache

from django.conf import settings
from django.template.loader import render_to_string

from catalogue.newsletter.delivery.feedback import verp
from catalogue.newsletter.delivery.transports.base import Envelope
from catalogue.newsletter.mail import mime
from catalogue.newsletter.models import Delivery, Update
from catalogue.newsletter.subscribers import consent, tokens

log = logging.getLogger(__name__)
# RFC 5322, 3.2.3: such an address needs no quoting in a header.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")


class UnsendableError(Exception):
    """The row can never become a mail, however often it is tried."""


class UnwritableUpdate(UnsendableError):
    """No copy of this update can be made, for no reader; the message says why."""


class Composer:
    """Writes the mails of one pass: what is the same for all of them is looked up and built once.

    Safe to use from many threads. Reads nothing but the given rows with their subscriber and update.
    """

    def __init__(self) -> None:
        self._sender = sender_address()
        # SES has a return path of its own and tells of bounces by SNS.
        self._by_verp = bool(settings.BOUNCE_ADDRESS) and settings.MAIL_TRANSPORT == "smtp"
        self._domain = sender_domain()
        self._reply_to = _reply_address()
        self._links = tokens.Links()
        self._templates: dict[int, mime.MessageTemplate] = {}
        self._unwritable: dict[int, UnwritableUpdate] = {}

    def compose(self, delivery: Delivery) -> Envelope:
        """The mail of a queue row, with fresh links. Its Message-ID stays the same over all attempts.

        Raises UnsendableError, UnwritableUpdate.
        """
        subscriber = delivery.subscriber
        try:
            match delivery.kind:
                case Delivery.Kind.UPDATE:
                    to = ascii_address(subscriber.address)
                    content = self._update(delivery, to)
                case Delivery.Kind.MOVE:
                    to = ascii_address(subscriber.new_address)
                    content = _move(delivery, to)
                case _:
                    to = ascii_address(subscriber.address)
                    content = _confirmation(delivery, to)
        except mime.BadHeader as error:
            raise UnsendableError(str(error)) from error
        return Envelope(verp.sender(delivery.ref) if self._by_verp else self._sender, to, content)

    def _update(self, delivery: Delivery, to: str) -> bytes:
        template = self._template(delivery)
        leave = tokens.unsubscribe_token(delivery.subscriber.ref)
        return template.fill(
            {
                "to": to,
                "date": _date(),
                "message_id": f"{delivery.ref}@{self._domain}",
                "unsubscribe_url": self._links.unsubscribe(leave),
                "unsubscribe_mail": f"mailto:{self._reply_to}?subject=unsubscribe%20{leave}",
                "preferences_url": self._links.preferences(tokens.preferences_token(delivery.subscriber.ref)),
            }
        )

    def _template(self, delivery: Delivery) -> mime.MessageTemplate:
        """The update's message, built once a pass; so is the failure to. Raises UnwritableUpdate."""
        key = delivery.update_sent_id
        assert key is not None
        if key in self._unwritable:
            raise self._unwritable[key]
        template = self._templates.get(key)
        if template is None:
            assert delivery.update_sent is not None
            try:
                template = self._templates[key] = update_template(delivery.update_sent)
            except UnwritableUpdate as error:
                self._unwritable[key] = error
                log.error("No mail of %s can be written: %s", delivery.update_sent, error, exc_info=error)
                raise
        return template


def compose(delivery: Delivery) -> Envelope:
    """One mail by itself: see `Composer.compose`."""
    return Composer().compose(delivery)


def update_template(update: Update) -> mime.MessageTemplate:
    """The update's message, to be filled for each of its recipients. Raises UnwritableUpdate, whatever is wrong."""
    try:
        template = _built(update)
    except Exception as error:
        raise UnwritableUpdate(f"{type(error).__name__}: {error}") from error
    unknown = sorted(template.places - _PLACES)
    if unknown:
        raise UnwritableUpdate(f"The text has places that nothing is known for: {', '.join(unknown)}.")
    return template


def _built(update: Update) -> mime.MessageTemplate:
    return mime.build(
        headers={
            **_sender_headers(),
            "Subject": update.subject,
            "List-Id": f"{settings.SITE_NAME} updates <{list_id()}>",
        },
        lines={
            **_RECIPIENT_LINES,
            # https://support.google.com/a/answer/6254652: names the mailing, and no one in it
            "Feedback-ID": f"{update.pattern}-{update.revision}:updates:newsletter:{list_id()[:32]}",
            # RFC 8058: one HTTPS address that takes a POST, then what RFC 2369 offers older programs
            "List-Unsubscribe": f"<{mime.place('unsubscribe_url')}>, <{mime.place('unsubscribe_mail')}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "list",
        },
        text=update.text,
        html=update.html,
    )


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


_PLACES = {"to", "date", "message_id", "unsubscribe_url", "unsubscribe_mail", "preferences_url"}
"""What is known of each recipient of an update."""
_RECIPIENT_LINES = {
    "To": mime.place("to"),
    "Date": mime.place("date"),
    "Message-ID": f"<{mime.place('message_id')}>",
}


def _recipient_values(delivery: Delivery, to: str) -> dict[str, str]:
    return {"to": to, "date": _date(), "message_id": f"{delivery.ref}@{sender_domain()}"}


def _sender_headers() -> dict[str, str | Address]:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    headers: dict[str, str | Address] = {"From": Address(name, addr_spec=ascii_address(address))}
    if settings.REPLY_TO:
        headers["Reply-To"] = Address(addr_spec=ascii_address(parseaddr(settings.REPLY_TO)[1]))
    return headers


def _date() -> str:
    """Now, with the numeric zone that RFC 5322 (3.3) asks for: `GMT` is obsolete in mail."""
    return format_datetime(datetime.now(UTC))


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
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise UnsendableError(f"{address!r} is not an e-mail address: {error}") from error
    if checked.ascii_email is None:
        raise UnsendableError(f"{address!r} cannot be written in ASCII.")
    return checked.ascii_email


def ascii_address(address: str) -> str:
    """An address as envelope and header want it: its domain in ASCII, nothing in it that is read as syntax.

    Raises UnsendableError.
    """
    return address if _PLAIN_ADDRESS.fullmatch(address) else _encoded(address)
