"""`manage.py newsletter bounces`: reads the mailbox to which bounces and complaints come."""

import imaplib
import logging
import mailbox
from collections import Counter
from contextlib import closing
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper

from catalogue.newsletter.delivery.backoff import AWAY, in_words
from catalogue.newsletter.delivery.feedback import mailboxes, reports, services
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys

log = logging.getLogger(__name__)
TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: a mail server that pipes a mail to the command keeps it and comes again."""


def bounces(out: OutputWrapper, place: str, recipient: str, most: int, delete: bool, **_: Any) -> None:
    """Act on each mail by itself; one that cannot be understood is counted and stays."""
    place = place or settings.BOUNCE_MAILBOX
    if not place:
        raise CommandError("Give a mailbox, or set BOUNCE_MAILBOX: -, a file, an mbox, a Maildir or imaps://user@host.")
    counts: Counter[str] = Counter()
    try:
        with closing(mailboxes.open_mailbox(place, settings.BOUNCE_MAILBOX_PASSWORD)) as mails:
            for kept in islice(mails, most):
                what = act_on(kept.raw, recipient)
                counts[what] += 1
                kept.done(delete and what in (ACTED, KNOWN))
    except mailboxes.BadMailbox as error:
        raise CommandError(str(error)) from error
    except suppression_keys.WrongKey as error:
        raise CommandError(str(error), returncode=TRY_AGAIN) from error
    except AWAY as error:
        raise CommandError(f"The database does not answer: {error}", returncode=TRY_AGAIN) from error
    except (OSError, mailbox.Error, imaplib.IMAP4.error) as error:
        raise CommandError(f"The mailbox cannot be read: {in_words(error)}", returncode=TRY_AGAIN) from error
    told = ", ".join(f"{counts[what]} {what}" for what in (ACTED, KNOWN, UNSIGNED, UNREADABLE, FAILED))
    out.write(f"{counts.total()} read: {told}")


ACTED = "acted on"
KNOWN = "already known or without effect"
UNSIGNED = "without our signature"
UNREADABLE = "no report"
FAILED = "failed"


def act_on(raw: bytes, recipient: str = "") -> str:
    """Act on one mail; returns what became of it. Raises only what says that the database is away."""
    try:
        return ACTED if services.take_report(reports.read(raw, recipient)) else KNOWN
    except reports.Unsigned:
        return UNSIGNED
    except reports.Unreadable:
        return UNREADABLE
    except (*AWAY, suppression_keys.WrongKey):
        raise
    except Exception as error:
        log.error("A bounce could not be processed: %s", in_words(error), exc_info=error)
        return FAILED
