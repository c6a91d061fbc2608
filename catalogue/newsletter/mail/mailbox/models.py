from typing import ClassVar

from django.db import models


class MailboxMessage(models.Model):
    """One received message, as the bytes that a mail server would have been given (RFC 5322)."""

    received_at = models.DateTimeField()
    sender = models.CharField(max_length=320, help_text="Envelope sender.")
    recipients = models.TextField(help_text="Envelope recipients, comma-separated.")
    subject = models.CharField(max_length=200, blank=True)
    raw = models.BinaryField()

    class Meta:
        app_label = "newsletter"
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipients}"
