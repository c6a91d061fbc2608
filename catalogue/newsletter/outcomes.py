"""What an exception while sending means for the mail: try again, give up, or stop and look at the server."""

import enum
import smtplib

from django.db import DatabaseError

from catalogue.newsletter.messages import UnsendableError


class Outcome(enum.Enum):
    SENT = "sent"
    RETRY = "retry"  # this mail, later
    FAILED = "failed"  # this mail, never
    SERVER = "server"  # not this mail's fault: nothing can be sent now


def of(error: Exception) -> Outcome:
    """Sort an exception raised by an e-mail backend.

    A server's 5yz answer about the recipient or the content is final, 4yz is not (RFC 5321, 4.2.1). A refused
    login or sender is the operator's to mend, and no reason to give up on a reader's mail. Anything
    unforeseen is a fault of ours: the mail waits for it to be mended.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            return _by_code(max(codes, default=450))
        case smtplib.SMTPDataError():
            return _by_code(error.smtp_code)
        case smtplib.SMTPException() | OSError() | DatabaseError():
            return Outcome.SERVER
        case UnsendableError():
            return Outcome.FAILED
        case _:
            return Outcome.RETRY


def _by_code(code: int) -> Outcome:
    return Outcome.FAILED if 500 <= code < 600 else Outcome.RETRY
