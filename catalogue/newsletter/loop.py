"""The newsletter's one background process: sends what is due, tidies once an hour, stops when told.

It keeps nothing in memory that matters. It may be killed at any moment and run any number of times at once.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.urls import reverse

from catalogue.newsletter import limits, queue, sender, services, updates
from catalogue.patterns.library import Library, library

log = logging.getLogger(__name__)
POLL = 0.25  # seconds: one index lookup each, so that a confirmation is there before the reader looks
LONGEST_WAIT = 30.0
RELEASE_EVERY = 1.0  # what was scheduled, and what is all sent
TIDY_EVERY = 3600.0
LOOK_EVERY = 5.0  # at the content; for the first time so long after the start, when the pages are up


def run_until_told(say: Callable[[str], None]) -> None:
    """The loop as a process of its own: until SIGTERM or Ctrl-C."""
    stop = stop_by_signal()
    reverse("newsletter:subscribe")  # loads every view now, not while the first reader waits for a mail
    say("newsletter: watching the queue of outgoing mail")
    run(stop)


def stop_by_signal() -> threading.Event:
    """Set by SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    return stop


def run(stop: threading.Event) -> None:
    """Work until `stop` is set; a failing mail server or database is waited for, ever more patiently."""
    troubles = 0
    tidy_at = release_at = 0.0
    drafts = Drafts(time.monotonic() + LOOK_EVERY)
    while not stop.is_set():
        try:
            if time.monotonic() >= tidy_at:
                tidy()
                tidy_at = time.monotonic() + TIDY_EVERY
            drafts.look(time.monotonic())
            if time.monotonic() >= release_at:
                updates.release_due()
                updates.finish_sent()
                release_at = time.monotonic() + RELEASE_EVERY
            tally = sender.send_due(stop.is_set) if queue.any_due() else sender.Tally()
            down, paced = tally.server_down, tally.wait
        except DatabaseError as error:
            log.warning("The database does not answer: %s", error)
            close_old_connections()  # only now: to connect anew for each look costs more than the look
            down, paced = True, 0.0
        troubles = troubles + 1 if down else 0
        stop.wait(min(paced, POLL) if paced else wait_after(troubles))


def wait_after(troubles: int) -> float:
    """Seconds until the next look at the queue, after so many failures in a row."""
    return POLL if troubles == 0 else min(2.0 ** (troubles - 1), LONGEST_WAIT)


class Drafts:
    """Drafts for new and revised patterns, made when the content has changed. A draft sends nothing by itself."""

    def __init__(self, first: float) -> None:
        self._at = first
        self._seen: Library | None = None

    def look(self, now: float) -> None:
        """Costs nothing but a comparison until it is time, and then little unless a file has changed."""
        if now < self._at:
            return
        self._at = now + LOOK_EVERY
        current = library()
        if current is not self._seen:
            for update in updates.draft_all():
                log.info("A draft was made: %s", update)
            self._seen = current


def tidy() -> None:
    """Delete what nobody needs any more."""
    services.forget_unconfirmed()
    limits.forget_idle()
