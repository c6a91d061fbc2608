"""`manage.py newsletter`: what an editor does from a terminal."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery import loop
from catalogue.newsletter.delivery.backoff import Setbacks
from catalogue.newsletter.mail import updates
from catalogue.newsletter.models import Delivery, MailboxMessage, Subscriber, Suppression, Update
from catalogue.newsletter.subscribers import tokens
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import SLUG, new_update, reader

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    call_command("newsletter", *arguments, stdout=out, stderr=err)
    return out.getvalue() + err.getvalue()


@pytest.fixture(autouse=True)
def in_development(settings: Settings) -> None:
    settings.DEBUG = True


@pytest.fixture
def update() -> Update:
    reader("ada")
    reader("bob")
    return new_update()


def test_an_update_from_draft_to_sent(update: Update) -> None:
    assert f"{SLUG}@1" in run("list")
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in run("preview", SLUG, "--headers")
    assert "<html" in run("preview", f"{SLUG}@1", "--html")
    assert "⟦" not in run("preview", str(update.pk))
    assert "2 readers want it now" in run("status", SLUG)
    run("test", SLUG, "--to", "editor@example.com")
    assert MailboxMessage.objects.get().recipients == "editor@example.com"
    run("schedule", SLUG, "--at", "2199-01-01T08:00")
    assert "2199-01-01 at 08:00" in run("status", SLUG)
    assert "on its way to 2" in run("release", SLUG, "--expect", "2")
    run("pause", SLUG)
    run("resume", SLUG)
    assert "2 sent" in run("send", "--once")
    assert "2 of 2 finished (100 %), 0 to go" in run("status", SLUG)


def test_a_release_asks_for_the_number(update: Update, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer in ("", "yes", "3"):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        with pytest.raises(CommandError):
            run("release", SLUG)
    assert not Delivery.objects.exists()
    monkeypatch.setattr("builtins.input", lambda question: "2" if "to 2 readers" in question else "")
    assert "on its way to 2" in run("release", SLUG)


def test_unschedule_makes_a_draft_of_it(update: Update) -> None:
    run("schedule", SLUG, "--at", "2199-01-01T08:00")
    assert "a draft again" in run("unschedule", SLUG)
    update.refresh_from_db()
    assert (update.state, update.scheduled_at) == ("draft", None)


def test_a_superseded_draft_is_shown_as_such_and_not_released(update: Update) -> None:
    Update.objects.update(revision=99)
    assert "superseded" in run("list")
    said = run("status", SLUG)
    assert "superseded" in said
    assert "The pattern now has revision 1." in said
    assert "want it now" not in said
    with pytest.raises(CommandError, match="is superseded and cannot be released"):
        run("release", SLUG, "--yes")
    Update.objects.update(pattern="gone")
    assert "no longer in the catalogue" in run("status", "gone")


def test_one_reader_is_one_reader(update: Update, monkeypatch: pytest.MonkeyPatch) -> None:
    Subscriber.objects.filter(key="bob@example.com").delete()
    assert "1 reader wants it now" in run("status", SLUG)
    monkeypatch.setattr("builtins.input", lambda question: "1" if "to 1 reader." in question else "")
    assert "on its way to 1" in run("release", SLUG)


def test_a_second_release_is_refused(update: Update) -> None:
    run("release", SLUG, "--yes")
    with pytest.raises(CommandError, match="already"):
        run("release", SLUG, "--yes")
    assert Delivery.objects.count() == 2
    run("cancel", SLUG)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"suppressed"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "no-such"),
        ("status", f"{SLUG}@9"),
        ("status", f"{SLUG}@x"),
        ("status", "99999"),
        ("pause", SLUG),
        ("resume", SLUG),
        ("unschedule", SLUG),
        ("schedule", SLUG, "--at", "soon"),
        ("schedule", SLUG, "--at", "2001-13-45T00:00"),
        ("schedule", SLUG, "--at", "2001-01-01T00:00"),
        ("test", SLUG, "--to", "nobody"),
        ("release", SLUG, "--expect", "1"),
        ("import", "no-such.csv", "--source", "x"),
        ("suppress", "nobody"),
        ("erase", "nobody"),
        ("erase", "stranger@example.com"),
        ("unsubscribe", "nobody"),
        ("unsubscribe", "stranger@example.com"),
        ("frobnicate",),
        (),
    ],
)
def test_every_mistake_is_one_clear_refusal(update: Update, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert len(str(caught.value)) > 20
    assert Update.objects.get().state == "draft"
    assert not Delivery.objects.exists()


def test_export_and_import(tmp_path: Path, update: Update) -> None:
    file = tmp_path / "people.csv"
    file.write_text(run("export") + "cy@example.com,,,,,,\nbad\n")
    out = io.StringIO()
    with pytest.raises(CommandError) as some_refused:
        call_command("newsletter", "import", str(file), "--source", "old list", stdout=out, stderr=out)
    assert some_refused.value.returncode == 3
    assert "people.csv:5: Not an address" in out.getvalue()
    assert "1 added, 2 known already, 1 refused" in out.getvalue()
    file.write_text(run("export"))
    assert "0 added, 3 known already, 0 refused" in run("import", str(file), "--source", "old list")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\xff\xfe,\x00\n")
    with pytest.raises(CommandError, match="must name the columns") as nothing_done:
        run("import", str(bad), "--source", "x")
    assert nothing_done.value.returncode == 1


def test_an_export_with_people_who_wait_can_be_imported_again(tmp_path: Path, update: Update) -> None:
    reader("waits", state="pending", confirmed_at=None)
    file = tmp_path / "people.csv"
    file.write_text(run("export"))
    said = run("import", str(file), "--source", "old list")
    assert "0 added, 2 known already, 0 refused, 1 skipped" in said
    assert "people.csv:4: Skipped" in said


def test_nothing_is_sent_without_a_mail_server(update: Update, settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "smtp"
    settings.SMTP_HOST = ""
    with pytest.raises(SystemCheckError, match=r"newsletter\.E010"):
        run("send", "--once")


def test_suppress_and_unsubscribe(update: Update) -> None:
    run("suppress", "Ada@example.com")
    run("suppress", "stranger@example.com")
    assert suppression.blocks("ada@example.com")
    assert suppression.blocks("stranger@example.com")
    bob = Subscriber.objects.get(key="bob@example.com")
    run("unsubscribe", f"unsubscribe {tokens.unsubscribe_token(bob.ref)}")
    assert set(Subscriber.objects.values_list("state", flat=True)) == {"unsubscribed"}
    cy = reader("cy")
    run("unsubscribe", "CY@example.com")
    cy.refresh_from_db()
    assert cy.state == "unsubscribed"


def test_erase_forgets_who_asks_by_mail(update: Update) -> None:
    assert "is erased" in run("erase", "Ada@Example.com")
    assert not Subscriber.objects.filter(key="ada@example.com").exists()
    assert suppression.reason_for("ada@example.com") is Suppression.Reason.ERASED
    assert Subscriber.objects.filter(key="bob@example.com", state="confirmed").exists()


def test_the_loop_drafts_when_the_content_changes_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    content = [object()]
    monkeypatch.setattr(loop, "as_built", lambda: content[0])

    def draft_all(setbacks: Setbacks) -> list[Update]:
        calls.append(1)
        return []

    monkeypatch.setattr(updates, "draft_all", draft_all)
    drafts = loop.Drafts(first=5)
    for now in (0, 4, 5, 6, 11, 20):
        drafts.look(now)
    assert len(calls) == 1
    content[0] = object()
    drafts.look(21)
    assert len(calls) == 1, "not before it is time"
    drafts.look(26)
    assert len(calls) == 2
