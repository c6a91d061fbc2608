"""Reports of mail servers as they come by mail, and the command that reads them."""

import io
import mailbox
import uuid
from pathlib import Path

from django.core.management import call_command

DEAD = "5.1.1", "550 5.1.1 <ada@example.com>: no such user"
FULL = "5.2.2", "552 5.2.2 mailbox full"


def dsn(to: str, action: str = "failed", status: str = DEAD[0], said: str = DEAD[1]) -> bytes:
    """A report as Postfix writes it, to an envelope sender of ours."""
    return f"""\
From: MAILER-DAEMON@mail.example.com (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
Message-Id: <{uuid.uuid4()}@mail.example.com>

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com
Arrival-Date: Mon, 30 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; forwarded@elsewhere.example
Original-Recipient: rfc822;ada@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: message/rfc822

Subject: New pattern

Hello
--b--
""".encode()


def complaint(to: str, feedback: str = "abuse") -> bytes:
    """The example of RFC 5965, about a mail of ours."""
    return f"""\
From: <abusedesk@example.com>
To: fbl@patterns.example.com
Subject: FW: Earn money
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{to}>

--part
Content-Type: message/rfc822

Return-Path: <{to}>
Subject: New pattern

Hello
--part--
""".encode()


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("newsletter", "bounces", *arguments, stdout=out)
    return out.getvalue()


def maildir(path: Path, *mails: bytes) -> Path:
    box = mailbox.Maildir(path / "Maildir", create=True)
    for raw in mails:
        box.add(raw)
    return path / "Maildir"
