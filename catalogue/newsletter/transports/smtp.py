"""Mail by SMTP (RFC 5321) over connections that stay open from one mail to the next."""

import contextlib
import smtplib
import ssl
from collections.abc import Callable

from django.conf import settings

from catalogue.newsletter.outcomes import SENT, WITHDRAWN, Outcome, Result, of_reply
from catalogue.newsletter.transports import Envelope, Unreachable

_BROKEN = (smtplib.SMTPServerDisconnected, OSError)


class SmtpTransport:
    def __init__(self) -> None:
        self.connections: int = settings.NEWSLETTER_CONNECTIONS

    def connect(self) -> "SmtpConnection":
        try:
            return SmtpConnection(_open())
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error


def _open() -> smtplib.SMTP:
    server = smtplib.SMTP(settings.SMTP_HOST, settings.SMTP_PORT, timeout=settings.SMTP_TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        if settings.SMTP_STARTTLS:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if settings.SMTP_USER:
            server.login(settings.SMTP_USER, settings.SMTP_PASSWORD)
    except Exception:
        server.close()
        raise
    return server


class SmtpConnection:
    """`cleared` is asked while the server waits for the mail's content: recipient and sender are accepted by then."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, envelope: Envelope, cleared: Callable[[], bool]) -> Result:
        try:
            refusal = self._announce(envelope)
            if refusal is not None:
                self._server.rset()
                return refusal
        except _BROKEN as error:
            return Result(Outcome.CONNECTION, f"{type(error).__name__}: {error}")
        if not cleared():
            with contextlib.suppress(*_BROKEN):
                self._server.rset()
            return WITHDRAWN
        return self._transfer(envelope.content)

    def _announce(self, envelope: Envelope) -> Result | None:
        """MAIL and RCPT; what was said to a refused one."""
        # The addresses were made for this (`messages.ascii_address`): smtplib need not take them apart again.
        code, said = self._server.docmd(f"MAIL FROM:<{envelope.sender}>")
        if code != 250:
            # A refused sender or login is the operator's to mend, and no reason to give up on a reader's mail.
            result = of_reply(code, said, about_recipient=False)
            return result if result.outcome is Outcome.THROTTLED else Result(Outcome.TEMPORARY, result.detail)
        code, said = self._server.docmd(f"RCPT TO:<{envelope.recipient}>")
        return None if code in (250, 251) else of_reply(code, said, about_recipient=True)

    def _transfer(self, content: bytes) -> Result:
        complete = False
        try:
            code, said = self._server.docmd("DATA")
            if code == 354:
                complete = True
                self._server.send(stuffed(content))
                code, said = self._server.getreply()
        except _BROKEN as error:
            detail = f"{type(error).__name__}: {error}"
            return Result(Outcome.IN_DOUBT if complete else Outcome.CONNECTION, detail)
        return SENT if code == 250 else of_reply(code, said, about_recipient=False)

    def close(self) -> None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._server.quit()
        self._server.close()


def stuffed(content: bytes) -> bytes:
    """The content as DATA wants it: leading dots doubled, ended by a line with a single one (RFC 5321, 4.5.2)."""
    body = content.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")
