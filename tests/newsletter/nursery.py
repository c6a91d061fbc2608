"""Run as a process of its own by the tests: sets Django up once, then does what each line it reads says.

`send` forks a sender, says its process id, and `ended` when it has gone, however it went. `leases` ends all leases.
`count` says how many deliveries are in which state, and who is in doubt, as JSON.
"""

import json
import os
import sys
from collections import Counter


def main() -> None:
    import django

    django.setup()
    from django.db import connections
    from django.utils import timezone

    from catalogue.newsletter import sender
    from catalogue.newsletter.messages import Composer
    from catalogue.newsletter.models import Delivery
    from catalogue.newsletter.transports import get_transport

    # What every child needs is loaded once, here: the views behind the links, the transport.
    Composer()
    get_transport()
    for line in sys.stdin:
        match line.strip():
            case "send":
                pid = os.fork()
                if pid == 0:
                    sender.send_due()
                    os._exit(0)
                say(str(pid))
                os.waitpid(pid, 0)
                say("ended")
            case "leases":
                Delivery.objects.filter(state="in_flight").update(due_at=timezone.now())
                say("done")
            case "count":
                states = Counter(Delivery.objects.values_list("state", flat=True))
                doubtful = Delivery.objects.filter(state="in_doubt").values_list("subscriber__address", flat=True)
                say(json.dumps([states, list(doubtful)]))
        connections.close_all()  # no child may share one


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
