import pytest
from django.core.mail import EmailMultiAlternatives, mailers
from django.test import Client
from pytest_django.fixtures import Settings

from catalogue.newsletter.mail.mailbox.reading import framed
from catalogue.newsletter.models import MailboxMessage

pytestmark = pytest.mark.django_db
NASTY = "<!doctype html><html><head></head><body onload=alert(1)><script>alert(2)</script>Hi</body></html>"


def deliver(subject: str = "Hello", html: str = NASTY, to: str = "ada@example.com") -> MailboxMessage:
    message = EmailMultiAlternatives(subject, "Read https://example.com/x?a=1&b=2", "us@example.com", [to])
    message.attach_alternative(html, "text/html")
    assert mailers.default.send_messages([message]) == 1
    return MailboxMessage.objects.latest("pk")


def test_the_list_shows_the_newest_first(client: Client) -> None:
    assert "No e-mail yet" in client.get("/mailbox/").content.decode()
    deliver("First")
    deliver("Second")
    html = client.get("/mailbox/").content.decode()
    assert html.index("Second") < html.index("First")


def test_a_message_is_shown_with_text_headers_and_a_framed_html_part(client: Client) -> None:
    pk = deliver("Grüße <b>").pk
    html = client.get(f"/mailbox/{pk}").content.decode()
    assert "Grüße &lt;b&gt;" in html
    assert 'href="https://example.com/x?a=1&amp;b=2"' in html
    assert "Subject: =?utf-8?" in html
    assert f'src="/mailbox/{pk}/html"' in html
    assert "allow-scripts" not in html
    assert "alert(" not in html


def test_nothing_in_a_mail_can_run_or_load(client: Client) -> None:
    response = client.get(f"/mailbox/{deliver().pk}/html")
    policy = response["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "allow-forms" not in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_links_in_a_mail_open_in_the_window_around_it() -> None:
    assert framed("<!doctype html><HTML><Head lang=en><title>") == (
        '<!doctype html><HTML><Head lang=en><base target="_top"><title>'
    )
    assert framed("<p>plain") == '<base target="_top"><p>plain'
    assert framed("<header>not a head</header>").startswith("<base")


def test_only_the_newest_messages_are_kept(settings: Settings) -> None:
    settings.MAILBOX_KEEP = 3
    for number in range(5):
        deliver(f"Number {number}")
    assert [message.subject for message in MailboxMessage.objects.all()] == [
        "Number 4",
        "Number 3",
        "Number 2",
    ]


def test_there_is_no_mailbox_unless_mail_is_delivered_to_it(client: Client, settings: Settings) -> None:
    pk = deliver().pk
    settings.MAILBOX = False
    for path in ("/mailbox/", f"/mailbox/{pk}", f"/mailbox/{pk}/html"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["0", "999999999999999999", "9" * 400, "-1", "x", "1/html", "1/x", "%00"])
def test_unknown_messages_are_not_found(client: Client, path: str) -> None:
    assert client.get(f"/mailbox/{path}").status_code in (400, 404)


def test_a_mail_without_html_has_no_frame(client: Client) -> None:
    mailers.default.send_messages([EmailMultiAlternatives("Plain", "only text", "us@example.com", ["a@example.com"])])
    pk = MailboxMessage.objects.get().pk
    assert "<iframe" not in client.get(f"/mailbox/{pk}").content.decode()
    assert client.get(f"/mailbox/{pk}/html").status_code == 404


def test_the_mailbox_is_read_only(client: Client) -> None:
    pk = deliver().pk
    for path in ("/mailbox/", f"/mailbox/{pk}"):
        assert client.post(path).status_code == 405
    assert MailboxMessage.objects.count() == 1
