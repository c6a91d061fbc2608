"""An editor and an update in the admin: look, test, release once, pause, cancel; a look never changes anything."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.mail import editing, updates
from catalogue.newsletter.models import Delivery, MailboxMessage, Suppression, Update
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import new_update, reader, released
from tests.newsletter.support.helpers import Answer

pytestmark = pytest.mark.django_db
PAGES = ("change", "preview", "preview/html", "release", "cancel")
DEEDS = ("test", "schedule", "unschedule", "pause", "resume")


def address(update: Update, page: str) -> str:
    return f"/admin/newsletter/update/{update.pk}/{page}/"


def state(update: Update) -> str:
    update.refresh_from_db()
    return update.state


def release(client: Client, update: Update, expected: object) -> Answer:
    return client.post(address(update, "release"), {"expected": expected})


@pytest.fixture
def update() -> Update:
    reader("ada")
    reader("bob")
    return new_update()


def test_looking_changes_nothing(admin_client: Client, update: Update) -> None:
    before = Update.objects.values().get()
    for page in PAGES:
        assert admin_client.get(address(update, page)).status_code == 200, page
    for action in DEEDS:
        assert admin_client.get(address(update, action)).status_code == 405, action
    assert admin_client.get("/admin/newsletter/update/").status_code == 200
    assert Update.objects.values().get() == before
    assert not Delivery.objects.exists()
    assert not MailboxMessage.objects.exists()


def test_the_page_says_how_many_would_get_it(admin_client: Client, update: Update) -> None:
    assert "<strong>2</strong> readers" in admin_client.get(address(update, "change")).content.decode()


def test_the_preview_shows_the_mail_as_it_would_leave(admin_client: Client, update: Update) -> None:
    html = admin_client.get(address(update, "preview")).content.decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in html
    assert f"Subject: {update.subject}" in html
    frame = admin_client.get(address(update, "preview/html"))
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert frame["Content-Security-Policy"].startswith("sandbox")
    assert "script" not in frame["Content-Security-Policy"]
    assert update.title in frame.content.decode()


def test_only_the_subject_can_be_edited_and_the_mail_carries_it(admin_client: Client, update: Update) -> None:
    form = {"subject": "Levelled loads", "state": "sending", "revision": "7", "title": "x"}
    assert admin_client.post(address(update, "change"), form).status_code == 302
    update.refresh_from_db()
    assert (update.subject, update.state, update.revision) == ("Levelled loads", "draft", 1)
    release(admin_client, update, 2)
    sender.send_due()
    assert {mail.subject for mail in MailboxMessage.objects.all()} == {"Levelled loads"}
    admin_client.post(address(update, "change"), {"subject": "Too late"})
    assert Update.objects.get().subject == "Levelled loads"


@pytest.mark.parametrize("subject", ["", " ", "a\nBcc: b@example.com", "a\x00", "x" * 151])
def test_a_subject_that_no_mail_can_carry_is_refused(admin_client: Client, update: Update, subject: str) -> None:
    before = update.subject
    admin_client.post(address(update, "change"), {"subject": subject})
    assert Update.objects.get().subject in (before, " ".join(subject.split()))
    with pytest.raises(editing.Refused):
        editing.rename(update, subject)


def test_a_test_goes_to_the_editor_alone_and_beside_the_queue(admin_client: Client, update: Update) -> None:
    admin_client.post(address(update, "test"))
    (mail,) = MailboxMessage.objects.all()
    assert mail.recipients == "admin@example.com"
    assert not Delivery.objects.exists()
    assert state(update) == "draft"


def test_an_editor_cannot_send_tests_without_end(
    admin_client: Client, update: Update, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "TESTS_PER_HOUR", 2)
    for _ in range(2):
        admin_client.post(address(update, "test"))
    page = admin_client.post(address(update, "test"), follow=True).content.decode()
    assert "tests per hour" in page
    assert MailboxMessage.objects.count() == 2


def test_an_editor_without_an_address_is_shown_where_to_add_one(admin_client: Client, update: Update) -> None:
    User.objects.update(email="")
    assert "no e-mail address" in admin_client.post(address(update, "test"), follow=True).content.decode()


def test_the_links_in_a_test_change_nothing(client: Client, update: Update) -> None:
    shown = editing.preview(update)
    leave = next(line for line in shown.text.splitlines() if "/newsletter/unsubscribe/" in line)
    assert client.post(leave[leave.index("/newsletter/") :]).status_code == 200
    assert sorted(person.key for person in updates.audience(update)) == ["ada@example.com", "bob@example.com"]


def test_release_wants_the_number_of_recipients(admin_client: Client, update: Update) -> None:
    for wrong in ("", "two", "1", "-2", "9" * 40):
        assert release(admin_client, update, wrong).status_code in (409, 422)
        assert state(update) == "draft"
    assert release(admin_client, update, "2").status_code == 302
    assert state(update) == "sending"
    assert Delivery.objects.count() == 2


def test_a_number_that_changed_meanwhile_is_confirmed_again(admin_client: Client, update: Update) -> None:
    admin_client.get(address(update, "release"))
    reader("cy")
    answer = release(admin_client, update, 2)
    assert answer.status_code == 409
    assert "It would go to 3 now, not to 2" in answer.content.decode()
    assert not Delivery.objects.exists()
    release(admin_client, update, 3)
    assert Delivery.objects.count() == 3


def test_a_double_click_on_send_is_harmless(admin_client: Client, update: Update) -> None:
    release(admin_client, update, 2)
    late = release(admin_client, update, 2)
    assert late.status_code == 302
    assert Delivery.objects.count() == 2
    sender.send_due()
    release(admin_client, update, 2)
    sender.send_due()
    assert MailboxMessage.objects.count() == 2


def test_schedule_pause_resume_and_cancel(admin_client: Client, update: Update) -> None:
    admin_client.post(address(update, "schedule"), {"at": "2001-01-01T10:00"})
    assert state(update) == "draft"
    admin_client.post(address(update, "schedule"), {"at": "never"})
    assert state(update) == "draft"
    admin_client.post(address(update, "schedule"), {"at": "2199-12-01T09:30"})
    assert state(update) == "scheduled"
    assert update.scheduled_at is not None
    assert update.scheduled_at.isoformat() == "2199-12-01T09:30:00+00:00"
    release(admin_client, update, 2)
    admin_client.post(address(update, "pause"))
    assert state(update) == "paused"
    admin_client.post(address(update, "resume"))
    assert state(update) == "sending"
    admin_client.post(address(update, "cancel"))
    assert state(update) == "cancelled"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"suppressed"}
    page = admin_client.post(address(update, "resume"), follow=True).content.decode()
    assert "is not paused" in page


def test_what_was_scheduled_becomes_a_draft_again(admin_client: Client, update: Update) -> None:
    admin_client.post(address(update, "schedule"), {"at": "2199-01-01 08:00"})
    assert ">Unschedule<" in admin_client.get(address(update, "change")).content.decode()
    admin_client.post(address(update, "unschedule"))
    assert state(update) == "draft"
    assert update.scheduled_at is None
    page = admin_client.post(address(update, "unschedule"), follow=True).content.decode()
    assert "is not scheduled" in page
    assert ">Unschedule<" not in page


@pytest.mark.parametrize("before", ["draft", "scheduled"])
def test_a_superseded_draft_says_so_and_cannot_be_released(admin_client: Client, update: Update, before: str) -> None:
    Update.objects.filter(pk=update.pk).update(revision=99, state=before, scheduled_at=timezone.now())
    page = admin_client.get(address(update, "change")).content.decode()
    assert "Superseded" in page
    assert "The pattern now has revision 1." in page
    assert "Release…" not in page
    assert "<strong>2</strong> readers" not in page
    assert "Cancel the update…" in page
    assert ">superseded<" in admin_client.get("/admin/newsletter/update/").content.decode()
    assert "can no longer be released" in admin_client.get(address(update, "release")).content.decode()
    release(admin_client, update, 2)
    assert state(update) == before
    assert not Delivery.objects.exists()


def test_the_outcome_of_every_recipient_can_be_found(admin_client: Client, update: Update) -> None:
    released(update)
    Delivery.objects.filter(subscriber__key="bob@example.com").update(state="failed", finished_at=timezone.now())
    page = admin_client.get(address(update, "change")).content.decode()
    assert "1 of 2 finished, 1 to go" in page
    assert f"?update_sent__id__exact={update.pk}&amp;state__exact=failed" in page
    found = admin_client.get(
        f"/admin/newsletter/delivery/?update_sent__id__exact={update.pk}&state__exact=failed"
    ).content.decode()
    assert "bob@example.com" in found
    assert "ada@example.com" not in found


def test_who_may_only_look_gets_no_button_and_no_action(client: Client, update: Update) -> None:
    viewer = User.objects.create_user("viewer", "viewer@example.com", "x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_update"))
    client.force_login(viewer)
    page = client.get(address(update, "change")).content.decode()
    assert "Release…" not in page
    assert client.get(address(update, "preview")).status_code == 200
    for action in (*DEEDS, "release", "cancel"):
        assert client.post(address(update, action), {"expected": "2", "at": "2199-01-01T00:00"}).status_code == 403
    assert state(update) == "draft"
    assert not MailboxMessage.objects.exists()


def test_a_stranger_is_sent_to_the_login(client: Client, update: Update) -> None:
    for page in (*PAGES[1:], *DEEDS):
        answer = client.post(address(update, page), {"expected": "2"})
        assert (answer.status_code, "/admin/login/" in answer["Location"]) == (302, True)
    assert state(update) == "draft"


def test_another_site_cannot_press_the_buttons(update: Update, admin_user: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert release(strict, update, 2).status_code == 403
    assert state(update) == "draft"


def test_nothing_is_added_or_deleted_by_hand(admin_client: Client, update: Update) -> None:
    assert admin_client.get("/admin/newsletter/update/add/").status_code == 403
    assert admin_client.post(address(update, "delete"), {"post": "yes"}).status_code == 403


def test_a_suppressed_address_is_found_by_typing_it(admin_client: Client) -> None:
    suppression.remember("ada@example.com", Suppression.Reason.COMPLAINT, "said so")
    suppression.remember("bob@example.com", Suppression.Reason.ERASED)
    page = admin_client.get("/admin/newsletter/suppression/", {"q": " Ada@Example.com "}).content.decode()
    assert "said so" in page
    assert "1 suppression" in page
    assert admin_client.get("/admin/newsletter/feedback/").status_code == 200
