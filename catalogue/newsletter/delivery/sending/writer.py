"""The writer: all that a pass writes to the database, done by one thread.

One transaction a mail: it writes down what became of the mail before and marks the next as on the wire, for several
connections at once if they ask at once. No content leaves before its row says so.
"""

import logging
import queue as queues
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction

from catalogue.newsletter.delivery import pace, queue
from catalogue.newsletter.delivery.backoff import AWAY, in_words
from catalogue.newsletter.delivery.queue import Claim
from catalogue.newsletter.delivery.sending.outcomes import Outcome, Result
from catalogue.newsletter.mail import messages
from catalogue.newsletter.models import Delivery
from catalogue.observability.prometheus.metrics import mail_attempts_total
from catalogue.processes import heartbeat

log = logging.getLogger(__name__)
BATCH = 200


@dataclass
class Tally:
    """What one pass did, in mails; `server_down` tells that it ended early because none could be sent."""

    sent: int = 0
    retry: int = 0
    failed: int = 0
    skipped: int = 0
    server_down: bool = False
    wait: float = 0.0
    """Seconds for which the pace allows no further mail."""

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.retry} to be tried again, {self.failed} failed, {self.skipped} skipped"

    def count(self, outcome: Outcome) -> None:
        match outcome:
            case Outcome.SENT:
                self.sent += 1
            case Outcome.WITHDRAWN | Outcome.UNWRITABLE:
                self.skipped += 1
            case Outcome.PERMANENT | Outcome.NO_SUCH_MAILBOX:
                self.failed += 1
            case _:
                self.retry += 1


@dataclass
class Note:
    """What a connection has to tell and to ask: how the last mail ended, and whether the next may go."""

    settled: tuple[Delivery, Result] | None = None
    begin: Delivery | None = None
    answer: "queues.SimpleQueue[bool]" = field(default_factory=queues.SimpleQueue)


class Writer:
    """All that a pass writes to the database, and the mails that it has claimed. Used by the pass's own thread."""

    def __init__(
        self, stop: Callable[[], bool], *, updates: bool = True, before_claims: Callable[[], object] = lambda: None
    ) -> None:
        self.tally = Tally()
        self.composer = messages.Composer()
        self._stop = stop
        self._updates = updates
        self._before_claims = before_claims
        self._claims: list[Claim] = []
        self._throttled = False
        self.over = False

    def more(self) -> list[Delivery]:
        """Further mails to send; none at the end of the pass."""
        heartbeat.beat()
        if self.over or self._stop() or self._throttled:
            self.over = True
            return []
        self._before_claims()
        allowance = pace.reserve(BATCH)
        if not allowance.mails:
            self.tally.wait = allowance.wait
            self.over = True
            return []
        claim = queue.claim(allowance.mails, updates=self._updates)
        pace.give_back(allowance, allowance.mails - len(claim.deliveries))
        if not claim.deliveries:
            self.over = True
            return []
        self._claims.append(claim)
        return claim.deliveries

    @property
    def stopped(self) -> bool:
        return self._throttled or self._stop()

    def write(self, notes: list[Note]) -> None:
        """Settle and begin, all in one transaction; the answers are given once it is committed.

        If the database fails, no one may send: whatever was settled is told again by the lease's end. A note that
        cannot be written down, of several, fails alone.
        """
        heartbeat.beat()
        try:
            self._write(notes)
        except AWAY:
            for note in notes:
                note.answer.put(False)
            raise
        except Exception as error:
            if len(notes) > 1:
                self._write_each(notes)
                return
            log.error("The outcome of a mail cannot be recorded: %s", in_words(error), exc_info=error)
            notes[0].answer.put(False)

    def _write_each(self, notes: list[Note]) -> None:
        for number, note in enumerate(notes):
            try:
                self.write([note])
            except AWAY:
                for unwritten in notes[number + 1 :]:
                    unwritten.answer.put(False)
                raise

    def _write(self, notes: list[Note]) -> None:
        with transaction.atomic():
            for note in notes:
                if note.settled is not None:
                    delivery, result = note.settled
                    queue.settle(delivery, self._for(delivery, result))
            answers = [note.begin is not None and not self.stopped and queue.begin(note.begin) for note in notes]
        for note, answer in zip(notes, answers, strict=True):
            if note.settled is not None:
                self._count(note.settled[1])
            note.answer.put(answer)

    def _for(self, delivery: Delivery, result: Result) -> Result:
        """What a result means for its mail.

        A server that took others in this pass and is unwell at this one may be so every time: then it is this mail
        that waits, ever longer, and not all of them behind it.
        """
        unwell = result.outcome in (Outcome.THROTTLED, Outcome.CONNECTION)
        if unwell and (self.tally.sent or delivery.attempts):
            return Result(Outcome.TEMPORARY, result.detail)
        return result

    def _count(self, result: Result) -> None:
        self.tally.count(result.outcome)
        mail_attempts_total.labels(result.outcome.value).inc()
        if result.outcome is Outcome.THROTTLED and not self._throttled:
            self._throttled = True
            pace.slow_down()

    def close(self) -> None:
        """Give back what was claimed and not sent."""
        for claim in self._claims:
            queue.release(claim)
        if self.tally.sent and not self._throttled:
            pace.speed_up()
