"""Takes a stored message apart for display."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from catalogue.newsletter.mail.mailbox.models import MailboxMessage

_HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    headers: str  # as they traveled, line by line
    text: str
    html: str
    attachments: tuple[str, ...]


def subject_of(content: bytes) -> str:
    """The message's subject, decoded."""
    return str(BytesHeaderParser(policy=policy.default).parsebytes(content)["Subject"] or "")


def open_message(stored: MailboxMessage) -> Opened:
    raw = bytes(stored.raw)
    message = message_from_bytes(raw, policy=policy.default)
    headers, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    return Opened(
        headers=headers.decode("utf-8", "replace"),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        attachments=tuple(part.get_filename("unnamed") for part in message.iter_attachments()),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def framed(html: str) -> str:
    """The HTML part with links that open in the window around its frame."""
    base = '<base target="_top">'
    if _HEAD.search(html):
        return _HEAD.sub(lambda head: head.group() + base, html, count=1)
    return base + html
