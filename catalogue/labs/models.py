"""What the labs keep: each visitor's deployed stack, and the calls that went through its endpoint."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_id() -> str:
    """128 random bits: anyone who knows a lab's id may call it, and no one guesses one."""
    return secrets.token_urlsafe(16)


LEASE_PREFIX = "lease-"
"""Begins `Lab.stack` where the lab has no stack of its own."""


class Status(models.TextChoices):
    DEPLOYING = "deploying"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"


class Lab(models.Model):
    """One visitor's stack.

    Rows are changed by the functions of `catalogue.labs.lifecycle.services`, and by its `updating`, only.
    """

    id = models.CharField(max_length=32, primary_key=True, default=new_id, editable=False)
    pattern = models.CharField(max_length=80)
    variant = models.CharField(max_length=8, default="pattern", help_text="pattern, or naive for its twin")
    content_hash = models.CharField(max_length=64)
    owner = models.CharField(max_length=64, help_text="SHA-256 of the owner's cookie")
    client = models.CharField(max_length=64, blank=True, help_text="keyed hash of the address it was asked for from")
    token_hash = models.CharField(max_length=64, help_text="SHA-256 of the Bearer token")
    status = models.CharField(max_length=10, choices=Status, default=Status.DEPLOYING)
    reason = models.TextField(blank=True, help_text="why it failed or is gone, fit for a visitor")
    emulator = models.CharField(
        max_length=200,
        db_default="",
        default="",
        help_text="key of the emulator that holds it (catalogue.labs.targets)",
    )
    endpoint = models.CharField(max_length=300, db_default="", default="", help_text="that emulator's address")
    boot_id = models.CharField(max_length=32, help_text="the boot of the emulator that holds it")
    stack = models.CharField(max_length=128, unique=True)
    artifacts = models.JSONField(default=list, help_text="keys of its code on S3")
    upstream = models.CharField(max_length=300, blank=True, help_text="address behind its endpoint")
    socket_upstream = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="address of its WebSocket API, if it has one"
    )
    resources = models.JSONField(default=dict, help_text="logical id: [type, physical id]")
    saved = models.JSONField(default=dict, help_text="values that steps saved for later ones")
    pulled = models.JSONField(default=list, help_text="ids of the levers that are pulled")
    challenges = models.JSONField(
        default=dict, db_default={}, help_text="challenge's id: {since, won, checks} (catalogue.labs.demos.challenges)"
    )
    sliders = models.JSONField(default=dict, db_default={}, help_text="slider's id: the value that was chosen last")
    created_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    extended_at = models.DateTimeField(null=True, help_text="its owner has asked for more time, once")
    gone_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True, help_text="until then, one process finishes the deployment")
    cleaned = models.BooleanField(default=False, help_text="nothing of it is left on AWS")
    shared = models.BooleanField(
        default=False,
        db_default=False,
        help_text="its stack serves all visitors of a pattern (catalogue.labs.aws.shared)",
    )
    host = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.SET_NULL,
        related_name="leases",
        help_text="the shared lab on whose stack this visitor's lab is a lease",
    )

    objects: ClassVar[models.Manager["Lab"]]

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "status"], name="lab_owner_status"),
            models.Index(fields=["status", "expires_at"], name="lab_status_expires"),
            models.Index(fields=["cleaned"], name="lab_uncleaned", condition=Q(cleaned=False)),
            models.Index(fields=["emulator", "status"], name="lab_emulator_status"),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} ({self.status})"

    @property
    def is_lease(self) -> bool:
        """Whether it is a visitor's part of a shared stack."""
        return self.stack.startswith(LEASE_PREFIX)

    @property
    def live(self) -> bool:
        return self.status in (Status.DEPLOYING, Status.READY)


class Emulator(models.Model):
    """An emulator that holds labs, as the instances on this database last saw it.

    Rows are changed by the functions of `catalogue.labs.targets.emulators.services` only.
    """

    key = models.CharField(max_length=200, primary_key=True, help_text="an instance's id, or an address, or aws")
    url = models.CharField(max_length=300, help_text="its address, empty on AWS")
    boot_id = models.CharField(max_length=32)
    draining = models.BooleanField(default=False, help_text="it takes no new labs")
    seen_at = models.DateTimeField(null=True, help_text="when a janitor last had an answer from it")

    objects: ClassVar[models.Manager["Emulator"]]

    def __str__(self) -> str:
        return self.key


class AwsMonth(models.Model):
    """What labs on real AWS have cost in one month. Rows are changed by `catalogue.labs.aws.limits.budget` only."""

    month = models.CharField(max_length=7, primary_key=True, help_text="2026-11, in UTC")
    reckoned = models.DecimalField(
        max_digits=14,
        decimal_places=8,
        default=0,
        help_text="US dollars, of labs that have ended, by the site's prices",
    )
    ended = models.PositiveIntegerField(default=0, help_text="how many labs that is")
    reported = models.DecimalField(max_digits=14, decimal_places=8, null=True, help_text="US dollars, by AWS Budgets")
    reported_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True, help_text="when a process of the site last asked AWS Budgets")

    objects: ClassVar[models.Manager["AwsMonth"]]

    def __str__(self) -> str:
        return self.month


class EdgeCall(models.Model):
    """A request that went through a lab's endpoint; the newest few hundred of each lab are kept."""

    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="calls", db_index=False)
    trace = models.CharField(max_length=64)
    method = models.CharField(max_length=16)
    path = models.CharField(max_length=300)
    status = models.PositiveSmallIntegerField()
    ms = models.FloatField()
    at = models.FloatField(help_text="Unix seconds of the request's arrival")

    objects: ClassVar[models.Manager["EdgeCall"]]

    class Meta:
        indexes: ClassVar = [models.Index(fields=["lab", "id"], name="call_of_lab")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Run(models.Model):
    """What was seen of a lab during a step, a lever or calls of the visitor's own; the newest of each lab are kept."""

    id = models.CharField(max_length=32, primary_key=True, default=new_id, editable=False)
    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="runs")
    document = models.JSONField(help_text="catalogue.patterns.runs.document.Run")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Run"]]

    def __str__(self) -> str:
        return str(self.document.get("title", self.pk))


class TakenStep(models.Model):
    """What a step of a lab's demo gave the last time it was taken. Rows are changed by `demos.steps.services` only."""

    lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=80, help_text="its id in demo.yaml")
    document = models.JSONField(help_text="its result, see demos.steps.represent")
    taken_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["TakenStep"]]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["lab", "step"], name="one_result_of_a_step")]

    def __str__(self) -> str:
        return self.step


class SharedRun(models.Model):
    """A run that its owner has shared by a link. It outlives the lab, holds nothing secret and ends by itself."""

    id = models.CharField(max_length=32, primary_key=True, default=new_id, editable=False)
    run = models.CharField(max_length=32, unique=True, help_text="the run it is a copy of: shared twice, one link")
    owner = models.CharField(max_length=64, help_text="SHA-256 of the owner's cookie")
    document = models.JSONField(help_text="catalogue.patterns.runs.document.Run")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects: ClassVar[models.Manager["SharedRun"]]

    def __str__(self) -> str:
        return str(self.document.get("title", self.pk))


class Comparison(models.Model):
    """A visitor's two labs of one pattern, and what both did with the same traffic."""

    class State(models.TextChoices):
        READY = "ready"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.CharField(max_length=32, primary_key=True, default=new_id, editable=False)
    pattern_lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="+")
    naive_lab = models.ForeignKey(Lab, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    reason = models.TextField(blank=True)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, help_text="claimed by the process that runs the traffic")

    objects: ClassVar[models.Manager["Comparison"]]

    def __str__(self) -> str:
        return f"{self.pk} ({self.state})"
