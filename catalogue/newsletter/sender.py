"""Works the queue off: claims rows, hands each to the transport, and settles what came of it.

One thread, the desk, does all that touches the database; each connection has a thread of its own. While a connection
announces the next mail to its server, the desk writes down what became of the one before and marks the next as on the
wire, several connections' notes in one transaction. So the database costs no mail a wait of its own, and still no
content leaves before its row says so.
"""

import functools
import logging
import queue as queues
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from django.db import DatabaseError, connection, transaction

from catalogue.newsletter import messages, pace, queue
from catalogue.newsletter.models import Delivery
from catalogue.newsletter.outcomes import Outcome, Result
from catalogue.newsletter.queue import Claim
from catalogue.newsletter.transports import Connection, Transport, Unreachable, get_transport

log = logging.getLogger(__name__)
BATCH = 100
_LOW = 20
_RECONNECTS = 3
_PAUSE_SECONDS = 0.5


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
            case Outcome.WITHDRAWN:
                self.skipped += 1
            case Outcome.PERMANENT | Outcome.NO_SUCH_MAILBOX:
                self.failed += 1
            case _:
                self.retry += 1


@dataclass
class _Note:
    """What a connection has to tell and to ask: how the last mail ended, and whether the next may go."""

    settled: tuple[Delivery, Result] | None = None
    begin: Delivery | None = None
    answer: "Future[bool]" = field(default_factory=Future)


def send_due(stop: Callable[[], bool] = lambda: False) -> Tally:
    """Send everything that is due now, until done, told to stop, out of allowance, or the mail server is away."""
    transport = get_transport()
    desk = _Desk(stop)
    try:
        if transport.connections == 0:
            _send_here(transport, desk)
        else:
            _send_by_threads(transport, desk)
    finally:
        desk.close()
    return desk.tally


class _Desk:
    """All that a pass writes to the database, and the mails that it has claimed. Used by the pass's own thread."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.tally = Tally()
        self.composer = messages.Composer()
        self._stop = stop
        self._claims: list[Claim] = []
        self._throttled = False
        self.over = False

    def more(self) -> list[Delivery]:
        """Further mails to send; none at the end of the pass."""
        if self.over or self._stop() or self._throttled:
            self.over = True
            return []
        if not queue.any_due():
            self.over = True
            return []
        allowance = pace.reserve(BATCH)
        if not allowance.mails:
            self.tally.wait = allowance.wait
            self.over = True
            return []
        claim = queue.claim(allowance.mails)
        pace.give_back(allowance.mails - len(claim.deliveries))
        if not claim.deliveries:
            self.over = True
            return []
        self._claims.append(claim)
        return claim.deliveries

    @property
    def stopped(self) -> bool:
        return self._throttled or self._stop()

    def write(self, notes: list[_Note]) -> None:
        """Settle and begin, all in one transaction; the answers are given once it is committed.

        If the database fails, nobody may send: whatever was settled is told again by the lease's end.
        """
        try:
            with transaction.atomic():
                for note in notes:
                    if note.settled is not None:
                        queue.settle(*note.settled)
                answers = [note.begin is not None and not self.stopped and queue.begin(note.begin) for note in notes]
        except DatabaseError as error:
            for note in notes:
                note.answer.set_exception(error)
            raise
        for note, answer in zip(notes, answers, strict=True):
            if note.settled is not None:
                self._count(note.settled[1])
            note.answer.set_result(answer)

    def _count(self, result: Result) -> None:
        self.tally.count(result.outcome)
        if result.outcome is Outcome.THROTTLED and not self._throttled:
            self._throttled = True
            pace.slow_down()

    def close(self) -> None:
        """Give back what was claimed and not sent."""
        for claim in self._claims:
            queue.release(claim)
        if self.tally.sent and not self._throttled:
            pace.speed_up()


def _send_here(transport: Transport, desk: _Desk) -> None:
    """Send in this thread: for a transport that needs no waiting."""
    try:
        way_out = transport.connect()
    except Unreachable as error:
        log.warning("No connection to the mail server: %s", error)
        desk.tally.server_down = True
        return
    try:
        while deliveries := desk.more():
            for delivery in deliveries:
                if desk.stopped:
                    return
                result = _attempt(way_out, desk.composer, delivery, functools.partial(_ask, desk, delivery))
                desk.write([_Note(settled=(delivery, result))])
    finally:
        way_out.close()


def _ask(desk: _Desk, delivery: Delivery) -> bool:
    note = _Note(begin=delivery)
    desk.write([note])
    return note.answer.result()


def _send_by_threads(transport: Transport, desk: _Desk) -> None:
    notes: queues.SimpleQueue[_Note | None] = queues.SimpleQueue()
    work: queues.SimpleQueue[Delivery | None] = queues.SimpleQueue()
    first = desk.more()
    if not first:
        return
    senders = [_Sender(transport, desk.composer, notes, work) for _ in range(min(transport.connections, len(first)))]
    for delivery in first:
        work.put(delivery)
    for sender in senders:
        sender.start()
    try:
        _serve(desk, notes, work, senders)
    finally:
        for _ in senders:
            work.put(None)
        for sender in senders:
            sender.give_up.set()
        _refuse_rest(notes, senders)
        for sender in senders:
            sender.join()
    desk.tally.server_down = all(sender.unreachable for sender in senders)


def _serve(
    desk: _Desk,
    notes: "queues.SimpleQueue[_Note | None]",
    work: "queues.SimpleQueue[Delivery | None]",
    senders: "list[_Sender]",
) -> None:
    """Write notes down and keep the senders in work, until all of them have ended."""
    running = len(senders)
    told_to_end = False
    while running:
        batch = [notes.get()]
        while not notes.empty():
            batch.append(notes.get())
        running -= sum(note is None for note in batch)
        told = [note for note in batch if note is not None]
        if told:
            desk.write(told)
        if desk.stopped:
            _drain(work)
        if not desk.over and work.qsize() < _LOW:
            for delivery in desk.more():
                work.put(delivery)
        if desk.over and not told_to_end:
            told_to_end = True
            for _ in senders:
                work.put(None)


def _drain(work: "queues.SimpleQueue[Delivery | None]") -> None:
    """Take the work away, not the signs of its end."""
    ends = 0
    while not work.empty():
        ends += work.get() is None
    for _ in range(ends):
        work.put(None)


def _refuse_rest(notes: "queues.SimpleQueue[_Note | None]", senders: "list[_Sender]") -> None:
    """Nobody writes down any more: who still asks is told no."""
    while any(sender.is_alive() for sender in senders):
        try:
            note = notes.get(timeout=0.05)
        except queues.Empty:
            continue
        if note is not None:
            note.answer.set_result(False)


class _Sender(threading.Thread):
    """One connection and the thread that uses it."""

    def __init__(
        self,
        transport: Transport,
        composer: messages.Composer,
        notes: "queues.SimpleQueue[_Note | None]",
        work: "queues.SimpleQueue[Delivery | None]",
    ) -> None:
        super().__init__(daemon=True, name="mail-connection")
        self._transport = transport
        self._composer = composer
        self._notes = notes
        self._work = work
        self._settled: tuple[Delivery, Result] | None = None
        self._way_out: Connection | None = None
        self.give_up = threading.Event()
        self.unreachable = False

    def run(self) -> None:
        try:
            self._work_off()
        except Exception:
            log.exception("A mail connection ended by a fault")
        finally:
            if self._way_out is not None:
                self._way_out.close()
            connection.close()
            self._notes.put(None)

    def _work_off(self) -> None:
        broken = 0
        while not self.give_up.is_set() and (delivery := self._next()) is not None:
            if broken >= _RECONNECTS or (self._way_out is None and not self._connect()):
                self.unreachable = True
                break
            assert self._way_out is not None
            result = _attempt(self._way_out, self._composer, delivery, functools.partial(self._cleared, delivery))
            self._tell()  # the one before, if this one was refused before it had to ask
            self._settled = (delivery, result)
            if result.outcome in (Outcome.CONNECTION, Outcome.IN_DOUBT, Outcome.THROTTLED):
                # What may have arrived is not risked again at once: the pass ends for this connection.
                broken += _RECONNECTS if result.outcome is Outcome.IN_DOUBT else 1
                self._way_out.close()
                self._way_out = None
                self._tell()
            else:
                broken = 0
        self._tell()

    def _next(self) -> Delivery | None:
        """The next mail. Before waiting for one, what is untold is told: the desk may be waiting for that."""
        try:
            return self._work.get_nowait()
        except queues.Empty:
            self._tell()
            return self._work.get()

    def _connect(self) -> bool:
        for attempt in range(_RECONNECTS):
            try:
                self._way_out = self._transport.connect()
                return True
            except Unreachable as error:
                log.warning("No connection to the mail server: %s", error)
            if self.give_up.wait(_PAUSE_SECONDS * attempt):
                break
        return False

    def _cleared(self, delivery: Delivery) -> bool:
        """Tell how the mail before ended and ask for this one, in one note."""
        note = _Note(self._settled, delivery)
        self._settled = None
        self._notes.put(note)
        return note.answer.result()

    def _tell(self) -> None:
        if self._settled is not None:
            self._notes.put(_Note(self._settled))
            self._settled = None


def _attempt(
    way_out: Connection, composer: messages.Composer, delivery: Delivery, cleared: Callable[[], bool]
) -> Result:
    try:
        envelope = composer.compose(delivery)
    except messages.UnsendableError as error:
        return Result(Outcome.PERMANENT, str(error))
    except Exception as error:  # a fault of ours: the mail waits for it to be mended
        log.exception("%s could not be written", delivery)
        return Result(Outcome.TEMPORARY, f"{type(error).__name__}: {error}"[:1000])
    result = way_out.send(envelope, cleared)
    if result.outcome not in (Outcome.SENT, Outcome.WITHDRAWN):
        log.warning("%s: %s: %s", delivery, result.outcome.value, result.detail)
    return result
