"""One pass over the queue: claims rows, hands each to the transport, and settles what came of it.

One thread, the desk, does all that touches the database; each connection has a thread of its own (see `desk` and
`connections`). A transport that needs no waiting is served by the desk's own thread.
"""

import functools
import logging
import queue as queues
from collections.abc import Callable

from catalogue.newsletter.connections import ConnectionThread, attempt
from catalogue.newsletter.desk import BATCH, Desk, Note, Tally
from catalogue.newsletter.models import Delivery
from catalogue.newsletter.transports import Transport, Unreachable, get_transport

__all__ = ["BATCH", "Tally", "send_due"]

log = logging.getLogger(__name__)
_LOW = 20


def send_due(stop: Callable[[], bool] = lambda: False) -> Tally:
    """Send everything that is due now, until done, told to stop, out of allowance, or the mail server is away."""
    transport = get_transport()
    desk = Desk(stop)
    try:
        if transport.connections == 0:
            _send_here(transport, desk)
        else:
            _send_by_threads(transport, desk)
    finally:
        desk.close()
    return desk.tally


def _send_here(transport: Transport, desk: Desk) -> None:
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
                result = attempt(way_out, desk.composer, delivery, functools.partial(_ask, desk, delivery))
                desk.write([Note(settled=(delivery, result))])
    finally:
        way_out.close()


def _ask(desk: Desk, delivery: Delivery) -> bool:
    note = Note(begin=delivery)
    desk.write([note])
    return note.answer.result()


def _send_by_threads(transport: Transport, desk: Desk) -> None:
    notes: queues.SimpleQueue[Note | None] = queues.SimpleQueue()
    work: queues.SimpleQueue[Delivery | None] = queues.SimpleQueue()
    first = desk.more()
    if not first:
        return
    senders = [
        ConnectionThread(transport, desk.composer, notes, work) for _ in range(min(transport.connections, len(first)))
    ]
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
    desk: Desk,
    notes: "queues.SimpleQueue[Note | None]",
    work: "queues.SimpleQueue[Delivery | None]",
    senders: "list[ConnectionThread]",
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


def _refuse_rest(notes: "queues.SimpleQueue[Note | None]", senders: "list[ConnectionThread]") -> None:
    """Nobody writes down any more: who still asks is told no."""
    while any(sender.is_alive() for sender in senders):
        try:
            note = notes.get(timeout=0.05)
        except queues.Empty:
            continue
        if note is not None:
            note.answer.set_result(False)
