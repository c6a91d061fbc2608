"""One pass over the queue: claims rows, hands each to the transport, and settles what came of it.

One thread, the writer, makes every change of the database (see `writer`). It also serves a single connection, because
handing mails between threads costs more than it saves. Several connections have a thread each (see `connections`).
"""

import contextlib
import logging
import queue as queues
import threading
from collections import deque
from collections.abc import Callable

from django.db import connection

from catalogue.newsletter.delivery.sending.connections import MailWorker
from catalogue.newsletter.delivery.sending.writer import BATCH, Note, Tally, Writer
from catalogue.newsletter.delivery.transports import get_transport
from catalogue.newsletter.delivery.transports.base import Transport
from catalogue.newsletter.models import Delivery
from catalogue.processes import heartbeat

__all__ = ["BATCH", "Tally", "send_due"]

log = logging.getLogger(__name__)
_LOW = 20

type Notes = queues.SimpleQueue[Note | None]
type Work = queues.SimpleQueue[Delivery | None]


def send_due(
    stop: Callable[[], bool] = lambda: False,
    *,
    updates: bool = True,
    before_claims: Callable[[], object] = lambda: None,
) -> Tally:
    """Send everything that is due now, until done, told to stop, out of allowance, or the mail server is away.

    Without `updates`, only confirmations, which a person waits for. `before_claims` is called before each look at the
    queue: a pass over an update may last for hours, and what it queues then is sent next.
    """
    transport = get_transport()
    writer = Writer(stop, updates=updates, before_claims=before_claims)
    try:
        if transport.connections == 1:
            worker = MailWorker(transport, writer.composer, _FromWriter(writer), lambda note: writer.write([note]))
            worker.run()
            writer.tally.server_down = worker.unreachable
        else:
            _send_by_threads(transport, writer)
    finally:
        writer.close()
    return writer.tally


class _FromWriter:
    """The mails of the only connection, claimed as they are needed."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._claimed: deque[Delivery] = deque()

    def at_hand(self) -> Delivery | None:
        if self._writer.stopped:
            return None
        if not self._claimed:
            self._claimed.extend(self._writer.more())
        return self._claimed.popleft() if self._claimed else None

    wait = at_hand


class _FromQueue:
    """The mails of one connection among several: whatever is next in the queue that the writer keeps filled."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ended = False

    def at_hand(self) -> Delivery | None:
        with contextlib.suppress(queues.Empty):
            return None if self._ended else self._next(self._work.get_nowait())
        return None

    def wait(self) -> Delivery | None:
        return None if self._ended else self._next(self._work.get())

    def _next(self, found: Delivery | None) -> Delivery | None:
        self._ended = found is None
        return found


class _ConnectionThread(threading.Thread):
    def __init__(self, transport: Transport, writer: Writer, notes: Notes, work: Work) -> None:
        super().__init__(daemon=True, name="mail-connection")
        self._notes = notes
        self.worker = MailWorker(transport, writer.composer, _FromQueue(work), notes.put)

    def run(self) -> None:
        try:
            self.worker.run()
        except Exception:
            log.exception("A mail connection ended by a fault")
        finally:
            connection.close()
            self._notes.put(None)


def _send_by_threads(transport: Transport, writer: Writer) -> None:
    notes: Notes = queues.SimpleQueue()
    work: Work = queues.SimpleQueue()
    first = writer.more()
    if not first:
        return
    senders = [_ConnectionThread(transport, writer, notes, work) for _ in range(min(transport.connections, len(first)))]
    for delivery in first:
        work.put(delivery)
    for sender in senders:
        sender.start()
    try:
        _serve(writer, notes, work, senders)
    finally:
        for sender in senders:
            sender.worker.give_up.set()
        _drain(work)
        for _ in senders:
            work.put(None)
        _refuse_rest(notes, senders)
        for sender in senders:
            sender.join()
    writer.tally.server_down = all(sender.worker.unreachable for sender in senders)


def _serve(writer: Writer, notes: Notes, work: Work, senders: "list[_ConnectionThread]") -> None:
    """Write notes down and keep the senders in work, until all of them have ended."""
    running = len(senders)
    asked_to_end = False
    while running:
        batch = [_next(notes)]
        while not notes.empty():
            batch.append(notes.get())
        running -= sum(note is None for note in batch)
        told = [note for note in batch if note is not None]
        if told:
            writer.write(told)
        if writer.stopped:
            _drain(work)
        if not writer.over and work.qsize() < _LOW:
            for delivery in writer.more():
                work.put(delivery)
        if writer.over and not asked_to_end:
            asked_to_end = True
            for _ in senders:
                work.put(None)


def _next(notes: Notes) -> Note | None:
    """The next note, with a sign of life for each second of the wait: the connections have time limits of their own."""
    while True:
        heartbeat.beat()
        with contextlib.suppress(queues.Empty):
            return notes.get(timeout=1)


def _drain(work: Work) -> None:
    """Take the work away, not the signs of its end."""
    ends = 0
    with contextlib.suppress(queues.Empty):
        while True:
            ends += work.get_nowait() is None
    for _ in range(ends):
        work.put(None)


def _refuse_rest(notes: Notes, senders: "list[_ConnectionThread]") -> None:
    """No one writes down any more: who still asks is told no."""
    while any(sender.is_alive() for sender in senders):
        heartbeat.beat()
        with contextlib.suppress(queues.Empty):
            note = notes.get(timeout=0.05)
            if note is not None:
                note.answer.put(False)
