"""Commands about subscribers."""

import sys
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import CommandError, OutputWrapper
from django.db import transaction
from tqdm import tqdm

from catalogue.newsletter import services
from catalogue.newsletter.models import Subscriber, Suppression
from catalogue.newsletter.subscribers import addresses, csv_files, preferences, tokens
from catalogue.newsletter.subscribers.suppression import addresses as suppression

SOME_REFUSED = 3  # 1 and 2 say, as of any command, that nothing was done


def export(out: OutputWrapper, **_: Any) -> None:
    total = Subscriber.objects.count()
    people = tqdm(csv_files.everybody(), total=total, unit=" people", disable=None, file=sys.stderr)
    csv_files.write(cast("TextIO", out), people)


def take_in(out: OutputWrapper, err: OutputWrapper, file: str, source: str, dry_run: bool, **_: Any) -> None:
    path = Path(file)
    report = csv_files.Report()
    try:
        with (
            path.open(encoding="utf-8-sig", errors="replace", newline="") as opened,
            tqdm(unit=" rows", disable=None, file=sys.stderr) as bar,
        ):
            told = lambda line, reason: err.write(f"{path.name}:{line}: {reason}")  # noqa: E731
            for report in csv_files.read(opened, source, told, dry_run=dry_run):
                bar.update(report.added + report.known + report.refused + report.skipped - bar.n)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except csv_files.BadFile as error:
        raise CommandError(f"{file}: {error}") from error
    out.write(f"{report}{' (dry run: nothing was changed)' if dry_run else ''}")
    if report.refused:
        raise CommandError("Not all rows were imported. The reasons are above.", returncode=SOME_REFUSED)


def suppress(out: OutputWrapper, address: str, **_: Any) -> None:
    key = _key(address)
    person = Subscriber.objects.filter(key=key).first()
    with transaction.atomic():
        if person is None:
            suppression.remember(key, Suppression.Reason.BY_HAND)
        else:
            suppression.suppress(person, Suppression.Reason.BY_HAND)
    out.write(f"{address} gets no more mail.")


def erase(out: OutputWrapper, address: str, **_: Any) -> None:
    person = Subscriber.objects.filter(key=_key(address)).first()
    if person is None:
        raise CommandError(
            f"{address} is not a subscriber's address, so nothing was erased. Ask for the address that the mail goes "
            "to; `suppress` keeps an import from bringing this one in."
        )
    preferences.erase(person)
    out.write(f"{address} is erased. A keyed hash of it is kept, so that an import cannot bring it back.")


def unsubscribe(out: OutputWrapper, who: str, **_: Any) -> None:
    """By the token that a mail program writes into the subject of its mail, or by address."""
    text = who.strip().removeprefix("unsubscribe").strip()
    try:
        ref = tokens.read_unsubscribe(text)
    except tokens.BadToken:
        person = Subscriber.objects.filter(key=_key(text)).first()
        if person is None:
            raise CommandError(f"{text} is neither a subscriber's address nor a token from one of our mails.") from None
        ref = person.ref
    services.unsubscribe(ref)
    out.write("Unsubscribed.")


def _key(address: str) -> str:
    try:
        return addresses.parse(address).key
    except addresses.BadAddress as error:
        raise CommandError(f"{address!r} is not an e-mail address: {error}") from error
