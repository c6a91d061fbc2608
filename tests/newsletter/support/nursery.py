"""Run as a process of its own by the tests: sets Django up once, then does what each line it reads says.

`fill N` makes the tables and queues an update for so many readers. `send` forks a sender, says its process id, and
`ended` when it has gone, however it went. `wire` says to whom a mail is on the wire, and since when, as JSON. `leases`
ends all leases. `count` says how many deliveries are in which state, who is in doubt, and why what is still to be sent
was not, as JSON.
"""

import json
import os
import sys
import time
from collections import Counter


def main() -> None:
    import django

    django.setup()
    from django.db import connections
    from django.utils import timezone

    from catalogue.newsletter.delivery.sending import sender
    from catalogue.newsletter.delivery.transports import get_transport
    from catalogue.newsletter.mail.messages import Composer
    from catalogue.newsletter.models import Delivery

    # What every child needs is loaded once, here: the views behind the links, the transport.
    Composer()
    get_transport()
    for line in sys.stdin:
        match line.split():
            case ["fill", number]:
                fill(int(number))
                say("done")
            case ["send"]:
                pid = os.fork()
                if pid == 0:
                    sender.send_due()
                    os._exit(0)
                say(str(pid))
                os.waitpid(pid, 0)
                say("ended")
            case ["wire"]:
                await_the_dead()
                flying = Delivery.objects.filter(state="in_flight", wire_at__isnull=False)
                say(
                    json.dumps(
                        [[address, str(at)] for address, at in flying.values_list("subscriber__address", "wire_at")]
                    )
                )
            case ["leases"]:
                Delivery.objects.filter(state="in_flight").update(due_at=timezone.now())
                say("done")
            case ["count"]:
                states = Counter(Delivery.objects.values_list("state", flat=True))
                doubtful = Delivery.objects.filter(state="in_doubt").values_list("subscriber__address", flat=True)
                errors = Delivery.objects.filter(finished_at=None).values_list("error", flat=True)
                say(json.dumps([states, list(doubtful), list(errors)]))
        connections.close_all()  # no child may share one


def fill(readers: int) -> None:
    from django.core.management import call_command
    from django.utils import timezone

    from catalogue.newsletter.mail import updates
    from catalogue.newsletter.models import Subscriber, Update

    call_command("migrate", verbosity=0, skip_checks=True)
    now = timezone.now()
    addresses = [f"r{number}@example.com" for number in range(readers)]
    Subscriber.objects.bulk_create(
        Subscriber(address=one, key=one, state="confirmed", confirmed_at=now, created_at=now, next_ask_at=now)
        for one in addresses
    )
    update = Update.objects.create(
        pattern="claim-check",
        revision=1,
        state="paused",
        level=200,
        title="Claim Check",
        subject="New pattern: Claim Check",
        text="Leave: ⟦unsubscribe_url⟧",
        html="<p>⟦preferences_url⟧",
        created_at=now,
        released_at=now,
    )
    assert updates.enqueue(update) == readers


def await_the_dead() -> None:
    """PostgreSQL may still commit what a killed client had asked for: until that is over, nothing can be counted."""
    from django.db import connection

    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 20
    while connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(others)
            if cursor.fetchone() == (0,):
                return
        assert time.monotonic() < deadline, "a killed sender's connection stays open"
        time.sleep(0.005)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
