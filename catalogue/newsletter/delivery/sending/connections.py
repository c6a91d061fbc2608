"""Connections to the mail server: each writes and sends one mail after the other, and puts nothing down itself.

What a server needs time for is used: while it looks sender and recipient up, the writer writes down how the mail before
ended and marks this one as on the wire; while it digests a content, the next mail is written.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from catalogue.newsletter.delivery.backoff import AWAY, in_words
from catalogue.newsletter.delivery.reachability import mail_server
from catalogue.newsletter.delivery.sending.outcomes import Outcome, Result
from catalogue.newsletter.delivery.sending.writer import Note
from catalogue.newsletter.delivery.transports.base import Clearance, Connection, Envelope, Transport, Unreachable
from catalogue.newsletter.mail import messages
from catalogue.newsletter.models import Delivery
from catalogue.observability.exporters import tracing
from catalogue.observability.requests.request_context import RequestContext, bound

log = logging.getLogger(__name__)
_RECONNECTS = 3
_PAUSE_SECONDS = 0.5


class Supply(Protocol):
    """Where a connection's mails come from."""

    def at_hand(self) -> Delivery | None:
        """A mail, if there is one without waiting for it."""

    def wait(self) -> Delivery | None:
        """The next mail; None: there will be no further one."""


@dataclass(frozen=True)
class _Mail:
    delivery: Delivery
    written: Envelope | Result
    """A mail that could not be written has its outcome already."""


class MailWorker:
    """One connection, opened again when it breaks, and the mails that it carries."""

    def __init__(
        self, transport: Transport, composer: messages.Composer, supply: Supply, tell: Callable[[Note], None]
    ) -> None:
        self._transport = transport
        self._composer = composer
        self._supply = supply
        self._tell = tell
        self._way_out: Connection | None = None
        self._settled: tuple[Delivery, Result] | None = None
        self._next: _Mail | None = None
        self._logged: set[str] = set()
        self.give_up = threading.Event()
        self.unreachable = False

    def run(self) -> None:
        """Carry mails until there are none, or the server is away."""
        try:
            self._carry()
            self._report()
        finally:
            self._hang_up()

    def _carry(self) -> None:
        broken = 0
        while (mail := self._take()) is not None:
            if broken >= _RECONNECTS or not self._connected():
                self.unreachable = True
                return
            with (
                bound(RequestContext(mail.delivery.request_id)),
                tracing.span("send a mail", "producer", mail_kind=mail.delivery.kind) as span,
            ):
                result = self._send(mail)
                span.set(outcome=result.outcome.value, request_id=mail.delivery.request_id)
            self._report()  # the one before, if this one was refused before it had to ask
            self._settled = (mail.delivery, result)
            if result.outcome in (Outcome.CONNECTION, Outcome.IN_DOUBT, Outcome.THROTTLED):
                # What may have arrived is not risked again at once: the pass ends for this connection.
                broken += _RECONNECTS if result.outcome is Outcome.IN_DOUBT else 1
                self._hang_up()
                self._report()
                if result.outcome is Outcome.THROTTLED:
                    return
            else:
                broken = 0

    def _take(self) -> _Mail | None:
        """The next mail. Before waiting for one, what is untold is told: the writer may be waiting for that."""
        if self._next is None:
            self._look_ahead()
        if self._next is None:
            self._report()
            delivery = self._supply.wait()
            return None if delivery is None else self._write(delivery)
        mail, self._next = self._next, None
        return mail

    def _look_ahead(self) -> None:
        delivery = self._supply.at_hand()
        self._next = None if delivery is None else self._write(delivery)

    def _write(self, delivery: Delivery) -> _Mail:
        try:
            return _Mail(delivery, self._composer.compose(delivery))
        except messages.UnwritableUpdate as error:
            return _Mail(delivery, Result(Outcome.UNWRITABLE, str(error)))
        except messages.UnsendableError as error:
            return _Mail(delivery, Result(Outcome.PERMANENT, str(error)))
        except AWAY:
            raise
        except Exception as error:  # a fault of ours: the mail is tried again later, and fails for good in the end
            self._log_once(delivery, "could not be written", error)
            return _Mail(delivery, Result(Outcome.TEMPORARY, in_words(error)))

    def _send(self, mail: _Mail) -> Result:
        if isinstance(mail.written, Result):
            return mail.written
        assert self._way_out is not None
        asked = False

        def ask() -> Clearance:
            nonlocal asked
            asked = True
            return self._ask(mail.delivery)

        try:
            result = self._way_out.send(mail.written, ask, self._look_ahead)
        except AWAY:
            raise
        except Exception as error:  # a fault of ours again: the connection's state is unknown, so it is closed
            self._log_once(mail.delivery, "could not be handed over", error)
            self._hang_up()
            return Result(Outcome.IN_DOUBT if asked else Outcome.TEMPORARY, in_words(error))
        if result.outcome not in (Outcome.SENT, Outcome.WITHDRAWN):
            log.warning("%s: %s: %s", mail.delivery, result.outcome.value, result.detail)
        elif mail.delivery.update_sent_id is None:
            log.info("%s: %s", mail.delivery, result.outcome.value)
        return result

    def _log_once(self, delivery: Delivery, what: str, error: Exception) -> None:
        """One mistake may meet every mail: the same one is logged once a pass, with the first mail that it met."""
        if (told := in_words(error)) not in self._logged:
            self._logged.add(told)
            log.error("%s %s: %s", delivery, what, told, exc_info=error)

    def _ask(self, delivery: Delivery) -> Clearance:
        """Tell how the mail before ended and ask for this one, in one note."""
        note = Note(self._settled, delivery)
        self._settled = None
        self._tell(note)
        return note.answer.get

    def _report(self) -> None:
        if self._settled is not None:
            note = Note(self._settled)
            self._settled = None
            self._tell(note)

    def _connected(self) -> bool:
        # A server that was away a moment ago gets one attempt in each pass; the loop's pauses grow meanwhile.
        for attempt in range(1 if mail_server.away else _RECONNECTS):
            if self._way_out is not None:
                break
            if self.give_up.wait(_PAUSE_SECONDS * attempt):
                break
            try:
                self._way_out = self._transport.connect()
            except Unreachable as error:
                mail_server.failed(error)
            else:
                mail_server.succeeded()
        return self._way_out is not None

    def _hang_up(self) -> None:
        if self._way_out is not None:
            self._way_out.close()
            self._way_out = None
