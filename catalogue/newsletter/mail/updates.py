"""Updates: from a pattern's front matter to rows in the queue. Each step is one filtered UPDATE and may be repeated.

A new or revised pattern makes a draft, once for each revision. Nothing is sent until an editor releases it, by hand or
for a time; then its text is frozen and its recipients are queued.
"""

import copy
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.fields import CharField, DateTimeField, IntegerField, TextField
from django.utils import timezone

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.backoff import AWAY, Setbacks, in_words
from catalogue.newsletter.mail import messages
from catalogue.newsletter.mail import update as update_mail
from catalogue.newsletter.models import Delivery, Level, Subscriber, Topic, Update
from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.library import library

log = logging.getLogger(__name__)
_CHUNK = 10_000
State = Update.State


class NotNow(Exception):
    """The update's state does not allow that; the message is fit for an editor."""


def draft_all(setbacks: Setbacks | None = None) -> list[Update]:
    """A draft for each published pattern whose revision has none yet; returns the new ones.

    A pattern that is published when the table is empty is no news: the first call marks what is there as canceled.
    One of which no draft can be made is a setback, and the others get theirs.
    """
    setbacks = Setbacks() if setbacks is None else setbacks
    made: list[Update] = []
    with transaction.atomic():  # of two first calls at once, neither takes what the other marks for news
        known = set(Update.objects.order_by().values_list("pattern", "revision"))
        for pattern in library().by_slug.values():
            item = ("draft", pattern.slug)
            names = (pattern.slug, *pattern.front.aliases)
            if any((name, pattern.front.revision) in known for name in names) or setbacks.waits(item):
                continue
            with setbacks.each(item, f"The draft of {pattern.slug}"), transaction.atomic():
                update = draft(pattern)
                if update is not None:
                    made.append(update)
        if not known:
            Update.objects.filter(pk__in=[update.pk for update in made]).update(state=State.CANCELLED)
            return []
    return made


def draft(pattern: Listed) -> Update | None:
    """The draft for a pattern's present revision, or None if there is one for it already.

    One that was made under an earlier slug counts: a new name is no news.
    """
    names = (pattern.slug, *pattern.front.aliases)
    known = Update.objects.filter(pattern__in=names, revision=pattern.front.revision)
    if known.exists():
        return None
    Update.objects.bulk_create(
        [
            Update(
                pattern=pattern.slug,
                revision=pattern.front.revision,
                level=pattern.level,
                services=[service.key for service in pattern.services],
                title=pattern.title,
                subject=update_mail.subject(pattern),
                created_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    return known.first()


def audience(update: Update) -> QuerySet[Subscriber]:
    """Who wants this update now."""
    wanted = (
        Subscriber.objects.filter(state=Subscriber.State.CONFIRMED)
        .filter(Q(paused_until=None) | Q(paused_until__lte=timezone.now()))
        .annotate(level_wanted=F("levels").bitand(Level.of(update.level).value))
        .filter(level_wanted__gt=0)
    )
    if not update.is_new_pattern:
        wanted = wanted.filter(revisions=True)
    topics = Topic.objects.filter(subscriber=OuterRef("pk"))
    return wanted.filter(~Exists(topics) | Exists(topics.filter(service__in=update.services)))


def schedule(update: Update, at: datetime) -> None:
    """Release it by itself at that time. Raises NotNow."""
    if not Update.objects.filter(pk=update.pk, state__in=(State.DRAFT, State.SCHEDULED)).update(
        state=State.SCHEDULED, scheduled_at=at, trouble=""
    ):
        raise NotNow(f"{update.subject} is not waiting to be released.")


def unschedule(update: Update) -> None:
    """Make it a draft again, to be released by hand or for another time. Raises NotNow."""
    if not Update.objects.filter(pk=update.pk, state=State.SCHEDULED).update(state=State.DRAFT, scheduled_at=None):
        raise NotNow(f"{update.subject} is not scheduled.")


def superseded(update: Update) -> str:
    """Why an update that waits can never be released, as a sentence; empty if it can be, or waits no more."""
    if update.state not in (State.DRAFT, State.SCHEDULED):
        return ""
    pattern = library().card(update.pattern)
    if pattern is None:
        return "Its pattern is no longer in the catalogue."
    if pattern.front.revision != update.revision:
        return f"The pattern now has revision {pattern.front.revision}."
    return ""


def release(update: Update, before: Iterable[str] = (State.DRAFT, State.SCHEDULED)) -> int:
    """Freeze the text, queue the recipients and start sending; returns how many are queued.

    Raises NotNow, NotRendered.
    `before` are the states in which it may be: what was scheduled and is a draft again does not release itself.
    The subject is the row's: an editor may have changed it. A second release, at the same moment or later, is refused
    and queues no one.
    """
    pattern = library().published(update.pattern)
    if pattern is None or pattern.front.revision != update.revision:
        raise NotNow(f"The catalogue has no published {update.pattern} with revision {update.revision}.")
    mail = update_mail.render(pattern)
    _try_writing(update, mail)
    taken = Update.objects.filter(pk=update.pk, state__in=tuple(before)).update(
        state=State.PAUSED,
        html=mail.html,
        text=mail.text,
        released_at=timezone.now(),
        audience=None,
        trouble="",
    )
    if not taken:
        raise NotNow(f"{update.subject} was already released or canceled.")
    return enqueue(update)


def _try_writing(update: Update, mail: update_mail.UpdateMail) -> None:
    """Refuse a release of which no copy could be written. Raises NotRendered."""
    filled = copy.copy(update)
    filled.html, filled.text = mail.html, mail.text
    try:
        messages.update_template(filled)
    except messages.UnwritableUpdate as error:
        raise update_mail.NotRendered(f"The mail cannot be written: {error}") from error


def enqueue(update: Update) -> int:
    """Queue everybody in the audience, in chunks, then let the update be sent. May be repeated after a crash."""
    update.refresh_from_db()
    last = 0
    while True:
        pks = list(audience(update).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_CHUNK])
        if not pks:
            break
        _insert(audience(update).filter(pk__gte=pks[0], pk__lte=pks[-1]), update)
        last = pks[-1]
    count = Delivery.objects.filter(update_sent=update).count()
    Update.objects.filter(pk=update.pk, state=State.PAUSED, audience=None).update(
        state=State.SENDING, audience=count, trouble=""
    )
    return count


class _RandomId(Func):
    """A new UUID for each row, made by the database."""

    function = "gen_random_uuid"
    arity = 0

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="lower(hex(randomblob(16)))", **context)


def _insert(people: QuerySet[Subscriber], update: Update) -> None:
    """INSERT ... SELECT: no row passes through this process. Who has a row for the update keeps it."""
    now = timezone.now()
    values = {
        "ref": _RandomId(output_field=UUIDField()),
        "subscriber_id": F("pk"),
        "kind": Value(Delivery.Kind.UPDATE.value, output_field=CharField()),
        "update_sent_id": Value(update.pk, output_field=IntegerField()),
        "state": Value(Delivery.State.QUEUED.value, output_field=CharField()),
        "due_at": Value(now, output_field=DateTimeField()),
        "attempts": Value(0, output_field=IntegerField()),
        "error": Value("", output_field=TextField()),
        "provider_id": Value("", output_field=CharField()),
        "created_at": Value(now, output_field=DateTimeField()),
    }
    selected = people.order_by().annotate(**{f"new_{name}": value for name, value in values.items()})
    sql, parameters = selected.values_list(*(f"new_{name}" for name in values)).query.sql_with_params()
    columns = ", ".join(connection.ops.quote_name(name) for name in values)
    table = connection.ops.quote_name(Delivery._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) {sql} ON CONFLICT DO NOTHING", parameters)


def release_due(setbacks: Setbacks | None = None) -> int:
    """Release what was scheduled and finish releases that a crash has broken off; returns how many.

    One that cannot be released becomes a draft again and says why (`Update.trouble`); the others are released.
    """
    setbacks = Setbacks() if setbacks is None else setbacks
    released = 0
    broken_off = Update.objects.filter(state=State.PAUSED, audience=None, released_at__isnull=False)
    scheduled = Update.objects.filter(state=State.SCHEDULED, scheduled_at__lte=timezone.now())
    for work, found in ((_finish_release, broken_off), (_release_scheduled, scheduled)):
        for pk in list(found.values_list("pk", flat=True)):
            if not setbacks.waits(("release", pk)):
                with setbacks.each(("release", pk), f"The release of update {pk}"), _trouble_noted(pk):
                    released += work(Update.objects.get(pk=pk))
    return released


def _finish_release(update: Update) -> bool:
    enqueue(update)
    return True


def _release_scheduled(update: Update) -> bool:
    try:
        release(update, (State.SCHEDULED,))
    except (NotNow, update_mail.NotRendered) as error:
        Update.objects.filter(pk=update.pk, state=State.SCHEDULED).update(
            state=State.DRAFT, scheduled_at=None, trouble=f"Not released: {error}"
        )
        log.warning("Not released: %s", error)
        return False
    return True


@contextmanager
def _trouble_noted(pk: int) -> Iterator[None]:
    """Whatever ends this block is shown to the editor beside the update, and raised."""
    try:
        yield
    except AWAY:
        raise
    except Exception as error:
        Update.objects.filter(pk=pk).update(
            trouble=f"Not released yet. The next attempt follows. Reason: {in_words(error)}"
        )
        raise


def pause(update: Update) -> None:
    """Send nothing more of it for now. Raises NotNow."""
    _move(update, (State.SENDING,), State.PAUSED, "is not being sent")


def resume(update: Update) -> None:
    """Raises NotNow."""
    paused = Update.objects.filter(pk=update.pk, state=State.PAUSED, audience__isnull=False)
    if not paused.update(state=State.SENDING, trouble=""):
        raise NotNow(f"{update.subject} is not paused.")


def cancel(update: Update) -> None:
    """Never send what is not sent yet. Raises NotNow."""
    with transaction.atomic():
        _move(update, (State.DRAFT, State.SCHEDULED, State.SENDING, State.PAUSED), State.CANCELLED, "is over already")
        queue.open_of(update).filter(wire_at=None).update(
            state=Delivery.State.SUPPRESSED, lease=None, error="The update was canceled.", finished_at=timezone.now()
        )


def _move(update: Update, before: Iterable[str], after: str, otherwise: str) -> None:
    finished = {"finished_at": timezone.now()} if after == State.CANCELLED else {}
    if not Update.objects.filter(pk=update.pk, state__in=tuple(before)).update(state=after, **finished):
        raise NotNow(f"{update.subject} {otherwise}.")


def finish_sent(setbacks: Setbacks | None = None) -> int:
    """Declare updates as sent of which nothing is open any more."""
    setbacks = Setbacks() if setbacks is None else setbacks
    done = 0
    for pk in list(Update.objects.filter(state=State.SENDING, audience__isnull=False).values_list("pk", flat=True)):
        if not setbacks.waits(("finish", pk)):
            with setbacks.each(("finish", pk), f"The end of update {pk}"):
                done += _finish(pk)
    return done


def _finish(pk: int) -> int:
    if queue.open_of(pk).exists():
        return 0
    return Update.objects.filter(pk=pk, state=State.SENDING).update(state=State.SENT, finished_at=timezone.now())
