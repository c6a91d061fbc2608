"""Where bounces lie: a mail on standard input, a file, an mbox, a Maildir, or a folder of an IMAP server."""

import imaplib
import mailbox
import sys
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from catalogue.newsletter.delivery.feedback.reports import MOST_BYTES

_TIMEOUT = 30  # seconds, for each answer of an IMAP server
_READ = b"Status: RO\n"
"""The first line of a mail of an mbox that was read: https://docs.python.org/3/library/mailbox.html#mboxmessage-objects"""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class BadMailbox(ValueError):
    """The place cannot be read; the message says what to write instead."""


@dataclass(frozen=True)
class Kept:
    """A mail and what to do with it once it has been read."""

    raw: bytes
    done: Callable[[bool], None]
    """Called with whether the mail may go; otherwise it stays, marked as read where the mailbox knows such a mark."""


def open_mailbox(place: str, password: str = "") -> Generator[Kept]:
    """The unread mails of a place. Close it: a mailbox is unlocked, or a connection ended, only then.

    Raises BadMailbox, OSError, mailbox.Error, imaplib.IMAP4.error.
    """
    if place == "-":
        return _one(sys.stdin.buffer.read(MOST_BYTES))
    if place.startswith(("imaps://", "imap://")):
        return _imap(place, password)
    path = Path(place)
    if (path / "new").is_dir():
        return _maildir(path)
    if not path.is_file():
        raise BadMailbox(f"{place} is not -, a file, an mbox, a Maildir or imaps://user@host/folder.")
    with path.open("rb") as opened:
        is_mbox = opened.read(5) == b"From "
    return _mbox(path) if is_mbox else _one(_bounded(path))


def _one(raw: bytes) -> Generator[Kept]:
    yield Kept(raw, _stays)


def _stays(may_go: bool) -> None:
    """Nothing is marked or deleted: what comes again changes nothing."""


def _bounded(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(MOST_BYTES)


def _maildir(path: Path) -> Generator[Kept]:
    """Unread mails; one that was read and stays gets the flag S, and is not looked at again."""
    for folder in ("new", "cur"):
        for file in sorted((path / folder).iterdir()):
            flags = file.name.partition(":2,")[2]
            if file.name.startswith(".") or "S" in flags or not file.is_file():
                continue

            def done(may_go: bool, file: Path = file, flags: str = flags) -> None:
                with suppress(FileNotFoundError):  # another reader was faster
                    if may_go:
                        file.unlink()
                    else:
                        name = file.name.partition(":2,")[0]
                        file.rename(path / "cur" / f"{name}:2,{''.join(sorted({*flags, 'S'}))}")

            with suppress(FileNotFoundError):
                yield Kept(_bounded(file), done)


def _mbox(path: Path) -> Generator[Kept]:
    """Unread mails of the file, which is locked meanwhile against deliveries.

    One that was read and stays gets the header that mail programs mark it with. Without a mark, mails that stay would
    be read again by each run, and those behind them never.
    """
    box = mailbox.mbox(path, create=False)
    box.lock()
    try:
        for key in box.keys():  # noqa: SIM118  (a mailbox iterates over its messages, not over its keys)
            file: BinaryIO = box.get_file(key)  # type: ignore[assignment]
            raw = file.read(MOST_BYTES)
            if raw.startswith(_READ):
                continue

            def done(may_go: bool, key: str = key) -> None:
                if may_go:
                    box.remove(key)
                else:
                    first, end, rest = box.get_bytes(key, from_=True).partition(b"\n")
                    box[key] = first + end + _READ + rest

            yield Kept(raw, done)
    finally:
        box.flush()
        box.unlock()
        box.close()


def _imap(place: str, password: str) -> Generator[Kept]:
    """Unseen mails of a folder; each is marked as seen, or deleted. The password comes from the settings."""
    try:
        parts = urlsplit(place)
        host, user, port = parts.hostname or "", unquote(parts.username or ""), parts.port
    except ValueError:
        host = user = ""
    if not host or not user:
        raise BadMailbox("Write imaps://user@host/folder, with %40 for an @ in the user's name.")
    if parts.password or not password:
        raise BadMailbox("Put the password into BOUNCE_MAILBOX_PASSWORD. Others can see the address.")
    if parts.scheme == "imap" and host not in _LOOPBACK:
        raise BadMailbox("Without TLS the password would be sent in clear text. Write imaps://.")
    server: imaplib.IMAP4
    if parts.scheme == "imaps":
        server = imaplib.IMAP4_SSL(host, port or 993, timeout=_TIMEOUT)
    else:
        server = imaplib.IMAP4(host, port or 143, timeout=_TIMEOUT)
    with closing(_LogsOut(server)):
        server.login(user, password)
        folder = unquote(parts.path.lstrip("/")) or "INBOX"
        if server.select(f'"{folder}"')[0] != "OK":
            raise BadMailbox(f"{host} has no folder {folder}.")
        _, found = server.uid("SEARCH", "UNSEEN UNDELETED")
        try:
            for uid in (found[0] or b"").split():
                yield _fetched(server, uid.decode("ascii"))
        finally:  # also when no more than some are asked for
            server.expunge()


def _fetched(server: imaplib.IMAP4, uid: str) -> Kept:
    _, answer = server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
    raw = next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")

    def done(may_go: bool) -> None:
        server.uid("STORE", uid, "+FLAGS", r"(\Deleted)" if may_go else r"(\Seen)")

    return Kept(raw, done)


class _LogsOut:
    def __init__(self, server: imaplib.IMAP4) -> None:
        self._server = server

    def close(self) -> None:
        with suppress(imaplib.IMAP4.error, OSError):
            self._server.logout()
