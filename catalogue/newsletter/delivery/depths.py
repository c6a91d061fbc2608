"""How much mail is where, and how late it is: what monitoring wants to know. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q
from django.utils import timezone

from catalogue.newsletter.models import Delivery, SubscribeRequest, Update


@dataclass(frozen=True)
class Depths:
    counts: dict[str, int]
    """Deliveries by state, every state of `Delivery.State` included."""
    due: int
    """Deliveries that a sender could take now, and requests to subscribe that the mail loop has not acted on."""
    oldest_seconds: float
    """Age in seconds of the oldest delivery or request that is still to be sent or acted on; 0 if there is none."""
    latest_seconds: float
    """For how many seconds the most overdue of them has been due; 0 if nothing is due. Grows while nothing is sent."""


def depths() -> Depths:
    """The queue at this moment, in three queries. Mail of a paused update counts in `counts` only."""
    now = timezone.now()
    counts = dict.fromkeys((state.value for state in Delivery.State), 0)
    counts.update(Delivery.objects.order_by().values_list("state").annotate(Count("pk")))
    # finished_at: the partial index of open rows answers this, however much has been sent.
    waiting = Delivery.objects.filter(finished_at=None, state__in=Delivery.OPEN).filter(
        Q(update_sent=None) | Q(update_sent__state=Update.State.SENDING)
    )
    found = waiting.aggregate(
        due=Count("pk", filter=Q(due_at__lte=now)),
        oldest=Min("created_at"),
        earliest=Min("due_at", filter=Q(due_at__lte=now)),
    )
    asked = SubscribeRequest.objects.aggregate(due=Count("pk"), oldest=Min("created_at"))
    return Depths(
        counts,
        found["due"] + asked["due"],
        max(_age(found["oldest"], now), _age(asked["oldest"], now)),
        max(_age(found["earliest"], now), _age(asked["oldest"], now)),
    )


def _age(moment: datetime | None, now: datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())
