"""Commands about updates."""

from datetime import UTC
from typing import Any

from django.core.management.base import CommandError, OutputWrapper
from django.utils.dateparse import parse_datetime

from catalogue.newsletter.mail import editing, updates
from catalogue.newsletter.mail.progress import progress
from catalogue.newsletter.models import Update
from catalogue.patterns.content.library import library


def find(name: str) -> Update:
    """The update of `slug` (its newest revision), `slug@revision` or an id. Raises CommandError."""
    slug, _, revision = name.partition("@")
    found = Update.objects.order_by("-revision")
    of_pattern = found.filter(pattern__in=library().names(slug))
    if revision:
        found = of_pattern.filter(revision=int(revision)) if _number(revision) else found.none()
    elif _number(name):
        found = found.filter(pk=int(name))
    else:
        found = of_pattern
    update = found.first()
    if update is None:
        raise CommandError(
            f"No update is named {name}: write a pattern's slug, slug@revision or an id, as "
            "`manage.py newsletter list` shows them; `draft` makes drafts of new patterns."
        )
    return update


def _number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) < 10


def show_list(out: OutputWrapper, **_: Any) -> None:
    for update in Update.objects.all():
        name = f"{update.pattern}@{update.revision}"
        state = "superseded" if updates.superseded(update) else update.state
        out.write(f"{update.pk:>5}  {state:<10}  {name:<44}  {update.subject}")
        if update.trouble:
            out.write(f"{'':>5}  {'':<10}  {update.trouble}")
    if not Update.objects.exists():
        out.write("There are no updates yet. The mail loop makes drafts, and so does `manage.py newsletter draft`.")


def draft(out: OutputWrapper, **_: Any) -> None:
    made = updates.draft_all()
    for update in made:
        out.write(f"draft: {update.pattern}@{update.revision}  {update.subject}")
    out.write(f"{len(made)} new")


def preview(out: OutputWrapper, update: str, part: str, **_: Any) -> None:
    shown = editing.preview(find(update))
    out.write({"headers": shown.headers, "html": shown.html, "text": shown.text}[part])


def test(out: OutputWrapper, update: str, to: str, **_: Any) -> None:
    out.write(f"A test was sent to {editing.send_test(find(update), to)}.")


def schedule(out: OutputWrapper, update: str, at: str, **_: Any) -> None:
    try:
        moment = parse_datetime(at)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(
            f"--at {at}: write a date and time, in UTC if there is no time zone, such as 2026-12-01T09:00."
        )
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    found = find(update)
    editing.schedule(found, moment)
    out.write(f"{found.subject}: to be released on {moment:%Y-%m-%d at %H:%M} UTC.")


def unschedule(out: OutputWrapper, update: str, **_: Any) -> None:
    found = find(update)
    updates.unschedule(found)
    out.write(f"{found.subject}: a draft again.")


def release(out: OutputWrapper, update: str, yes: bool, expect: int | None, **_: Any) -> None:
    found = find(update)
    over = updates.superseded(found)
    if over:
        raise CommandError(f"{found.pattern}@{found.revision} is superseded and cannot be released. {over}")
    count = updates.audience(found).count()
    if expect is None and not yes:
        expect = _ask(f"{found.subject}: to {_readers(count)}. Type that number to send it: ")
    queued = editing.release(found, count if expect is None else expect)
    out.write(f"{found.subject}: on its way to {queued}.")


def _readers(count: int) -> str:
    return "1 reader" if count == 1 else f"{count} readers"


def _ask(question: str) -> int:
    try:
        answer = input(question).strip()
    except EOFError:
        answer = ""
    if not _number(answer):
        raise CommandError(
            "Nothing was sent. Confirm the number of recipients with --expect N, or use --yes for any number."
        )
    return int(answer)


def pause(out: OutputWrapper, update: str, **_: Any) -> None:
    found = find(update)
    updates.pause(found)
    out.write(f"{found.subject}: paused.")


def resume(out: OutputWrapper, update: str, **_: Any) -> None:
    found = find(update)
    updates.resume(found)
    out.write(f"{found.subject}: resumed.")


def cancel(out: OutputWrapper, update: str, **_: Any) -> None:
    found = find(update)
    updates.cancel(found)
    out.write(f"{found.subject}: canceled.")


def status(out: OutputWrapper, update: str, **_: Any) -> None:
    found = find(update)
    how = progress(found)
    over = updates.superseded(found)
    standing = "superseded" if over else found.get_state_display()
    out.write(f"{found.pattern}@{found.revision}: {standing}: {found.subject}")
    if over:
        out.write(over)
    if found.trouble:
        out.write(found.trouble)
    if found.audience is None:
        if found.state in (Update.State.DRAFT, Update.State.SCHEDULED) and not over:
            count = updates.audience(found).count()
            out.write(f"{_readers(count)} {'wants' if count == 1 else 'want'} it now")
        if found.state == Update.State.SCHEDULED and found.scheduled_at:
            out.write(f"to be released on {found.scheduled_at:%Y-%m-%d at %H:%M} UTC")
        return
    out.write(f"{how.done} of {how.total} finished ({how.percent} %), {how.open} to go")
    for _state, label, count in how.outcomes:
        out.write(f"{count:>8}  {label}")
