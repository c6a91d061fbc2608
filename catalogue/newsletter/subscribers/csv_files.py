"""Subscribers as CSV, in and out, in chunks: memory does not grow with the list.

An import adds people who have agreed elsewhere. It changes no one who is known, and resurrects no one who has left, was
suppressed or was erased.
"""

import csv
import logging
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import batched
from typing import Any, TextIO

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from catalogue.newsletter.delivery.backoff import AWAY, in_words
from catalogue.newsletter.models import ALL_LEVELS, ConsentRecord, Level, Subscriber, Suppression, Topic
from catalogue.newsletter.subscribers import addresses, consent
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys
from catalogue.patterns.services.known import services

COLUMNS = ("address", "state", "levels", "topics", "revisions", "confirmed_at", "source")
CHUNK = 1000
log = logging.getLogger(__name__)
_LONGEST_LINE = 10_000
_MOST_LINES = 20  # of one row, whose quoted cells may have line breaks
_OPEN_QUOTE = "A quote opens in this line and is not closed. Close it, or write it twice if it belongs to the text."
_State = Subscriber.State
# What a spreadsheet takes for a formula, also behind the quotes that keep another such cell from being one.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class BadFile(ValueError):
    """Nothing of the file can be imported; the message tells the remedy."""


class BadRow(ValueError):
    """The row cannot be imported; the message says why."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


@dataclass(frozen=True)
class CsvRow:
    line: int
    address: addresses.Address
    state: Subscriber.State
    levels: int
    topics: tuple[str, ...]
    revisions: bool
    confirmed_at: datetime
    source: str
    ref: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass
class Report:
    """How many rows went where."""

    added: int = 0
    known: int = 0
    refused: int = 0
    skipped: int = 0
    """Of people who have never confirmed: an export holds them too, and nothing is wrong with it."""

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.added} added, {self.known} known already, {self.refused} refused{skipped}"


type Tell = Callable[[int, str], None]
"""Called with a line's number, counted from 1, and why it was refused or skipped."""


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def write(out: TextIO, people: Iterable[Subscriber] | None = None) -> int:
    """Write everybody, or the given people, with a header line; returns how many."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for person in everybody() if people is None else people:
        try:
            cells = [guarded(cell) for cell in _cells(person)]
        except Exception as error:
            log.error("Subscriber %s is left out because their row cannot be written: %s", person.pk, in_words(error))
            continue
        writer.writerow(cells)
        count += 1
    return count


def everybody() -> Iterator[Subscriber]:
    came = (ConsentRecord.Event.REQUESTED, ConsentRecord.Event.IMPORTED)
    last = ConsentRecord.objects.filter(subscriber=OuterRef("pk"), event__in=came).order_by("-at", "-pk")
    people = Subscriber.objects.annotate(source=Subquery(last.values("form")[:1])).prefetch_related("topics")
    return people.order_by("pk").iterator(chunk_size=CHUNK)


def _cells(person: Subscriber) -> list[str]:
    return [
        person.address,
        person.state,
        " ".join(level.label for level in Level if person.levels & level),
        " ".join(sorted(topic.service for topic in person.topics.all())),
        "yes" if person.revisions else "no",
        person.confirmed_at.isoformat() if person.confirmed_at else "",
        getattr(person, "source", None) or "",
    ]


def read(file: TextIO, source: str, tell: Tell, *, dry_run: bool = False) -> Iterator[Report]:
    """Import a file; yields the report so far after each chunk, which is one transaction.

    `source` goes into the consent records: where these people agreed, in at most 40 characters. Raises BadFile, and
    WrongKey where an erased address would not be recognized.
    """
    suppression_keys.require_all()
    if not source.strip() or len(source) > 40 or not source.isprintable():
        raise BadFile("State in 1 to 40 characters where these people agreed: --source 'old list, 2025'.")
    report = Report()

    def refuse(line: int, reason: str) -> None:
        report.refused += 1
        tell(line, reason)

    def skip(line: int, reason: str) -> None:
        report.skipped += 1
        tell(line, reason)

    for chunk in batched(_rows(file, refuse, skip), CHUNK, strict=False):
        _take_all(chunk, source.strip(), report, refuse, dry_run)
        yield report
    yield report


class _Lines:
    """A file's lines with their numbers, of which some may be put back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._back: deque[tuple[int, str]] = deque()

    def take(self) -> tuple[int, str] | None:
        """None at the end. Of a line that is too long, its beginning and one character more than is allowed."""
        if self._back:
            return self._back.popleft()
        line = self._file.readline(_LONGEST_LINE + 1)
        rest = line
        while len(rest) > _LONGEST_LINE and not rest.endswith(("\n", "\r")):
            rest = self._file.readline(_LONGEST_LINE + 1)
        self._number += 1
        return (self._number, line) if line else None

    def put_back(self, lines: Iterable[tuple[int, str]]) -> None:
        self._back.extendleft(reversed(list(lines)))


def _record(lines: _Lines) -> tuple[int, int, list[str]] | None:
    """The next row: numbers of its first and last line, and its cells; None at the end of the file.

    Raises BadRow with the row's line. Of a quote that is never closed only its own line is lost.
    """
    first = lines.take()
    if first is None:
        return None
    taken = [first]
    while True:
        if len(taken[-1][1]) > _LONGEST_LINE:
            lines.put_back(taken[1:])
            too_long = f"The line has more than {_LONGEST_LINE} characters."
            raise BadRow(too_long if len(taken) == 1 else _OPEN_QUOTE, first[0])
        try:
            cells = _cells_of([text for _, text in taken])
        except csv.Error as error:
            lines.put_back(taken[1:])
            raise BadRow(f"This is not CSV: {error}." if len(taken) == 1 else _OPEN_QUOTE, first[0]) from error
        if cells is not None:
            return first[0], taken[-1][0], cells
        following = lines.take() if len(taken) < _MOST_LINES else None
        if following is None:
            lines.put_back(taken[1:])
            raise BadRow(_OPEN_QUOTE, first[0])
        taken.append(following)


def _cells_of(lines: list[str]) -> list[str] | None:
    """None if the lines end within quotes. Raises csv.Error."""
    wants_more = False

    def given() -> Iterator[str]:
        nonlocal wants_more
        yield from lines
        wants_more = True

    try:
        return next(csv.reader(given(), strict=True), [])
    except csv.Error:
        if wants_more:
            return None
        raise


def _rows(file: TextIO, refuse: Tell, skip: Tell) -> Iterator[CsvRow]:
    lines = _Lines(file)
    header = _header(lines)
    while True:
        try:
            record = _record(lines)
        except BadRow as error:
            refuse(error.line, str(error))
            continue
        if record is None:
            return
        line, last, cells = record
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            refuse(line, f"The line has {len(cells)} cells, the header {len(header)}. Quote cells that contain commas.")
            continue
        named = dict(zip(header, (unguarded(cell).strip() for cell in cells), strict=False))
        try:
            if named.get("state", "").lower() == _State.PENDING:
                skip(line, "Skipped: the person has not confirmed, and only they can do that, by subscribing here.")
            else:
                yield _row(line, named)
        except AWAY:
            raise
        except Exception as error:
            if not isinstance(error, BadRow):
                refuse(line, f"The row cannot be read: {in_words(error)[:300]}")
                continue
            one = "" if last == line else f" Because of their quotes, lines {line} to {last} are one row."
            refuse(line, f"{error}{one}")


def _header(lines: _Lines) -> list[str]:
    try:
        record = _record(lines)
    except BadRow as error:
        raise BadFile(f"The first line cannot be read: {error} It must name the columns.") from error
    header = [name.strip().lower() for name in record[2]] if record else []
    if header:
        header[0] = header[0].removeprefix("\ufeff")
    unknown = [name for name in header if name not in COLUMNS]
    if "address" not in header or unknown or len(set(header)) < len(header):
        raise BadFile(
            f"The first line must name the columns, separated by commas, of these: {', '.join(COLUMNS)}. "
            "Only address is needed; none may stand twice."
        )
    return header


def _row(line: int, cells: dict[str, str]) -> CsvRow:
    try:
        address = addresses.parse(cells.get("address", ""))
    except addresses.BadAddress as error:
        raise BadRow(f"Not an address: {error}") from error
    state = cells.get("state", "").lower() or _State.CONFIRMED
    if state not in (_State.CONFIRMED, _State.UNSUBSCRIBED):
        raise BadRow(f"state must be confirmed, unsubscribed or empty, not {state[:40]!r}.")
    revisions = cells.get("revisions", "").lower() or "yes"
    if revisions not in ("yes", "no"):
        raise BadRow(f"revisions must be yes, no or empty, not {revisions[:40]!r}.")
    if len(cells.get("source", "")) > 200 or "\0" in cells.get("source", ""):
        raise BadRow("source can have at most 200 characters.")
    return CsvRow(
        line=line,
        address=address,
        state=_State(state),
        levels=_levels(cells.get("levels", "")),
        topics=_topics(cells.get("topics", "")),
        revisions=revisions == "yes",
        confirmed_at=_time(cells.get("confirmed_at", "")),
        source=cells.get("source", ""),
    )


def _levels(cell: str) -> int:
    known = {level.label: level.value for level in Level}
    names = cell.replace(";", " ").split()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadRow(f"{unknown[0][:40]!r} is not a level: they are {', '.join(known)}, with spaces between.")
    return sum({known[name] for name in names}) or ALL_LEVELS


def _topics(cell: str) -> tuple[str, ...]:
    names = cell.replace(";", " ").split()
    for name in names:
        if name not in services().by_key:
            about = "topics are the services' keys, such as sqs, with spaces between."
            raise BadRow(f"{name[:40]!r} is not a topic: {about}")
    return tuple(sorted(set(names)))


def _time(cell: str) -> datetime:
    now = timezone.now()
    if not cell:
        return now
    try:
        moment = parse_datetime(cell)
        day = None if moment else parse_date(cell)
    except ValueError:
        moment = day = None
    if day is not None:
        moment = datetime(day.year, day.month, day.day)
    if moment is None:
        raise BadRow(f"confirmed_at must be a time such as 2025-03-01T12:00:00Z, not {cell[:40]!r}.")
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise BadRow(f"confirmed_at={cell[:40]!r} is not a time that can be stored.") from None
    if moment > now:
        raise BadRow(f"confirmed_at={cell[:40]!r} is in the future.")
    return moment


def _take_all(rows: Sequence[CsvRow], source: str, report: Report, refuse: Tell, dry_run: bool) -> None:
    """One chunk; where the database refuses it, row by row, so that one row keeps no other out."""
    before = replace(report)
    refused: list[tuple[int, str]] = []
    try:
        _take(rows, source, report, lambda line, why: refused.append((line, why)), dry_run)
    except AWAY:
        raise
    except Exception as error:
        report.added, report.known = before.added, before.known
        if len(rows) == 1:
            refuse(rows[0].line, f"The row cannot be stored: {in_words(error)[:300]}")
            return
        for row in rows:
            _take_all([row], source, report, refuse, dry_run)
        return
    for line, why in refused:
        refuse(line, why)


def _take(rows: Iterable[CsvRow], source: str, report: Report, refuse: Tell, dry_run: bool) -> None:
    """One chunk in one transaction."""
    wanted: dict[str, CsvRow] = {}
    for row in rows:
        if row.address.key in wanted:
            report.known += 1
        wanted.setdefault(row.address.key, row)
    with transaction.atomic():
        known = set(Subscriber.objects.filter(key__in=list(wanted)).values_list("key", flat=True))
        blocked = _suppressed(set(wanted) - known)
        for key in blocked:
            refuse(wanted[key].line, "Not imported: the address is suppressed or was erased at its owner's request.")
        new = [row for key, row in wanted.items() if key not in known and key not in blocked]
        report.known += len(known)
        added = new if dry_run else _insert(new, source)
        report.added += len(added)
        report.known += len(new) - len(added)


def _suppressed(keys: set[str]) -> set[str]:
    hashes = {one: key for key in keys for one in suppression.hashes(key)}
    found = Suppression.objects.filter(key_hash__in=list(hashes)).values_list("key_hash", flat=True)
    return {hashes[one] for one in found}


def _insert(rows: list[CsvRow], source: str) -> list[CsvRow]:
    """The rows that this import has brought in: someone may have subscribed, or asked to be erased, meanwhile."""
    now = timezone.now()
    Subscriber.objects.bulk_create([_subscriber(row, now) for row in rows], ignore_conflicts=True)
    erased = _suppressed({row.address.key for row in rows})
    Subscriber.objects.filter(ref__in=[row.ref for row in rows if row.address.key in erased]).delete()
    pks = dict(Subscriber.objects.filter(ref__in=[row.ref for row in rows]).values_list("ref", "pk"))
    added = [row for row in rows if row.ref in pks]
    Topic.objects.bulk_create([Topic(subscriber_id=pks[row.ref], service=key) for row in added for key in row.topics])
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                subscriber_id=pks[row.ref],
                event=ConsentRecord.Event.IMPORTED,
                at=now,
                address=row.address.text,
                form=source,
                page=row.source,
                wording=consent.ELSEWHERE,
            )
            for row in added
        ]
    )
    return added


def _subscriber(row: CsvRow, now: datetime) -> Subscriber:
    gone: dict[str, Any] = {"unsubscribed_at": now} if row.state == _State.UNSUBSCRIBED else {}
    return Subscriber(
        ref=row.ref,
        address=row.address.text,
        key=row.address.key,
        state=row.state,
        levels=row.levels,
        revisions=row.revisions,
        created_at=now,
        next_ask_at=now,
        confirmed_at=row.confirmed_at,
        **gone,
    )
