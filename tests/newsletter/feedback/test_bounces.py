"""Bounces and complaints that come by mail: from the envelope sender to what they change."""

import random
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.feedback import reports, services, verp
from catalogue.newsletter.delivery.feedback.events import Kind
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.management.console import bounces as console
from catalogue.newsletter.models import ConsentRecord, Delivery, Feedback, Subscriber
from catalogue.newsletter.subscribers import consent
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.observability.logs.scrub import scrubbed
from tests.newsletter.feedback.reports_by_mail import DEAD, FULL, complaint, dsn, maildir, run
from tests.newsletter.mail.test_updates import reader, released
from tests.newsletter.support.helpers import use_smtp
from tests.newsletter.support.smtp_sink import smtp_sink

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_smtp")]


def test_a_bounce_of_a_mail_that_was_really_sent_ends_its_subscription(settings: Settings, tmp_path: Path) -> None:
    reader("ada")
    reader("bob")
    senders: list[str] = []
    with smtp_sink() as sink:
        use_smtp(settings, sink.port)
        sink.on_sender = lambda line: senders.append(line) or "250 OK"  # type: ignore[func-returns-value]
        released()
        assert sender.send_due().sent == 2
    assert len(set(senders)) == 2
    assert all(line.startswith("MAIL FROM:<bounces+") for line in senders)
    assert all(len(line.partition("<")[2].partition("@")[0]) <= 64 for line in senders)
    first = senders[0].removeprefix("MAIL FROM:<").removesuffix(">")
    place = maildir(tmp_path, dsn(first.upper()))  # some servers change the case
    assert run(str(place)).startswith("1 read: 1 acted on")
    assert set(Subscriber.objects.values_list("key", "state")) == {
        ("ada@example.com", "unsubscribed"),
        ("bob@example.com", "confirmed"),
    }
    assert suppression.reason_for("ada@example.com") == "hard-bounce"


@pytest.mark.parametrize(
    ("action", "status", "said", "kind"),
    [
        ("failed", *DEAD, Kind.HARD_BOUNCE),
        ("Failed", "5.1.10", "the domain takes no mail", Kind.HARD_BOUNCE),
        ("failed", *FULL, Kind.SOFT_BOUNCE),
        ("failed", "5.7.1", "550 5.7.1 relay access denied", Kind.SOFT_BOUNCE),
        ("failed", "4.4.1", "no route, given up after five days", Kind.SOFT_BOUNCE),
        ("failed", "", "no status at all", Kind.SOFT_BOUNCE),
        ("delayed", "4.4.1", "still trying", Kind.OTHER),
        ("relayed", "2.1.9", "", Kind.OTHER),
        ("delivered", "2.0.0", "ok", Kind.DELIVERY),
    ],
)
def test_a_delivery_status_is_sorted_like_an_answer_of_our_own_server(
    mail: Delivery, action: str, status: str, said: str, kind: Kind
) -> None:
    report = reports.read(dsn(verp.sender(mail.ref), action, status, said))
    assert (report.kind, report.ref) == (kind, mail.ref)


def test_soft_bounces_of_five_mails_suppress_and_a_mail_counts_once(mail: Delivery) -> None:
    ada = mail.subscriber
    now = timezone.now()
    for number in range(1, 6):
        raw = dsn(verp.sender(mail.ref), "failed", *FULL)
        assert console.act_on(raw) == console.ACTED
        assert console.act_on(raw) == console.KNOWN
        assert console.act_on(dsn(verp.sender(mail.ref), "failed", *FULL)) == console.KNOWN, "of the same delivery"
        ada.refresh_from_db()
        assert (ada.soft_bounces, ada.state) == (number, "unsubscribed" if number == 5 else "confirmed")
        mail = Delivery.objects.create(subscriber=ada, kind="confirmation", state="sent", due_at=now, created_at=now)


@pytest.mark.parametrize(("feedback", "state"), [("abuse", "unsubscribed"), ("not-spam", "confirmed")])
def test_a_complaint_by_mail_ends_the_subscription(mail: Delivery, feedback: str, state: str) -> None:
    console.act_on(complaint(verp.sender(mail.ref), feedback))
    mail.subscriber.refresh_from_db()
    assert mail.subscriber.state == state


def test_a_bounce_of_a_new_address_leaves_the_subscription_at_the_old_one() -> None:
    ada = reader("ada", new_address="new@example.com", new_key="new@example.com")
    now = timezone.now()
    move = Delivery.objects.create(subscriber=ada, kind="move", state="sent", due_at=now, created_at=now)
    assert console.act_on(dsn(verp.sender(move.ref))) == console.ACTED
    ada.refresh_from_db()
    assert (ada.state, ada.new_key) == ("confirmed", "")
    assert suppression.blocks("new@example.com")
    assert not suppression.blocks("ada@example.com")


def test_a_bounce_from_before_a_move_says_nothing_about_the_new_address(mail: Delivery) -> None:
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=1))
    Subscriber.objects.update(address="new@example.com", key="new@example.com")
    consent.record(Subscriber.objects.get(), ConsentRecord.Event.MOVED)
    assert console.act_on(dsn(verp.sender(mail.ref))) == console.KNOWN
    assert Subscriber.objects.get().state == "confirmed"
    assert not Feedback.objects.exists()


def test_only_what_we_have_signed_is_believed(mail: Delivery, settings: Settings) -> None:
    good = verp.sender(mail.ref)
    flipped = good[:10] + ("a" if good[10] != "a" else "b") + good[11:]
    other = verp.token(uuid.uuid4())
    forged = good[:8] + good[8:34] + other[26:] + good[50:]
    for address in (flipped, forged, "bounces@patterns.example.com", "ada@example.com", "bounces+@x", ""):
        assert console.act_on(dsn(address)) == console.UNSIGNED
        assert console.act_on(complaint(address)) == console.UNSIGNED
    assert console.act_on(dsn(verp.sender(uuid.uuid4()))) == console.KNOWN, "signed, of a mail that is gone"
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert console.act_on(dsn(good)) == console.ACTED
    assert Subscriber.objects.get().state == "unsubscribed"


def test_the_recipient_may_be_distinguished_from_the_mail(mail: Delivery) -> None:
    assert console.act_on(dsn("somebody@example.com"), verp.sender(mail.ref)) == console.ACTED


@given(st.binary(max_size=300), st.integers(0, 1500))
def test_whatever_comes_is_taken_apart_or_refused(junk: bytes, at: int) -> None:
    whole = dsn(verp.sender(uuid.UUID(int=1)))
    for raw in (junk, whole[:at] + junk + whole[at:], whole[:at] + junk):
        try:
            report = reports.read(raw)
        except reports.Unreadable:
            continue
        assert report.ref == uuid.UUID(int=1)
        assert len(report.said) <= 300
        assert "\0" not in report.said


def _hostile() -> Iterator[bytes]:
    yield b""
    yield b"\0" * 2000
    yield b"Content-Type: multipart/report; boundary=x\n\n" + b"--x\n" * 100_000
    nested = b"".join(b'Content-Type: multipart/report; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(3000))
    yield nested
    yield b"Content-Type: message/rfc822\n\n" * 3000
    yield b"To: " + b"+" * 900_000 + b"\nContent-Type: multipart/report; boundary=x\n\n--x\n\n--x--"
    yield b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n\n\n\n--x--"
    report = b"Content-Type: multipart/report; charset=\xff; boundary=x\n\n--x\n"
    yield report + b"Content-Type: message/feedback-report\n\n--x--"
    yield b"Subject: Out of office\nContent-Type: text/plain\n\nI am away."


def test_no_hostile_mail_stops_the_rest(mail: Delivery, tmp_path: Path) -> None:
    hostile = list(_hostile())
    place = tmp_path / "Maildir"
    for folder in ("new", "cur", "tmp"):
        (place / folder).mkdir(parents=True)
    for number, raw in enumerate([*hostile, dsn(verp.sender(mail.ref))]):
        (place / "new" / f"{number:03}").write_bytes(raw)
    told = run(str(place), "--delete")
    assert told.startswith(f"{len(hostile) + 1} read: 1 acted on")
    assert "0 failed" in told
    assert len(list((place / "cur").iterdir())) == len(hostile), "what was not understood stays, marked as read"
    assert run(str(place)).startswith("0 read")


def test_a_mail_that_cannot_be_acted_on_stops_no_other(
    mail: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = uuid.uuid4()
    take = services.take_report

    def failing(report: reports.Report) -> bool:
        if report.ref == bad:
            raise ZeroDivisionError
        return take(report)

    monkeypatch.setattr(services, "take_report", failing)
    place = maildir(tmp_path, dsn(verp.sender(bad)), dsn(verp.sender(mail.ref)))
    told = run(str(place))
    assert "1 acted on" in told
    assert "1 failed" in told


def test_what_follows_the_bound_of_a_mail_is_not_read(mail: Delivery, tmp_path: Path) -> None:
    raw = dsn(verp.sender(mail.ref)).replace(b"Hello", b"Hello\n" * 1_000_000)
    assert len(raw) > 5 * reports.MOST_BYTES
    file = tmp_path / "one.eml"
    file.write_bytes(raw)
    assert "1 acted on" in run(str(file))


def test_a_database_that_is_away_leaves_the_mail_and_asks_to_come_again(
    mail: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(report: reports.Report) -> bool:
        raise OperationalError("gone")

    place = maildir(tmp_path, dsn(verp.sender(mail.ref)))
    with monkeypatch.context() as patched:
        patched.setattr(services, "take_report", gone)
        with pytest.raises(CommandError) as refused:
            run(str(place), "--delete")
    assert refused.value.returncode == console.TRY_AGAIN
    assert "1 acted on" in run(str(place), "--delete")
    assert not [*(place / "new").iterdir(), *(place / "cur").iterdir()]


def test_no_token_of_a_sender_is_logged() -> None:
    address = verp.sender(uuid.uuid4())
    token = address.partition("+")[2].partition("@")[0]
    for text in (f"refused: 550 <{address}> bad", f"?from={address.replace('@', '%40')}", token.join(("local+", " "))):
        assert token not in scrubbed(text)
    assert "@patterns.example.com> bad" in scrubbed(f"550 <{address}> bad")
    assert scrubbed("1 + 1 and c+d") == "1 + 1 and c+d"


def test_a_token_names_one_mail_and_can_be_read_in_any_case() -> None:
    refs = [uuid.uuid4() for _ in range(50)]
    for ref in refs:
        address = "".join(random.choice((letter.upper(), letter)) for letter in verp.sender(ref))
        assert verp.read(f"<{address}>") == ref
    assert len({verp.token(ref) for ref in refs}) == len(refs)
