"""The newsletter's tables. Rows are changed by the functions of `services` and `queue`, nowhere else."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from catalogue.newsletter.mail.mailbox.models import MailboxMessage

__all__ = [
    "ClientBudget",
    "ConsentRecord",
    "Delivery",
    "Feedback",
    "MailboxMessage",
    "SendingPace",
    "Subscriber",
    "Suppression",
    "Topic",
    "Update",
]


class Level(models.IntegerChoices):
    """Levels of patterns as bits, so that one column holds a choice of them."""

    L100 = 1, "100"
    L200 = 2, "200"
    L300 = 4, "300"

    @classmethod
    def of(cls, level: int) -> "Level":
        """The bit of a pattern's level."""
        return cls[f"L{level}"]


ALL_LEVELS = sum(Level.values)


class Subscriber(models.Model):
    """A person's address, whether they want mail there, and which."""

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
    levels = models.PositiveSmallIntegerField(default=ALL_LEVELS, help_text="Bits of the levels wanted.")
    revisions = models.BooleanField(default=True, help_text="Wants substantial revisions too, not new patterns only.")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="Gets no update before this time.")
    new_address = models.CharField(max_length=320, blank=True, help_text="Where mail shall go once that is confirmed.")
    new_key = models.CharField(max_length=320, blank=True)
    soft_bounces = models.PositiveSmallIntegerField(default=0, help_text="In a row, since the last accepted mail.")

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


class SubscribeRequest(models.Model):
    """A request of the subscribe form that the mail loop has not acted on yet. Nothing refers to it or is looked up."""

    address = models.CharField(max_length=320, help_text="As the person wrote it.")
    key = models.CharField(max_length=320, help_text="The address in its one canonical form.")
    form = models.CharField(max_length=40, blank=True)
    page = models.CharField(max_length=200, blank=True)
    wording = models.PositiveIntegerField()
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.address} at {self.created_at:%Y-%m-%d %H:%M}"


class Topic(models.Model):
    """One service that a subscriber wants to hear of. A subscriber without any hears of all."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="topics")
    service = models.CharField(max_length=40, help_text="Key of catalogue/patterns/services.yaml.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="newsletter_topic_once", fields=["subscriber", "service"])
        ]

    def __str__(self) -> str:
        return self.service


class Suppression(models.Model):
    """An address that must get no mail, known by a keyed hash alone, so that it outlives the subscriber's row."""

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard-bounce", "does not exist"
        COMPLAINT = "complaint", "complained"
        SOFT_BOUNCES = "soft-bounces", "could not be reached again and again"
        ERASED = "erased", "asked to be forgotten"
        BY_HAND = "by-hand", "by an editor"

    key_hash = models.CharField(max_length=64, unique=True, help_text="Keyed hash of the canonical address.")
    key_id = models.CharField(max_length=16, db_index=True, help_text="Check value of the key that made the hash.")
    reason = models.CharField(max_length=12, choices=Reason)
    detail = models.CharField(max_length=300, blank=True, help_text="What the mail server or SES said.")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-at"]

    def __str__(self) -> str:
        return f"{self.key_hash[:12]}: {self.reason}"


class AppendOnlyQuerySet(models.QuerySet["ConsentRecord"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("Consent records are only ever added.")

    def hand_over(self, subscriber: Subscriber) -> int:
        """Let them belong to the row that two were merged into; what they say stays as it is."""
        return super().update(subscriber=subscriber)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("Consent records go only with the subscriber they belong to.")


class ConsentRecord(models.Model):
    """One event in the history of a person's consent: proof of who agreed to what, when and where."""

    class Event(models.TextChoices):
        REQUESTED = "requested", "asked through a form"
        MAILED = "mailed", "confirmation sent"
        CONFIRMED = "confirmed", "confirmed by button"
        MOVE_ASKED = "move-asked", "asked for a change to this address"
        IMPORTED = "imported", "imported by an editor"
        MOVED = "moved", "changed to another address"
        WITHDRAWN = "withdrawn", "unsubscribed by button"
        BOUNCED = "bounced", "suppressed after a bounce"
        COMPLAINED = "complained", "suppressed after a complaint"

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

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Consent records go only with the subscriber they belong to.")


class Update(models.Model):
    """One newsletter mailing: a new pattern, or a substantially revised one. Its text is frozen when it is released."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        SCHEDULED = "scheduled", "scheduled"
        SENDING = "sending", "sending"
        PAUSED = "paused", "paused"
        SENT = "sent", "sent"
        CANCELLED = "cancelled", "canceled"

    pattern = models.CharField(max_length=80)
    revision = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    level = models.PositiveSmallIntegerField(help_text="100, 200 or 300.")
    services = models.JSONField(default=list, help_text="Keys of the services that the pattern uses: its topics.")
    title = models.CharField(max_length=80)
    subject = models.CharField(max_length=150)
    html = models.TextField(blank=True, help_text="As released, with places for the recipient's links.")
    text = models.TextField(blank=True)
    created_at = models.DateTimeField()
    scheduled_at = models.DateTimeField(null=True, blank=True, help_text="Not released before this time.")
    released_at = models.DateTimeField(null=True, blank=True, help_text="Its recipients were queued.")
    finished_at = models.DateTimeField(null=True, blank=True)
    audience = models.PositiveIntegerField(null=True, blank=True, help_text="Recipients queued.")
    trouble = models.TextField(blank=True, help_text="Why it was not released, or stopped by itself.")

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(name="newsletter_one_update_a_revision", fields=["pattern", "revision"])
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.state})"

    @property
    def is_new_pattern(self) -> bool:
        return self.revision == 1


class Delivery(models.Model):
    """One e-mail to one subscriber: its row is its place in the queue."""

    class Kind(models.TextChoices):
        CONFIRMATION = "confirmation", "confirmation"
        MOVE = "move", "confirmation of a new address"
        UPDATE = "update", "update"

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        IN_FLIGHT = "in_flight", "in flight"
        RETRY = "retry", "to be tried again"
        SENT = "sent", "sent"
        FAILED = "failed", "failed for good"
        SUPPRESSED = "suppressed", "no longer wanted"
        IN_DOUBT = "in_doubt", "perhaps sent, held"

    OPEN = (State.QUEUED, State.IN_FLIGHT, State.RETRY)

    ref = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Names the mail in its Message-ID."
    )
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="deliveries")
    kind = models.CharField(max_length=12, choices=Kind)
    update_sent = models.ForeignKey(
        Update, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries", verbose_name="update"
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField(
        help_text="When an attempt may begin; in flight, when the lease ends and another may take over."
    )
    lease = models.UUIDField(null=True, blank=True, editable=False, help_text="The claim under which it is in flight.")
    wire_at = models.DateTimeField(
        null=True, blank=True, help_text="In flight: from here on the mail may have reached the server."
    )
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, help_text="What the last attempt was answered.")
    provider_id = models.CharField(max_length=200, blank=True, help_text="The id under which the provider took it.")
    request_id = models.CharField(
        max_length=64, blank=True, db_default="", editable=False, help_text="Of the request that queued it, if any."
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        verbose_name_plural = "deliveries"
        indexes: ClassVar[list[models.Index]] = [
            # "IS NULL": SQLite uses a partial index only where the query repeats its condition without parameters.
            models.Index(
                name="newsletter_delivery_due", fields=["update_sent", "due_at", "id"], condition=Q(finished_at=None)
            ),
            models.Index(name="newsletter_delivery_lease", fields=["lease"], condition=Q(lease__isnull=False)),
            models.Index(name="newsletter_delivery_outcome", fields=["update_sent", "state"]),
            models.Index(name="newsletter_delivery_provider", fields=["provider_id"], condition=~Q(provider_id="")),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                name="newsletter_one_open_confirmation",
                fields=["subscriber", "kind"],
                condition=Q(update_sent=None, state__in=["queued", "in_flight", "retry"]),
            ),
            models.UniqueConstraint(name="newsletter_one_mail_an_update", fields=["update_sent", "subscriber"]),
            models.CheckConstraint(
                name="newsletter_open_has_no_end",
                condition=~Q(state__in=["queued", "in_flight", "retry"]) | Q(finished_at=None),
            ),
            models.CheckConstraint(
                name="newsletter_update_names_its_update",
                condition=Q(kind="update", update_sent__isnull=False) | (~Q(kind="update") & Q(update_sent=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"


class SendingPace(models.Model):
    """The one row by which all senders share a rate: a GCRA limiter, a pause that a server asked for, a day's count."""

    spent_until = models.FloatField(default=0, help_text="Unix seconds at which the allowance is whole again.")
    held_until = models.FloatField(default=0, help_text="Unix seconds before which a server asked for silence.")
    slowdown = models.FloatField(default=1, help_text="Factor on the pause between two mails, raised by throttling.")
    day = models.DateField(null=True)
    sent_today = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.sent_today} on {self.day}"


class Feedback(models.Model):
    """A bounce, complaint or delivery that Amazon SES has told of by SNS; kept once, however often it is delivered."""

    message_id = models.CharField(max_length=100, unique=True, help_text="SNS's MessageId.")
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class ClientBudget(models.Model):
    """How much of its subscribe allowance one client has used (the single number of a GCRA limiter)."""

    client = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of the IP address.")
    spent_until = models.FloatField(help_text="Unix seconds at which the allowance is whole again.")

    def __str__(self) -> str:
        return self.client[:12]
