"""One pass over the queue: claims rows, hands each to the transport, and settles what came of it.

One thread, the desk, does all that touches the database (see `desk`). A single connection is served by the same thread:
what would be handed to and fro costs more than it saves. Several connections have a thread each (see `connections`).
"""

import contextlib
import logging
import queue as queues
import threading
from collections import deque
from collections.abc import Callable

from django.db import connection

from catalogue.newsletter.connections import Courier
from catalogue.newsletter.desk import BATCH, Desk, Note, Tally
from catalogue.newsletter.models import Delivery
from catalogue.newsletter.transports import Transport, get_transport

__all__ = ["BATCH", "Tally", "send_due"]

log = logging.getLogger(__name__)
_LOW = 20

type Notes = queues.SimpleQueue[Note | None]
type Work = queues.SimpleQueue[Delivery | None]


def send_due(stop: Callable[[], bool] = lambda: False) -> Tally:
    """Send everything that is due now, until done, told to stop, out of allowance, or the mail server is away."""
    transport = get_transport()
    desk = Desk(stop)
    try:
        if transport.connections == 1:
            courier = Courier(transport, desk.composer, _FromDesk(desk), lambda note: desk.write([note]))
            courier.run()
            desk.tally.server_down = courier.unreachable
        else:
            _send_by_threads(transport, desk)
    finally:
        desk.close()
    return desk.tally


class _FromDesk:
    """The mails of the only connection, claimed as they are needed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._claimed: deque[Delivery] = deque()

    def at_hand(self) -> Delivery | None:
        if self._desk.stopped:
            return None
        if not self._claimed:
            self._claimed.extend(self._desk.more())
        return self._claimed.popleft() if self._claimed else None

    wait = at_hand


class _FromQueue:
    """The mails of one connection among several: whatever is next in the queue that the desk keeps filled."""

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
    def __init__(self, transport: Transport, desk: Desk, notes: Notes, work: Work) -> None:
        super().__init__(daemon=True, name="mail-connection")
        self._notes = notes
        self.courier = Courier(transport, desk.composer, _FromQueue(work), notes.put)

    def run(self) -> None:
        try:
            self.courier.run()
        except Exception:
            log.exception("A mail connection ended by a fault")
        finally:
            connection.close()
            self._notes.put(None)


def _send_by_threads(transport: Transport, desk: Desk) -> None:
    notes: Notes = queues.SimpleQueue()
    work: Work = queues.SimpleQueue()
    first = desk.more()
    if not first:
        return
    senders = [_ConnectionThread(transport, desk, notes, work) for _ in range(min(transport.connections, len(first)))]
    for delivery in first:
        work.put(delivery)
    for sender in senders:
        sender.start()
    try:
        _serve(desk, notes, work, senders)
    finally:
        for sender in senders:
            sender.courier.give_up.set()
        _drain(work)
        for _ in senders:
            work.put(None)
        _refuse_rest(notes, senders)
        for sender in senders:
            sender.join()
    desk.tally.server_down = all(sender.courier.unreachable for sender in senders)


def _serve(desk: Desk, notes: Notes, work: Work, senders: "list[_ConnectionThread]") -> None:
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


def _drain(work: Work) -> None:
    """Take the work away, not the signs of its end."""
    ends = 0
    with contextlib.suppress(queues.Empty):
        while True:
            ends += work.get_nowait() is None
    for _ in range(ends):
        work.put(None)


def _refuse_rest(notes: Notes, senders: "list[_ConnectionThread]") -> None:
    """Nobody writes down any more: who still asks is told no."""
    while any(sender.is_alive() for sender in senders):
        with contextlib.suppress(queues.Empty):
            note = notes.get(timeout=0.05)
            if note is not None:
                note.answer.put(False)
