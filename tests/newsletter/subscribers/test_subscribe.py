import time
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db.models import Manager, Model
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from catalogue.newsletter import services
from catalogue.newsletter.models import ClientBudget, ConsentRecord, Delivery, Subscriber, Suppression
from catalogue.newsletter.subscribers import requests
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.support.helpers import SUBSCRIBE, confirmed, post, post_json, received, snapshot, subscribe

pytestmark = pytest.mark.django_db


class Form(HTMLParser):
    """The attributes of the subscribe form's e-mail field, and every id on the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.field: dict[str, str | None] = {}
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("id") == "subscribe-email":
            self.field = given


def asked[M: Model](model: type[M]) -> Manager[M]:
    """The rows of a table once the mail loop has acted on what forms have asked for."""
    requests.answer_all()
    return model._default_manager


def answer(response: Any) -> tuple[int, dict[str, str], bytes]:
    return response.status_code, dict(response.headers), response.content


def test_a_form_leads_to_a_page_that_says_what_comes_next(client: Client) -> None:
    response = client.post(SUBSCRIBE, {"email": "ada@example.com"}, follow=True)
    assert response.redirect_chain == [("/newsletter/check-mailbox", 303)]
    assert "Check your mailbox" in response.content.decode()
    subscriber = asked(Subscriber).get()
    assert (subscriber.address, subscriber.state) == ("ada@example.com", "pending")
    assert asked(Delivery).get().subscriber == subscriber


def test_json_is_answered_in_json(client: Client) -> None:
    response = post(client, {"email": "ada@example.com"}, as_json=True)
    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert asked(Subscriber).get().address == "ada@example.com"


@pytest.mark.parametrize("as_json", [False, True])
def test_the_answer_does_not_tell_who_is_subscribed(client: Client, as_json: bool) -> None:
    confirmed(client, "confirmed@example.com")
    services.unsubscribe(confirmed(client, "gone@example.com").ref)
    subscribe(client, "pending@example.com")

    requests = [
        {"email": "new@example.com"},
        {"email": "pending@example.com"},
        {"email": "confirmed@example.com"},
        {"email": "gone@example.com"},
        {"email": "trapped@example.com", "homepage": "https://spam.example"},
    ]
    answers = [answer(post(client, fields, as_json)) for fields in requests]
    assert all(other == answers[0] for other in answers)


def test_a_mistyped_address_comes_back_in_the_form_with_the_error_at_its_field(client: Client) -> None:
    response = client.post(SUBSCRIBE, {"email": 'ada"><script>@example'})
    html = response.content.decode()
    field = Form(html).field
    assert response.status_code == 422
    assert field["value"] == 'ada"><script>@example'
    assert field["aria-invalid"] == "true"
    assert "subscribe-error" in (field["aria-describedby"] or "").split()
    assert set((field["aria-describedby"] or "").split()) <= set(Form(html).ids)
    assert "<script>@" not in html
    assert not asked(Subscriber).exists()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"email": "ada"}', 422),
        ("{}", 422),
        ('{"email": ""}', 422),
        ('{"email": "ada@\\ud800.com"}', 400),
        ('{"email": "\\ud800@x.com"}', 400),
        ('{"email": "ada@example.com", "topics": ["no-such"]}', 400),
        ('{"email": "ada@example.com", "revisions": "perhaps"}', 400),
        ('{"email": "ada@example.com", "\\ud800": 1}', 400),
        ('{"email": "a\\u0000@example.com"}', 422),
        ('{"email": 1}', 400),
        ('{"email": null}', 400),
        ('{"email": ["ada@example.com"]}', 400),
        ("[]", 400),
        ("null", 400),
        ("{", 400),
        ("[" * 100_000, 400),
        ("9" * 5000, 400),
        (b"\xff\xfe", 400),
    ],
)
def test_json_that_is_no_request_is_refused_in_json(client: Client, body: str | bytes, status: int) -> None:
    response = post_json(client, body)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert not asked(Subscriber).exists()


def test_a_lone_surrogate_in_json_survives_being_shown_on_a_page(client: Client) -> None:
    response = post_json(client, '{"email": "\\ud800"}', accept="text/html")
    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/html")


def test_another_format_is_refused(client: Client) -> None:
    response = client.generic("POST", SUBSCRIBE, "<email/>", "application/xml")
    assert response.status_code == 415


def test_a_broken_multipart_body_is_refused(client: Client) -> None:
    response = client.generic("POST", SUBSCRIBE, "--x\r\nrubbish", "multipart/form-data; boundary=")
    assert 400 <= response.status_code < 500


def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    assert post(client, {"email": "a" * 1_100_000}, as_json=True).status_code == 413


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    assert client.generic(method, SUBSCRIBE).status_code == 405


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_form_changes_nothing(client: Client, method: str) -> None:
    before = snapshot()
    assert client.generic(method, SUBSCRIBE + "?email=ada@example.com").status_code == 200
    assert snapshot() == before


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.emails() | st.text(alphabet='ab@.\r\n\t\0<>",;:%\ud800'), as_json=st.booleans())
def test_whatever_is_typed_gets_a_clear_answer(client: Client, text: str, as_json: bool) -> None:
    ClientBudget.objects.all().delete()
    if not as_json:
        text = text.encode("utf-8", "replace").decode()
    response = post(client, {"email": text}, as_json)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        assert response.status_code == 400
    else:
        assert response.status_code in (202, 303, 422)
    for subscriber in asked(Subscriber).all():
        assert not set("\r\n\0") & set(subscriber.address)


FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://["},
    {"origin": "http://testserver:99999"},
    {"origin": "http://testserver.evil.example"},
    {"origin": "https://testserver"},
]
OWN = [
    {},
    {"sec-fetch-site": "same-origin", "origin": "http://testserver"},
    {"sec-fetch-site": "none"},
    {"origin": "http://testserver"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_page_of_another_site_cannot_subscribe_its_visitors(headers: dict[str, str], as_json: bool) -> None:
    client = Client(enforce_csrf_checks=True)
    response = post(client, {"email": "ada@example.com"}, as_json, **headers)
    assert response.status_code == 403
    assert not asked(Subscriber).exists()


@pytest.mark.parametrize("headers", OWN)
def test_our_own_pages_need_neither_token_nor_cookie(headers: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(SUBSCRIBE, {"email": "ada@example.com"}, headers=headers)
    assert response.status_code == 303
    assert not response.cookies
    assert asked(Subscriber).exists()


def test_the_address_of_the_site_counts_as_our_own_behind_a_proxy(settings: Settings, client: Client) -> None:
    settings.SITE_URL = "https://patterns.example.com"
    headers = {"origin": "https://patterns.example.com"}
    assert client.post(SUBSCRIBE, {"email": "ada@example.com"}, headers=headers).status_code == 303


def test_the_form_can_be_served_from_a_shared_cache(client: Client) -> None:
    response = client.get(SUBSCRIBE)
    assert "csrf" not in response.content.decode().lower()
    assert not response.cookies


def test_a_robot_that_fills_the_hidden_field_is_not_heard(client: Client) -> None:
    before = snapshot()
    client.post(SUBSCRIBE, {"email": "ada@example.com", "homepage": "https://spam.example"})
    assert snapshot() == before


@pytest.mark.parametrize("as_json", [False, True])
def test_one_client_cannot_subscribe_without_end(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    settings.NEWSLETTER_SUBSCRIBES_PER_HOUR = 3
    for number in range(3):
        assert post(client, {"email": f"a{number}@example.com"}, as_json).status_code in (202, 303)
    late = {"email": "late@example.com"}
    response = post(client, late, as_json)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 1200
    assert asked(Subscriber).count() == 3
    if not as_json:
        assert Form(response.content.decode()).field["value"] == "late@example.com"

    elsewhere = Client(REMOTE_ADDR="192.0.2.9")
    assert post(elsewhere, {"email": "b@example.com"}, as_json).status_code in (202, 303)

    later = time.time() + int(response["Retry-After"])
    monkeypatch.setattr(time, "time", lambda: later)
    assert post(client, late, as_json).status_code in (202, 303)


def test_typing_errors_do_not_use_up_the_allowance(client: Client, settings: Settings) -> None:
    settings.NEWSLETTER_SUBSCRIBES_PER_HOUR = 1
    for _ in range(3):
        assert client.post(SUBSCRIBE, {"email": "ada@"}).status_code == 422
    subscribe(client)


def test_the_consent_record_tells_when_where_and_to_what(client: Client) -> None:
    client.post(
        SUBSCRIBE,
        {"email": "ada@example.com", "form": "footer", "wording": "1"},
        headers={"referer": "http://testserver/patterns/gateway-cache/?q=1"},
    )
    record = asked(ConsentRecord).get()
    assert (record.event, record.form, record.page, record.wording) == (
        "requested",
        "footer",
        "/patterns/gateway-cache/",
        1,
    )


def test_the_consent_record_keeps_no_secret_of_the_address(client: Client) -> None:
    """A link from a mail, and the address of a lab, give rights to whoever knows them."""
    secrets = {
        "/newsletter/preferences/abc:def": "/newsletter/preferences/<mailed:token>",
        f"/labs/{'a' * 22}": "/labs/<lab_id:lab_id>",
        f"/labs/comparisons/{'a' * 22}": "/labs/comparisons/<lab_id:comparison_id>",
    }
    for number, (path, kept) in enumerate(secrets.items()):
        fields = {"email": f"ada{number}@example.com", "form": "subscribe", "wording": "1"}
        client.post(SUBSCRIBE, fields, headers={"referer": f"http://testserver{path}"})
        assert asked(ConsentRecord).latest("pk").page == kept


@pytest.mark.parametrize("referer", ["https://evil.example/x", "http://[", "\0", "http://testserver/" + "x" * 5000])
def test_what_a_form_claims_about_itself_is_not_trusted(client: Client, referer: str) -> None:
    fields = {"email": "ada@example.com", "form": "<b>\0", "wording": "999" * 2000}
    assert client.post(SUBSCRIBE, fields, headers={"referer": referer}).status_code == 303
    record = asked(ConsentRecord).get()
    assert (record.form, record.wording) == ("", 1)
    assert len(record.page) <= 200


DISPOSABLE = "ada@mail.mailinator.com"


def test_a_throw_away_address_is_warned_of_and_taken_all_the_same(client: Client) -> None:
    answer = client.post(SUBSCRIBE, {"email": DISPOSABLE})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "disappear soon" in html
    assert "Subscribe anyway" in html
    assert Form(html).field["value"] == DISPOSABLE
    assert not asked(Subscriber).exists()
    assert client.post(SUBSCRIBE, {"email": DISPOSABLE, "anyway": "1"}).status_code == 303
    assert asked(Subscriber).get().address == DISPOSABLE


def test_a_program_is_warned_of_a_throw_away_address(client: Client) -> None:
    response = post(client, {"email": DISPOSABLE}, as_json=True)
    assert response.status_code == 202
    assert "disappear soon" in response.json()["warning"]
    assert answer(post(client, {"email": DISPOSABLE}, as_json=True)) == answer(response)
    assert "warning" not in post(client, {"email": "ada@notmailinator.com"}, as_json=True).json()


def test_a_suppressed_address_is_answered_like_any_other_and_gets_no_mail(client: Client) -> None:
    suppression.remember("dead@example.com", Suppression.Reason.COMPLAINT)
    answers = [client.post("/newsletter/subscribe", {"email": f"{name}@example.com"}) for name in ("dead", "alive")]
    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert [mail["To"] for mail in received()] == ["alive@example.com"]
