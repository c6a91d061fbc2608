"""The newsletter's one background process: sends what is due, tidies once an hour, stops when told.

It keeps nothing in memory that matters. It may be killed at any moment and run any number of times at once.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections
from django.urls import reverse

from catalogue.newsletter import services
from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.backoff import AWAY, Setbacks
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.mail import updates
from catalogue.newsletter.subscribers import limits, requests
from catalogue.observability.health.heartbeats import Heart
from catalogue.patterns.content.library import Library, as_built
from catalogue.processes import heartbeat

log = logging.getLogger(__name__)
POLL = 0.25  # seconds: one index lookup each, so that a confirmation is there before the reader looks
LONGEST_WAIT = 30.0
RELEASE_EVERY = 1.0  # what was scheduled, and what is all sent
TIDY_EVERY = 3600.0
LATE_AFTER = 90.0  # without a sign of life; the longest pause is 30 s, and a mail may wait for two answers
STEP_SECONDS = 30.0  # from one heartbeat to the next, at most: one wait for a mail server or the database
TIDY_AGAIN = 60.0  # where it could not be done
LOOK_EVERY = 5.0  # at the content; for the first time so long after the start, when the pages are up


def run_until_stopped(say: Callable[[str], None]) -> None:
    """The loop as a process of its own: until SIGTERM or Ctrl-C."""
    stop = stop_by_signal()
    reverse("newsletter:subscribe")  # loads every view now, not while the first reader waits for a mail
    # A server's name may stand for several addresses, and each may take the whole timeout to refuse a connection.
    heartbeat.allow(max(STEP_SECONDS, 3 * settings.SMTP_TIMEOUT))
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
    rounds = Rounds(stop)
    while not stop.is_set():
        heartbeat.wait(stop, rounds.one())
    rounds.end()


class Rounds:
    """What the loop does again and again. Each duty stands alone: one that fails waits, and the others go on.

    Mail that someone waits for goes first in each round, so that no update, draft or tidying can hold it up.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._setbacks = Setbacks()
        self._heart = Heart("mail", LATE_AFTER)
        self._away = self._away_now = False
        self._troubles = 0
        self._tidy_at = self._release_at = 0.0
        self._drafts = Drafts(time.monotonic() + LOOK_EVERY, self._setbacks)

    def one(self) -> float:
        """Do what is due now; returns the seconds until the next round."""
        self._away_now = False
        self._answer_requests()
        asked = self._send(updates=False)
        now = time.monotonic()
        if now >= self._tidy_at:
            done = [
                self._do(what, work)
                for what, work in (
                    ("Forgetting unconfirmed requests", lambda: services.forget_unconfirmed(self._setbacks)),
                    ("Forgetting idle clients", limits.forget_idle),
                )
            ]
            self._tidy_at = now + (TIDY_EVERY if all(done) else TIDY_AGAIN)
        self._do("Drafting", lambda: self._drafts.look(now))
        if now >= self._release_at:
            self._release_at = now + RELEASE_EVERY
            self._do("Releasing updates", lambda: updates.release_due(self._setbacks))
            self._do("Finishing updates", lambda: updates.finish_sent(self._setbacks))
        sent = self._send(updates=True)
        self._away = self._away_now
        down = self._away_now or asked.server_down or sent.server_down
        self._troubles = self._troubles + 1 if down else 0
        return min(sent.wait, POLL) if sent.wait and not down else wait_after(self._troubles)

    def _answer_requests(self) -> None:
        """Queue the confirmations that forms have asked for."""
        self._do("Answering requests to subscribe", lambda: requests.answer_all(self._setbacks))

    def _send(self, *, updates: bool) -> sender.Tally:
        """Send what is due."""
        tally = sender.Tally()

        def work() -> None:
            nonlocal tally
            if queue.any_due(updates=updates):
                tally = sender.send_due(self._is_stopped, updates=updates, before_claims=self._answer_requests)

        self._do("Sending updates" if updates else "Sending confirmations", work)
        return tally

    def _is_stopped(self) -> bool:
        """Asked between any two mails, and a pass may last for hours."""
        self._heart.beat()
        return self._stop.is_set()

    def end(self) -> None:
        """Take the sign of life back: the loop ends because it was asked to."""
        self._heart.end()

    def _do(self, what: str, work: Callable[[], object]) -> bool:
        """Do one duty; whether it was done."""
        done = False
        heartbeat.beat()
        self._heart.beat()
        if self._setbacks.waits(what):
            return done
        try:
            with self._setbacks.each(what, what):
                work()
                done = True
        except AWAY as error:
            if not (self._away or self._away_now):  # one line, however many duties and rounds find it so
                log.warning("The database does not answer: %s", error)
            self._away_now = True
            close_old_connections()  # only now: to connect again for each look costs more than the look
        return done


def wait_after(troubles: int) -> float:
    """Seconds until the next look at the queue, after so many failures in a row."""
    return POLL if troubles == 0 else min(2.0 ** (troubles - 1), LONGEST_WAIT)


class Drafts:
    """Drafts for new and revised patterns, made when the content has changed. A draft sends nothing by itself."""

    def __init__(self, first: float, setbacks: Setbacks | None = None) -> None:
        self._at = first
        self._seen: Library | None = None
        self._setbacks = Setbacks() if setbacks is None else setbacks

    def look(self, now: float) -> None:
        """Costs nothing but a comparison until it is time, and then little unless a file has changed."""
        if now < self._at:
            return
        self._at = now + LOOK_EVERY
        current = as_built()
        if current is not self._seen or self._setbacks:
            for update in updates.draft_all(self._setbacks):
                log.info("A draft was made: %s", update)
            self._seen = current
