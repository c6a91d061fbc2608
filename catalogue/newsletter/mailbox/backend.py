"""An e-mail backend that keeps messages for the mailbox page instead of sending them."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from catalogue.newsletter.mailbox.models import MailboxMessage


class MailboxBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store each message as the bytes a mail server would get; beyond the limit the oldest go."""
        for message in email_messages:
            deliver(message)
        return len(email_messages)


def deliver(message: EmailMessage) -> None:
    parsed = message.message()
    with transaction.atomic():
        MailboxMessage.objects.create(
            received_at=timezone.now(),
            sender=message.from_email,
            recipients=", ".join(message.recipients()),
            subject=str(parsed["Subject"])[:200],
            raw=parsed.as_bytes(),
        )
        kept = MailboxMessage.objects.order_by("-pk")
        oldest = kept.values_list("pk", flat=True)[settings.MAILBOX_KEEP - 1 : settings.MAILBOX_KEEP]
        for pk in oldest:
            MailboxMessage.objects.filter(pk__lt=pk).delete()
