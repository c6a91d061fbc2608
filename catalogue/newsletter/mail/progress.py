"""How far an update has come, counted from its deliveries."""

from dataclasses import dataclass

from django.db.models import Count

from catalogue.newsletter.models import Delivery, Update

_OPEN = {str(state) for state in Delivery.OPEN}


@dataclass(frozen=True)
class Progress:
    counts: dict[str, int]
    """Deliveries by state; a state without any is absent."""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Still to be sent."""
        return sum(count for state, count in self.counts.items() if state in _OPEN)

    @property
    def done(self) -> int:
        return self.total - self.open

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def outcomes(self) -> list[tuple[str, str, int]]:
        """State, its name for people and how many, in the order of a delivery's life."""
        return [(state.value, state.label, self.counts[state]) for state in Delivery.State if state in self.counts]


def progress(update: Update) -> Progress:
    """One question to the database, whatever the number of deliveries."""
    rows = Delivery.objects.filter(update_sent=update).order_by().values_list("state").annotate(Count("pk"))
    return Progress(dict(rows))
