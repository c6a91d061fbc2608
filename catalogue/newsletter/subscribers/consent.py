"""What a person agrees to when they subscribe: each wording ever shown, by version.

A changed sentence is a new version; the old ones stay, because records refer to them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from catalogue.newsletter.models import ConsentRecord, Subscriber

ELSEWHERE = 0
WORDINGS: dict[int, str] = {
    ELSEWHERE: "Given elsewhere, before the address was imported here; the record's form names where.",
    1: "One e-mail when a new pattern appears, and when one changes substantially. Leave with one click.",
}
CURRENT = max(WORDINGS)


@dataclass(frozen=True)
class Source:
    """Where someone subscribed: the form's name, the path of its page, the wording it showed."""

    form: str = ""
    page: str = ""
    wording: int = CURRENT


def record(
    subscriber: Subscriber,
    event: ConsentRecord.Event,
    source: Source | None = None,
    *,
    address: str = "",
    at: datetime | None = None,
) -> None:
    """Add one event to a subscriber's history; without a source it is that of their last request.

    `address` is the one that the event is about, where that is not yet the subscriber's own. `at` is when it happened,
    where that is not now.
    """
    source = source or _latest_source(subscriber)
    ConsentRecord.objects.create(
        subscriber=subscriber,
        event=event,
        at=at or timezone.now(),
        address=address or subscriber.address,
        form=source.form,
        page=source.page,
        wording=source.wording,
    )


def _latest_source(subscriber: Subscriber) -> Source:
    """Where the person last asked: what they confirm or are mailed about is that request."""
    last = subscriber.consent.filter(event=ConsentRecord.Event.REQUESTED).order_by("-at", "-pk").first()
    return Source(last.form, last.page, last.wording) if last else Source()
