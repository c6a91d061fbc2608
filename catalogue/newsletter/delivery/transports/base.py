"""What sends mail: one interface, three implementations (the mailbox page, SMTP, Amazon SES)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from catalogue.newsletter.delivery.sending.outcomes import Result


class Unreachable(Exception):
    """No connection can be had now; the message says why."""


@dataclass(frozen=True)
class Envelope:
    sender: str
    recipient: str
    content: bytes
    """The whole message (RFC 5322), lines ended by CRLF."""


type Clearance = Callable[[], bool]
"""Waits for the word whether a mail may go, which was asked for before."""


class Connection(Protocol):
    """One way out, used by one thread, for many mails."""

    def send(self, envelope: Envelope, ask: Callable[[], Clearance], meanwhile: Callable[[], None]) -> Result:
        """Send one mail. Never raises for what a server or network does.

        `ask` is called once, late, and its answer is awaited before anything can arrive: if it is no, nothing is sent.
        `meanwhile` is work for the time in which the server has the whole mail and has not answered; it need not be
        called.
        """

    def close(self) -> None: ...


class Transport(Protocol):
    connections: int
    """How many may be open at once, each in a thread of its own if they are more than one."""

    def connect(self) -> Connection:
        """Raises Unreachable."""
