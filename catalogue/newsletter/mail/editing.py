"""What an editor does with one update before it goes out: look at it, edit its subject, send a test."""

import copy
import uuid
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

from django.utils import timezone
from django.utils.crypto import salted_hmac

from catalogue.base.keys import lasting_key
from catalogue.newsletter.delivery.sending.outcomes import Outcome
from catalogue.newsletter.delivery.transports import get_transport
from catalogue.newsletter.delivery.transports.base import Envelope, Unreachable
from catalogue.newsletter.mail import messages, updates
from catalogue.newsletter.mail import update as update_mail
from catalogue.newsletter.models import Delivery, Subscriber, Update
from catalogue.newsletter.subscribers import addresses, limits
from catalogue.patterns.content.library import library

LONGEST_SUBJECT = 150
TESTS_PER_HOUR = 20  # of one editor
SAMPLE = "reader@example.com"


class Refused(Exception):
    """That cannot be done; the message is fit for an editor and tells the remedy."""


@dataclass(frozen=True)
class Preview:
    """An update's mail as it would leave for one recipient. Its personal links lead nowhere."""

    raw: bytes
    headers: str
    """As they travel, line by line."""
    text: str
    html: str


def preview(update: Update, to: str = SAMPLE) -> Preview:
    """The mail as frozen at its release, or before that as it would be now. Raises Refused."""
    raw = _envelope(update, to).content
    mail = message_from_bytes(raw, policy=policy.default)
    head, _, _ = raw.partition(b"\r\n\r\n")
    parts: dict[str, Any] = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    return Preview(
        raw=raw,
        headers=head.decode("ascii").replace("\r\n", "\n"),
        text=str(parts["plain"].get_content()),
        html=str(parts["html"].get_content()),
    )


def rename(update: Update, subject: str) -> None:
    """Give it another subject, while it waits to be released. Raises Refused."""
    subject = subject.strip()
    if not subject or len(subject) > LONGEST_SUBJECT:
        raise Refused(f"A subject must have 1 to {LONGEST_SUBJECT} characters; this one has {len(subject)}.")
    if not subject.isprintable():
        raise Refused("A subject must be one line without control characters.")
    waiting = (Update.State.DRAFT, Update.State.SCHEDULED)
    if not Update.objects.filter(pk=update.pk, state__in=waiting).update(subject=subject):
        raise Refused("The update was released, so its subject can no longer change.")


def send_test(update: Update, to: str) -> str:
    """Send the mail to one address now, beside the queue; returns the address. Raises Refused."""
    try:
        address = addresses.parse(to)
    except addresses.BadAddress as error:
        raise Refused(f"{to!r} is not an address to send a test to: {error}") from error
    envelope = _envelope(update, address.text)
    try:
        way_out = get_transport().connect()
    except Unreachable as error:
        raise Refused(f"The mail server cannot be reached: {error}") from error
    try:
        result = way_out.send(envelope, lambda: lambda: True, lambda: None)
    finally:
        way_out.close()
    if result.outcome is not Outcome.SENT:
        raise Refused(f"The test was refused: {result.detail or result.outcome.value}")
    return address.text


def charge_test(editor: str) -> None:
    """Count a test mail against an editor's allowance. Raises Refused."""
    key = salted_hmac("newsletter.test", editor, secret=lasting_key(), algorithm="sha256").hexdigest()
    wait = limits.take(key, per_hour=TESTS_PER_HOUR)
    if wait:
        raise Refused(f"You can send {TESTS_PER_HOUR} tests per hour. Send the next one in {wait} seconds.")


def _envelope(update: Update, to: str) -> Envelope:
    """For a reader that does not exist: the links in the mail are well-formed and change nothing."""
    now = timezone.now()
    reader = Subscriber(ref=uuid.uuid4(), address=to, key=to, created_at=now, next_ask_at=now)
    mail = frozen(update)
    delivery = Delivery(ref=uuid.uuid4(), subscriber=reader, kind=Delivery.Kind.UPDATE, update_sent=mail, due_at=now)
    try:
        return messages.compose(delivery)
    except messages.UnsendableError as error:
        raise Refused(f"The mail cannot be written: {error}") from error


def frozen(update: Update) -> Update:
    """The update with its text: its own, or, before its release, the pattern's as it is now. Raises Refused."""
    if update.html:
        return update
    pattern = library().published(update.pattern)
    if pattern is None or pattern.front.revision != update.revision:
        raise Refused(f"The catalogue has no published {update.pattern} with revision {update.revision}.")
    try:
        mail = update_mail.render(pattern)
    except update_mail.TooLong as error:
        raise Refused(f"{error} Shorten the pattern's question, answer or change note.") from error
    except update_mail.NotRendered as error:
        raise Refused(str(error)) from error
    filled = copy.copy(update)
    filled.html, filled.text = mail.html, mail.text
    return filled


def schedule(update: Update, at: datetime) -> None:
    """Let it be released by itself. Raises Refused."""
    if at <= timezone.now():
        raise Refused(f"{at:%Y-%m-%d %H:%M} UTC is in the past. Choose a later time, or release the update now.")
    frozen(update)  # what cannot be written now could not be written then
    try:
        updates.schedule(update, at)
    except updates.NotNow as error:
        raise Refused(str(error)) from error


def release(update: Update, expected: int) -> int:
    """Release it to the number of people that the editor has seen; returns how many are queued. Raises Refused.

    If the number has changed since, no one is queued. A second release queues no one either.
    """
    now = updates.audience(update).count()
    if now != expected:
        raise Refused(f"It would go to {now} now, not to {expected}. Check again, and confirm the new number.")
    try:
        return updates.release(update)
    except (updates.NotNow, update_mail.NotRendered) as error:
        raise Refused(str(error)) from error
