"""Mail by SMTP (RFC 5321) over connections that stay open from one mail to the next."""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable

from django.conf import settings

from catalogue.newsletter.delivery.sending.outcomes import SENT, WITHDRAWN, Outcome, Result, of_reply
from catalogue.newsletter.delivery.transports.base import Clearance, Envelope, Unreachable
from catalogue.processes import heartbeat

_BROKEN = (smtplib.SMTPServerDisconnected, OSError)


class _SMTP(smtplib.SMTP):
    """Each reply is a sign of life: a slow server may take its timeout for every one of a mail's."""

    def getreply(self) -> tuple[int, bytes]:
        reply = super().getreply()
        heartbeat.beat()
        return reply


class _SMTPOverTLS(_SMTP, smtplib.SMTP_SSL):
    pass


class SmtpTransport:
    def __init__(self) -> None:
        self.connections: int = settings.NEWSLETTER_CONNECTIONS

    def connect(self) -> "SmtpConnection":
        try:
            return SmtpConnection(_open())
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error


def _open() -> smtplib.SMTP:
    if not settings.SMTP_HOST:
        raise OSError("SMTP_HOST is not set")  # smtplib would connect to nothing, and say so nowhere
    where = (settings.SMTP_HOST, settings.SMTP_PORT)
    server: smtplib.SMTP
    if settings.SMTP_TLS:
        server = _SMTPOverTLS(*where, timeout=settings.SMTP_TIMEOUT, context=ssl.create_default_context())
    else:
        server = _SMTP(*where, timeout=settings.SMTP_TIMEOUT)
    try:
        assert server.sock is not None
        server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a mail's last packet waits for nothing
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
    """The clearance is asked for with the first command and awaited before DATA: two answers of the server hide it."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, envelope: Envelope, ask: Callable[[], Clearance], meanwhile: Callable[[], None]) -> Result:
        server = self._server
        # The addresses were made for this (`messages.ascii_address`): smtplib need not take them apart again.
        try:
            server.putcmd(f"MAIL FROM:<{envelope.sender}>")
            clearance = ask()
            code, said = server.getreply()
            if code != 250:
                return self._not_sent(_of_sender_refused(code, said))
            code, said = server.docmd(f"RCPT TO:<{envelope.recipient}>")
            may_go = clearance()
        except _BROKEN as error:
            return Result(Outcome.CONNECTION, f"{type(error).__name__}: {error}")
        if code not in (250, 251):
            return self._not_sent(of_reply(code, said, about_recipient=True))
        return self._transfer(envelope.content, meanwhile) if may_go else self._not_sent(WITHDRAWN)

    def _not_sent(self, result: Result) -> Result:
        with contextlib.suppress(*_BROKEN):
            self._server.rset()
        return result

    def _transfer(self, content: bytes, meanwhile: Callable[[], None]) -> Result:
        complete = False
        try:
            code, said = self._server.docmd("DATA")
            if code == 354:
                complete = True
                self._server.send(stuffed(content))
                meanwhile()
                code, said = self._server.getreply()
        except _BROKEN as error:
            detail = f"{type(error).__name__}: {error}"
            return Result(Outcome.IN_DOUBT if complete else Outcome.CONNECTION, detail)
        return SENT if code == 250 else of_reply(code, said, about_recipient=False)

    def close(self) -> None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._server.quit()
        self._server.close()


def _of_sender_refused(code: int, said: bytes) -> Result:
    """Only the operator can fix a refused sender or login. It is no reason to give up on a reader's mail."""
    result = of_reply(code, said, about_recipient=False)
    return result if result.outcome is Outcome.THROTTLED else Result(Outcome.TEMPORARY, result.detail)


def stuffed(content: bytes) -> bytes:
    """The content as DATA wants it: leading dots doubled, ended by a line with a single one (RFC 5321, 4.5.2)."""
    body = content.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")
