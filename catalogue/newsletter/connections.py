"""Connections to the mail server, each with a thread of its own: they compose and send, and write nothing down."""

import functools
import logging
import queue as queues
import threading
from collections.abc import Callable

from django.db import connection

from catalogue.newsletter import messages
from catalogue.newsletter.desk import Note
from catalogue.newsletter.models import Delivery
from catalogue.newsletter.outcomes import Outcome, Result
from catalogue.newsletter.transports import Connection, Transport, Unreachable

log = logging.getLogger(__name__)
_RECONNECTS = 3
_PAUSE_SECONDS = 0.5


class ConnectionThread(threading.Thread):
    """One connection and the thread that uses it."""

    def __init__(
        self,
        transport: Transport,
        composer: messages.Composer,
        notes: "queues.SimpleQueue[Note | None]",
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
            result = attempt(self._way_out, self._composer, delivery, functools.partial(self._cleared, delivery))
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
        note = Note(self._settled, delivery)
        self._settled = None
        self._notes.put(note)
        return note.answer.result()

    def _tell(self) -> None:
        if self._settled is not None:
            self._notes.put(Note(self._settled))
            self._settled = None


def attempt(
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
