"""The newsletter's tables. Rows are changed by the functions of `services` and `queue`, nowhere else."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from catalogue.newsletter.mailbox.models import MailboxMessage

__all__ = ["ClientBudget", "ConsentRecord", "Delivery", "MailboxMessage", "Subscriber"]


class Subscriber(models.Model):
    """A person's address and whether they want mail there."""

    class State(models.TextChoices):
        PENDING = "pending", "asked, not confirmed"
        CONFIRMED = "confirmed", "confirmed"
        UNSUBSCRIBED = "unsubscribed", "unsubscribed"

    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Stands for the row in links.")
    address = models.CharField(max_length=320, help_text="As the person wrote it: mail is sent here.")
    key = models.CharField(max_length=320, unique=True, help_text="The address in its one canonical form.")
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    epoch = models.PositiveIntegerField(
        default=1, help_text="Rises with each unsubscribe, so that confirmation links from before are void."
    )
    asks = models.PositiveIntegerField(default=0, help_text="Confirmations queued since the last yes.")
    next_ask_at = models.DateTimeField(help_text="No further confirmation is queued before this time.")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    unsubscribed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["state", "created_at"])]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="newsletter_confirmed_has_a_time",
                condition=~Q(state="confirmed") | Q(confirmed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.address


class AppendOnlyQuerySet(models.QuerySet["ConsentRecord"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("Consent records are only ever added.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Consent records go only with the subscriber they belong to.")


class ConsentRecord(models.Model):
    """One event in the history of a person's consent: proof of who agreed to what, when and where."""

    class Event(models.TextChoices):
        REQUESTED = "requested", "asked through a form"
        MAILED = "mailed", "confirmation sent"
        CONFIRMED = "confirmed", "confirmed by button"
        WITHDRAWN = "withdrawn", "unsubscribed by button"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="consent")
    event = models.CharField(max_length=10, choices=Event)
    at = models.DateTimeField()
    address = models.CharField(max_length=320, help_text="The address at that time.")
    form = models.CharField(max_length=40, blank=True, help_text="Which form was used.")
    page = models.CharField(max_length=200, blank=True, help_text="The path of the page it stood on.")
    wording = models.PositiveIntegerField(help_text="Version of the words the person agreed to.")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.address}: {self.event} at {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Consent records are only ever added.")
        super().save(*args, **kwargs)


class Delivery(models.Model):
    """One e-mail to one subscriber: its row is its place in the queue."""

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", "confirmation"

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        IN_FLIGHT = "in_flight", "in flight"
        RETRY = "retry", "to be tried again"
        SENT = "sent", "sent"
        FAILED = "failed", "failed for good"
        SUPPRESSED = "suppressed", "no longer wanted"

    OPEN = (State.QUEUED, State.IN_FLIGHT, State.RETRY)

    ref = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Names the mail in its Message-ID."
    )
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField(
        help_text="When an attempt may begin; in flight, when the lease ends and another may take over."
    )
    lease = models.UUIDField(null=True, blank=True, editable=False, help_text="The claim under which it is in flight.")
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="What the last attempt was answered.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                name="newsletter_delivery_due",
                fields=["due_at", "id"],
                condition=Q(state__in=["queued", "in_flight", "retry"]),
            ),
            models.Index(name="newsletter_delivery_lease", fields=["lease"], condition=Q(lease__isnull=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="newsletter_one_open_confirmation",
                fields=["subscriber"],
                condition=Q(kind="confirmation", state__in=["queued", "in_flight", "retry"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"


class ClientBudget(models.Model):
    """How much of its subscribe allowance one client has used (the single number of a GCRA limiter)."""

    client = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of the IP address.")
    spent_until = models.FloatField(help_text="Unix seconds at which the allowance is whole again.")

    def __str__(self) -> str:
        return self.client[:12]
