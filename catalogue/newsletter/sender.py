"""Works the queue off: claims rows, sends each through Django's mail API, and settles what came of it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.core.mail import mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError

from catalogue.newsletter import messages, outcomes, queue
from catalogue.newsletter.models import Delivery
from catalogue.newsletter.outcomes import Outcome

log = logging.getLogger(__name__)
BATCH = 20


@dataclass
class Tally:
    """What one pass did, in mails; `server_down` tells that it ended early because none could be sent."""

    sent: int = 0
    retry: int = 0
    failed: int = 0
    skipped: int = 0
    server_down: bool = False

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.retry} to be tried again, {self.failed} failed, {self.skipped} skipped"

    def count(self, outcome: Outcome) -> None:
        match outcome:
            case Outcome.SENT:
                self.sent += 1
            case Outcome.FAILED:
                self.failed += 1
            case Outcome.RETRY | Outcome.SERVER:
                self.retry += 1


def send_due(stop: Callable[[], bool] = lambda: False) -> Tally:
    """Send everything that is due now, until done, told to stop, or the mail server is away.

    One connection serves one batch of claims. `stop` is asked before each mail.
    """
    tally = Tally()
    while not stop() and not tally.server_down:
        claim = queue.claim(BATCH)
        if not claim.deliveries:
            break
        connection = mailers.default
        try:
            if _open(connection):
                _send_batch(connection, claim.deliveries, tally, stop)
            else:
                tally.server_down = True
        finally:
            queue.release(claim)
            connection.close()
    return tally


def _open(connection: BaseEmailBackend) -> bool:
    try:
        connection.open()
    except Exception as error:
        log.warning("No connection to the mail server: %s: %s", type(error).__name__, error)
        return False
    return True


def _send_batch(
    connection: BaseEmailBackend, deliveries: list[Delivery], tally: Tally, stop: Callable[[], bool]
) -> None:
    for delivery in deliveries:
        if stop():
            return
        if not queue.begin(delivery):
            tally.skipped += 1
            continue
        outcome = _send(connection, delivery)
        tally.count(outcome)
        if outcome is Outcome.SERVER:
            tally.server_down = True
            return


def _send(connection: BaseEmailBackend, delivery: Delivery) -> Outcome:
    try:
        accepted = connection.send_messages([messages.build(delivery)])
    except Exception as error:
        outcome = outcomes.of(error)
        reason = f"{type(error).__name__}: {error}"[:1000]
        log.warning("%s to be %s: %s", delivery, outcome.value, reason, exc_info=_is_a_bug(error))
        if outcome is Outcome.FAILED:
            queue.settle_failed(delivery, reason)
        else:
            queue.settle_retry(delivery, reason)
        return outcome
    if not accepted:
        queue.settle_retry(delivery, "The mail backend took no message.")
        return Outcome.RETRY
    queue.settle_sent(delivery)
    return Outcome.SENT


def _is_a_bug(error: Exception) -> bool:
    return not isinstance(error, (OSError, DatabaseError, messages.UnsendableError))
