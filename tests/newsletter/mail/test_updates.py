"""From a pattern's revision to mail in the queue: drafts, audiences, release, pause, cancel."""

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalogue.newsletter import services
from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.mail import mime, updates
from catalogue.newsletter.mail import update as update_mail
from catalogue.newsletter.models import Delivery, MailboxMessage, Subscriber, Topic, Update
from catalogue.newsletter.subscribers import tokens
from catalogue.patterns.content.library import library

pytestmark = pytest.mark.django_db
SLUG = "queue-based-load-leveling"
ATOM = "{http://www.w3.org/2005/Atom}"


def reader(name: str, **fields: Any) -> Subscriber:
    now = timezone.now()
    address = f"{name}@example.com"
    values: dict[str, Any] = {"state": "confirmed", "confirmed_at": now} | fields
    return Subscriber.objects.create(address=address, key=address, created_at=now, next_ask_at=now, **values)


def new_update() -> Update:
    update = updates.draft(library().get(SLUG))
    assert update is not None
    return update


def released(update: Update | None = None) -> Update:
    update = update or new_update()
    updates.release(update)
    update.refresh_from_db()
    return update


def recipients() -> list[str]:
    return sorted(Delivery.objects.filter(kind="update").values_list("subscriber__key", flat=True))


def test_a_catalogue_that_starts_has_no_news() -> None:
    assert updates.draft_all() == []
    assert set(Update.objects.values_list("state", flat=True)) == {"cancelled"}
    assert Update.objects.count() == len(library().by_slug)
    assert updates.draft_all() == []


def test_what_is_no_longer_scheduled_does_not_release_itself() -> None:
    update = new_update()
    updates.schedule(update, timezone.now())
    updates.unschedule(update)
    with pytest.raises(updates.NotNow):
        updates.release(update, (Update.State.SCHEDULED,))
    assert updates.release_due() == 0
    update.refresh_from_db()
    assert update.state == "draft"


def test_a_revision_makes_one_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    updates.draft_all()
    pattern = library().get(SLUG)
    revised = replace(pattern, front=pattern.front.model_copy(update={"revision": 99}))
    first = updates.draft(revised)
    assert first is not None
    assert (first.state, first.subject) == ("draft", f"Revised: {pattern.title}")
    assert updates.draft(revised) is None


def test_a_draft_sends_nothing() -> None:
    reader("ada")
    new_update()
    assert not queue.any_due()


def test_the_update_goes_to_those_who_want_it() -> None:
    later = timezone.now() + timedelta(days=3)
    wanted_topic, other_topic = reader("sqs"), reader("cache")
    Topic.objects.create(subscriber=wanted_topic, service="sqs")
    Topic.objects.create(subscriber=other_topic, service="appsync")
    reader("all")
    reader("level-200", levels=2)
    reader("level-100", levels=1)
    reader("new-only", revisions=False)
    reader("paused", paused_until=later)
    reader("paused-once", paused_until=timezone.now() - timedelta(days=1))
    reader("pending", state="pending", confirmed_at=None)
    reader("gone", state="unsubscribed")
    update = new_update()
    assert update.level == 200
    released(update)
    names = ["all", "level-200", "new-only", "paused-once", "sqs"]
    assert recipients() == [f"{name}@example.com" for name in names]
    assert Update.objects.get(pk=update.pk).audience == len(names)


def test_who_wants_new_patterns_only_gets_no_revision() -> None:
    reader("all")
    reader("new-only", revisions=False)
    update = new_update()
    Update.objects.filter(pk=update.pk).update(revision=2)
    update.refresh_from_db()
    assert [person.key for person in updates.audience(update)] == ["all@example.com"]


def test_a_long_list_is_queued_in_chunks_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_CHUNK", 2)
    for number in range(7):
        reader(f"r{number}")
    released()
    assert recipients() == [f"r{number}@example.com" for number in range(7)]


def test_a_second_release_is_refused_and_queues_no_one() -> None:
    reader("ada")
    update = released()
    reader("late")
    with pytest.raises(updates.NotNow):
        updates.release(update)
    assert recipients() == ["ada@example.com"]


def test_a_release_broken_off_is_finished_by_the_loop() -> None:
    for name in ("ada", "bob", "cy"):
        reader(name)
    update = released()
    Delivery.objects.filter(subscriber__key="cy@example.com").delete()
    Update.objects.update(state="paused", audience=None)
    assert updates.release_due() == 1
    assert recipients() == ["ada@example.com", "bob@example.com", "cy@example.com"]
    update.refresh_from_db()
    assert (update.state, update.audience) == ("sending", 3)


def test_queueing_asks_the_database_once_a_chunk() -> None:
    for number in range(50):
        reader(f"r{number}")
    update = new_update()
    with CaptureQueriesContext(
        connection,
    ) as few:
        released(update)
    assert Delivery.objects.count() == 50
    assert len(few) < 20
    assert len(set(Delivery.objects.values_list("ref", flat=True))) == 50


def test_the_mail_has_what_senders_must_have(settings: Any) -> None:
    settings.SITE_URL = "https://patterns.example.com"
    settings.DEFAULT_FROM_EMAIL = "Serverless Patterns <updates@patterns.example.com>"
    settings.REPLY_TO = "editors@patterns.example.com"
    settings.NEWSLETTER_CONTACT = "Example Publishers, 1 Example Street, Exampleton"
    ada = reader("ada")
    released()
    assert sender.send_due().sent == 1
    raw = bytes(MailboxMessage.objects.get().raw)
    mail = message_from_bytes(raw, policy=policy.default)
    assert not mail.defects
    delivery = Delivery.objects.get()
    assert mail["From"] == "Serverless Patterns <updates@patterns.example.com>"
    assert mail["To"] == "ada@example.com"
    assert mail["Reply-To"] == "editors@patterns.example.com"
    assert mail["Message-ID"] == f"<{delivery.ref}@patterns.example.com>"
    assert str(mail["Date"]).endswith(" +0000")
    assert abs((mail["Date"].datetime - timezone.now()).total_seconds()) < 60
    assert mail["List-Id"] == "Serverless Patterns updates <updates.patterns.example.com>"
    assert mail["Feedback-ID"].startswith(f"{SLUG}-1:updates:newsletter:")
    leave = f"https://patterns.example.com/newsletter/unsubscribe/{tokens.unsubscribe_token(ada.ref)}"
    web, post = mail["List-Unsubscribe"].split(", ")
    assert web == f"<{leave}>"
    assert post.startswith("<mailto:editors@patterns.example.com?subject=unsubscribe%20")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] is None
    assert set(mail.keys()) == {
        *("From", "To", "Reply-To", "Date", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Precedence"),
        *("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID"),
    }
    assert len(mail.keys()) == 13, "one of each"
    text, html = (str(mail.get_body((kind,)).get_content()) for kind in ("plain", "html"))  # type: ignore[union-attr]
    for content in (text, html):
        assert leave in content
        assert tokens.preferences_token(ada.ref) in content
        assert "Example Publishers" in content
        assert f"/newsletter/updates/{SLUG}/1" in content
        assert "You get this e-mail because" in content
        assert "⟦" not in content
    assert "prefers-color-scheme: dark" in html
    images = re.findall(r"<img[^>]+>", html)
    assert len(images) == 1
    assert 'alt="' in images[0]
    assert f"https://patterns.example.com/patterns/{SLUG}/diagram.png" in images[0]
    assert "ada" not in images[0]
    assert "<script" not in html
    assert len(html.encode()) < update_mail.MOST_BYTES


def test_one_click_takes_no_cookie_and_works_twice(client: Client) -> None:
    ada = reader("ada")
    released()
    address = f"/newsletter/unsubscribe/{tokens.unsubscribe_token(ada.ref)}"
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(address, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert strict.post(address).status_code == 200
    assert sender.send_due().sent == 0
    assert Delivery.objects.get().state == "suppressed"


def test_a_reader_who_leaves_between_claim_and_wire_gets_nothing() -> None:
    ada = reader("ada")
    released()
    claim = queue.claim(10)
    services.unsubscribe(ada.ref)
    assert not queue.begin(claim.deliveries[0])
    queue.release(claim)
    assert sender.send_due().sent == 0


def test_an_orphan_of_a_race_is_not_sent() -> None:
    """On Postgres a release may queue somebody who is just leaving: their row says so when it is begun."""
    reader("ada")
    released()
    Subscriber.objects.update(state="unsubscribed")
    assert sender.send_due().sent == 0
    assert Delivery.objects.get().state == "suppressed"


def test_pause_stops_at_once_and_resume_goes_on() -> None:
    reader("ada")
    update = released()
    claim = queue.claim(10)
    updates.pause(update)
    assert not queue.begin(claim.deliveries[0])
    queue.release(claim)
    assert not queue.any_due()
    with pytest.raises(updates.NotNow):
        updates.pause(update)
    updates.resume(update)
    assert sender.send_due().sent == 1
    updates.finish_sent()
    update.refresh_from_db()
    assert update.state == "sent"


def test_a_mail_that_programs_would_cut_off_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    reader("ada")
    update = new_update()
    monkeypatch.setattr(update_mail, "MOST_BYTES", 1000)
    with pytest.raises(update_mail.TooLong, match="cut it off at 1000"):
        updates.release(update)
    update.refresh_from_db()
    assert (update.state, update.html) == ("draft", "")
    assert not Delivery.objects.exists()


def test_the_mail_about_every_pattern_is_far_from_being_cut_off() -> None:
    sizes = [len(update_mail.render(library().get(slug)).html.encode()) for slug in library().by_slug]
    assert sizes
    assert max(sizes) < update_mail.MOST_BYTES == 102_000


def test_cancel_takes_back_what_is_not_sent() -> None:
    reader("ada")
    update = released()
    updates.cancel(update)
    assert sender.send_due().sent == 0
    assert Delivery.objects.get().state == "suppressed"
    update.refresh_from_db()
    assert update.finished_at is not None
    for change in (updates.resume, updates.cancel, updates.pause, updates.release):
        with pytest.raises(updates.NotNow):
            change(update)


def test_a_scheduled_update_waits_for_its_time() -> None:
    reader("ada")
    update = new_update()
    updates.schedule(update, timezone.now() + timedelta(hours=1))
    assert updates.release_due() == 0
    Update.objects.update(scheduled_at=timezone.now())
    assert updates.release_due() == 1
    assert recipients() == ["ada@example.com"]


def test_an_update_of_a_pattern_that_has_moved_on_is_not_released() -> None:
    update = new_update()
    Update.objects.filter(pk=update.pk).update(revision=77, state="scheduled", scheduled_at=timezone.now())
    assert updates.release_due() == 0
    assert Update.objects.get().state == "draft"


def test_the_archive_shows_what_was_sent_and_no_one(client: Client) -> None:
    ada = reader("ada")
    update = new_update()
    address = f"/newsletter/updates/{SLUG}/1"
    assert client.get(address).status_code == 404
    released(update)
    html = client.get(address).content.decode()
    assert update.title in html
    assert tokens.unsubscribe_token(ada.ref) not in html
    assert mime.place("unsubscribe_url") not in html
    letter = html.partition('<aside class="under"')[0]
    assert "/newsletter/subscribe" not in letter, "a link that says unsubscribe must not lead to subscribing"
    assert "unsubscribe</a>" not in letter
    assert "in each subscriber&#x27;s own copy" in letter
    assert address in client.get("/newsletter/").content.decode()
    assert "</main>" in letter, "the letter is the page's main part"
    assert "<style>" not in html.partition("</head>")[2]
    assert 'action="/newsletter/subscribe"' in html, "who reads a mail in the archive can subscribe there"


def test_anyone_who_got_a_mail_can_view_it_after_its_update_was_canceled(client: Client) -> None:
    reader("ada")
    update = released()
    assert sender.send_due().sent == 1
    updates.cancel(update)
    address = f"/newsletter/updates/{SLUG}/{update.revision}"
    assert client.get(address).status_code == 200
    assert address not in client.get("/newsletter/").content.decode()


def test_the_feed_carries_the_same_updates_as_the_mails(client: Client) -> None:
    """Each pattern's mail has an entry: the same news, the same page, the same topics, known by its revision."""
    entries = {
        entry.findtext(f"{ATOM}id"): entry
        for entry in ElementTree.fromstring(client.get("/feed.atom").content).iter(f"{ATOM}entry")
    }
    patterns = list(library().patterns())
    assert len(entries) == len(patterns)
    for pattern in patterns:
        update = updates.draft(pattern)
        assert update is not None
        released(update)
        update.refresh_from_db()
        page = f"{settings.SITE_URL}{pattern.url}"
        first = pattern.front.aliases[0] if pattern.front.aliases else pattern.slug
        entry = entries[f"{settings.SITE_URL}/patterns/{first}/#revision-{update.revision}"]
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert link.get("href") == page
        assert page in update.text
        assert (entry.findtext(f"{ATOM}title") or "").startswith(update.title)
        assert pattern.front.change in unescape(entry.findtext(f"{ATOM}summary") or "")
        names = {service.name for service in pattern.services}
        assert {one.get("term") for one in entry.iter(f"{ATOM}category")} == names
        assert {service.key for service in pattern.services} == set(update.services)
