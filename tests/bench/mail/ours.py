"""Our newsletter on a database of its own, told by lines what to do; each answer is one line of JSON.

`fill N` makes N confirmed subscribers, `release` queues an update for all of them, `send C` sends it over C
connections, `sample FILE` writes one composed mail.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    import django

    django.setup()
    from django.urls import reverse

    reverse("newsletter:subscribe")  # loads every view, as the mail loop does at its start
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        print(json.dumps(_COMMANDS[command](argument)), flush=True)


def fill(argument: str) -> Any:
    from django.utils import timezone

    from catalogue.newsletter.models import Delivery, Subscriber, Update

    Delivery.objects.all().delete()
    Update.objects.all().delete()
    Subscriber.objects.all().delete()
    now = timezone.now()
    people = (
        Subscriber(
            address=f"r{number}@bench.example",
            key=f"r{number}@bench.example",
            state="confirmed",
            confirmed_at=now,
            created_at=now,
            next_ask_at=now,
        )
        for number in range(int(argument))
    )
    Subscriber.objects.bulk_create(people, batch_size=1000)
    return Subscriber.objects.count()


def release(argument: str) -> Any:
    """Seconds, recipients, and by how many MiB the process has grown."""
    from catalogue.newsletter.mail import updates
    from catalogue.newsletter.models import Delivery, Update
    from catalogue.patterns.content.library import library

    Delivery.objects.all().delete()
    Update.objects.all().delete()
    update = updates.draft(next(iter(library().by_slug.values())))
    assert update is not None
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    count = updates.release(update)
    seconds = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
    return {"seconds": seconds, "recipients": count, "grown_mib": grown}


def send(argument: str) -> Any:
    from django.conf import settings

    from catalogue.newsletter.delivery.sending import sender

    settings.NEWSLETTER_CONNECTIONS = int(argument)
    started = time.perf_counter()
    tally = sender.send_due()
    return {"seconds": time.perf_counter() - started, "sent": tally.sent}


def sample(argument: str) -> Any:
    from catalogue.newsletter.mail import messages
    from catalogue.newsletter.models import Delivery

    delivery = Delivery.objects.select_related("subscriber", "update_sent").latest("pk")
    content = messages.compose(delivery).content
    Path(argument).write_bytes(content)
    return len(content)


_COMMANDS = {"fill": fill, "release": release, "send": send, "sample": sample}

if __name__ == "__main__":
    main()
