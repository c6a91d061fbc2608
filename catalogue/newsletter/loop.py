"""The newsletter's one background process: sends what is due, tidies once an hour, stops when told.

It keeps nothing in memory that matters. It may be killed at any moment and run any number of times at once.
"""

import logging
import threading
import time

from django.db import Error as DatabaseError
from django.db import close_old_connections

from catalogue.newsletter import limits, queue, sender, services, updates

log = logging.getLogger(__name__)
POLL = 0.25  # seconds: one index lookup each, so that a confirmation is there before the reader looks
LONGEST_WAIT = 30.0
TIDY_EVERY = 3600.0


def run(stop: threading.Event) -> None:
    """Work until `stop` is set; a failing mail server or database is waited for, ever more patiently."""
    troubles = 0
    tidy_at = 0.0
    while not stop.is_set():
        try:
            if time.monotonic() >= tidy_at:
                tidy()
                tidy_at = time.monotonic() + TIDY_EVERY
            updates.release_due()
            tally = sender.send_due(stop.is_set) if queue.any_due() else sender.Tally()
            updates.finish_sent()
            down, paced = tally.server_down, tally.wait
        except DatabaseError as error:
            log.warning("The database does not answer: %s", error)
            down, paced = True, 0.0
        troubles = troubles + 1 if down else 0
        close_old_connections()
        stop.wait(min(paced, POLL) if paced else wait_after(troubles))


def wait_after(troubles: int) -> float:
    """Seconds until the next look at the queue, after so many failures in a row."""
    return POLL if troubles == 0 else min(2.0 ** (troubles - 1), LONGEST_WAIT)


def tidy() -> None:
    """Delete what nobody needs any more."""
    services.forget_unconfirmed()
    limits.forget_idle()
