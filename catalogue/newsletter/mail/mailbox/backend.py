"""An e-mail backend that keeps messages for the mailbox page instead of sending them."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from catalogue.newsletter.mail.mailbox.models import MailboxMessage
from catalogue.newsletter.mail.mailbox.reading import subject_of


class MailboxBackend(BaseEmailBackend):
    """For mail that Django sends by itself, such as a password reset; the newsletter's has its own transport."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            keep(message.from_email, message.recipients(), message.message().as_bytes())
        return len(email_messages)


def keep(sender: str, recipients: list[str], content: bytes) -> None:
    """Store a message as the bytes a mail server would get; beyond the limit the oldest go."""
    with transaction.atomic():
        MailboxMessage.objects.create(
            received_at=timezone.now(),
            sender=sender,
            recipients=", ".join(recipients),
            subject=subject_of(content)[:200],
            raw=content,
        )
        kept = MailboxMessage.objects.order_by("-pk")
        oldest = kept.values_list("pk", flat=True)[settings.MAILBOX_KEEP - 1 : settings.MAILBOX_KEEP]
        for pk in oldest:
            MailboxMessage.objects.filter(pk__lt=pk).delete()
