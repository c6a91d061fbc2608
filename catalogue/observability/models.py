"""Signs of life of the loops, in the database: the reader may be on another machine."""

from typing import ClassVar

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of one loop of one process. Written by `catalogue.observability.health.heartbeats` only."""

    part = models.CharField(max_length=20, help_text="mail or janitor")
    instance = models.CharField(max_length=120, help_text="Host and pid of its process.")
    at = models.DateTimeField()
    late_after = models.FloatField(help_text="Seconds without a sign after which something is wrong.")

    objects: ClassVar[models.Manager["Heartbeat"]]

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["part", "instance"], name="heartbeat_of_instance")]

    def __str__(self) -> str:
        return f"{self.part} of {self.instance}"
