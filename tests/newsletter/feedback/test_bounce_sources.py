"""Where bounces are read: an mbox, a pipe, a folder of an IMAP server."""

import io
import mailbox
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.feedback import verp
from catalogue.newsletter.management.console import bounces as console
from catalogue.newsletter.models import Delivery
from tests.newsletter.feedback.imap_server import imap_server
from tests.newsletter.feedback.reports_by_mail import dsn, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_smtp")]


@pytest.mark.parametrize("delete", [False, True])
def test_an_mbox_is_read_and_keeps_what_was_not_understood(mail: Delivery, tmp_path: Path, delete: bool) -> None:
    box = mailbox.mbox(tmp_path / "bounces")
    for raw in (b"Subject: hello\n\nhello\n", dsn(verp.sender(mail.ref))):
        box.add(raw)
    box.close()
    assert "1 acted on" in run(str(tmp_path / "bounces"), *(["--delete"] if delete else []))
    assert len(mailbox.mbox(tmp_path / "bounces")) == (1 if delete else 2)


@pytest.mark.parametrize("delete", [False, True])
def test_mails_that_stay_in_an_mbox_hold_up_none_behind_them(mail: Delivery, tmp_path: Path, delete: bool) -> None:
    """Anyone can send to the bounce address: more than one run reads must not keep a bounce from ever being read."""
    box = mailbox.mbox(tmp_path / "bounces")
    for raw in (b"Subject: one\n\nFrom here on\n", b"Subject: two\n\ntwo\n", dsn(verp.sender(mail.ref))):
        box.add(raw)
    box.close()
    arguments = [str(tmp_path / "bounces"), "--most", "2", *(["--delete"] if delete else [])]
    assert run(*arguments).startswith("2 read: 0 acted on")
    assert run(*arguments).startswith("1 read: 1 acted on")
    assert run(*arguments).startswith("0 read")
    kept = list(mailbox.mbox(tmp_path / "bounces"))
    assert [one["Subject"] for one in kept][:2] == ["one", "two"]
    assert len(kept) == (2 if delete else 3)
    assert b"From here on" in kept[0].as_bytes()


def test_an_mbox_that_is_being_delivered_to_is_read_another_time(mail: Delivery, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "bounces")
    box.add(dsn(verp.sender(mail.ref)))
    box.flush()
    (tmp_path / "bounces.lock").touch()
    with pytest.raises(CommandError, match="cannot be read") as refused:
        run(str(tmp_path / "bounces"))
    assert refused.value.returncode == console.TRY_AGAIN


def test_a_mail_server_may_pipe_a_mail(mail: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    piped: Any = type("Piped", (), {"buffer": io.BytesIO(dsn(verp.sender(mail.ref)))})()
    monkeypatch.setattr("sys.stdin", piped)
    assert "1 acted on" in run("-")


@pytest.mark.parametrize("delete", [False, True])
def test_a_folder_of_an_imap_server_is_read(mail: Delivery, settings: Settings, delete: bool) -> None:
    settings.BOUNCE_MAILBOX_PASSWORD = "secret"
    with imap_server(b"Subject: hello\r\n\r\nhello", dsn(verp.sender(mail.ref))) as folder:
        place = f"imap://bounces%40example.com@127.0.0.1:{folder.port}/INBOX"
        told = run(place, *(["--delete"] if delete else []))
        assert told.startswith("2 read: 1 acted on")
        assert folder.logins == ['LOGIN bounces@example.com "secret"']
        assert folder.flags == {1: {"\\Seen"}, 2: {"\\Deleted" if delete else "\\Seen"}}
        assert set(folder.mails) == ({1} if delete else {1, 2})
        assert run(place).startswith("0 read")


@pytest.mark.parametrize("delete", [False, True])
def test_a_run_of_an_imap_folder_goes_on_where_the_one_before_stopped(
    mail: Delivery, settings: Settings, delete: bool
) -> None:
    settings.BOUNCE_MAILBOX_PASSWORD = "secret"
    report = dsn(verp.sender(mail.ref))
    with imap_server(report, report, report) as folder:
        place = f"imap://bounces%40example.com@127.0.0.1:{folder.port}/INBOX"
        arguments = [place, "--most", "2", *(["--delete"] if delete else [])]
        assert run(*arguments).startswith("2 read")
        assert set(folder.mails) == ({3} if delete else {1, 2, 3})
        assert run(*arguments).startswith("1 read")
        assert run(*arguments).startswith("0 read")


@pytest.mark.parametrize(
    "place",
    [
        "",
        "nowhere",
        "imaps://host/INBOX",
        "imaps://a:b@host/INBOX",
        "imap://a@mail.example.com/INBOX",
        "imaps://a@mail.example.com:imap/INBOX",
        "imaps://a@[mail.example.com/INBOX",
    ],
)
def test_a_place_that_cannot_be_read_is_reported_with_a_remedy(place: str, settings: Settings) -> None:
    settings.BOUNCE_MAILBOX_PASSWORD = "secret"
    with pytest.raises(CommandError, match=r"BOUNCE_MAILBOX|imaps://|neither"):
        run(*([place] if place else []))
