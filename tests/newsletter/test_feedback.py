"""The webhook for bounces and complaints: what it believes, and what it does then."""

import base64
import datetime
import http.client
import json
import urllib.error
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from typing import Any

import hypothesis
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from catalogue.newsletter import preferences, queue, sender, suppression, tokens
from catalogue.newsletter.feedback import services, sns
from catalogue.newsletter.models import Delivery, Feedback, Subscriber, Suppression
from tests.newsletter.helpers import snapshot
from tests.newsletter.test_updates import reader, released

pytestmark = pytest.mark.django_db
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-feedback"
HOOK = "/newsletter/feedback/ses"
FETCH = sns.fetch_certificate
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"


class Signer:
    """An SNS of the test's own: its key, and the certificate that the real one would publish."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.datetime.now(datetime.UTC)
        self.pem = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    def signed(self, version: str = "2", **fields: Any) -> dict[str, Any]:
        message: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": "{}",
            "Timestamp": "2026-11-23T12:00:00.000Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
        } | fields
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self.key.sign(sns.string_to_sign(message), padding.PKCS1v15(), algorithm)
        return message | {"Signature": base64.b64encode(signature).decode()}


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(autouse=True)
def topic(settings: Settings, monkeypatch: pytest.MonkeyPatch, signer: Signer) -> None:
    settings.SES_TOPIC_ARN = TOPIC
    monkeypatch.setattr(sns, "fetch_certificate", lambda url: signer.pem)
    sns.signing_key.cache_clear()


def post(client: Client, message: object) -> int:
    body = message if isinstance(message, (str, bytes)) else json.dumps(message)
    return client.generic("POST", HOOK, body, "text/plain; charset=UTF-8").status_code


def bounce(*addresses: str, kind: str = "Permanent", form: str = "eventType", mail: str = "ses-id") -> str:
    recipients = [{"emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1 unknown"} for address in addresses]
    told = {"bounceType": kind, "bouncedRecipients": recipients}
    return json.dumps({form: "Bounce", "bounce": told, "mail": {"messageId": mail}})


def complaint(address: str, form: str = "eventType", **more: str) -> str:
    told = {"complainedRecipients": [{"emailAddress": address}], **more}
    return json.dumps({form: "Complaint", "complaint": told, "mail": {"messageId": "ses-id"}})


def delivery(address: str) -> str:
    return json.dumps({"eventType": "Delivery", "delivery": {"recipients": [address]}, "mail": {"messageId": "x"}})


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("form", ["eventType", "notificationType"])
def test_a_hard_bounce_suppresses_at_once_in_both_formats(
    client: Client, signer: Signer, form: str, version: str
) -> None:
    ada = reader("ada")
    released()
    assert post(client, signer.signed(version, Message=bounce("Ada@Example.com", form=form))) == 200
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"
    assert Suppression.objects.get().reason == "hard-bounce"
    assert [record.event for record in ada.consent.all()] == ["bounced"]
    assert sender.send_due().sent == 0
    assert Delivery.objects.get().state == "suppressed"


@pytest.mark.parametrize("form", ["eventType", "notificationType"])
def test_a_complaint_suppresses_at_once(client: Client, signer: Signer, form: str) -> None:
    ada = reader("ada")
    assert post(client, signer.signed(Message=complaint("ada@example.com", form))) == 200
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"
    assert suppression.reason_for("ada@example.com") is Suppression.Reason.COMPLAINT


def test_not_spam_is_no_complaint(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    message = complaint("ada@example.com", complaintFeedbackType="not-spam")
    assert post(client, signer.signed(Message=message)) == 200
    ada.refresh_from_db()
    assert ada.state == "confirmed"


def test_a_bounce_from_a_forwarding_address_is_known_by_the_mail(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    released()
    sender.send_due()
    Delivery.objects.update(provider_id="ses-id")
    post(client, signer.signed(Message=bounce("someone@elsewhere.example")))
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"


def test_a_bounce_of_somebody_unknown_is_remembered(client: Client, signer: Signer) -> None:
    post(client, signer.signed(Message=bounce("nobody@example.org")))
    assert suppression.blocks("nobody@example.org")


def asked_to_move(client: Client, to: str = "new@example.org") -> Subscriber:
    """A reader whose wish for another address has been mailed there."""
    ada = reader("ada", soft_bounces=3)
    client.post(f"/newsletter/preferences/{tokens.preferences_token(ada.ref)}/address", {"email": to})
    assert sender.send_due().sent == 1
    Delivery.objects.filter(kind="move").update(provider_id="ses-id")
    return ada


@pytest.mark.parametrize("told", [bounce("New@example.org"), complaint("new@example.org")])
def test_what_a_new_address_answers_does_not_end_the_subscription_at_the_old(
    client: Client, signer: Signer, told: str
) -> None:
    ada = asked_to_move(client)
    ada.refresh_from_db()
    link = tokens.move_token(ada)
    queue.add(ada, Delivery.Kind.MOVE)
    assert post(client, signer.signed(Message=told)) == 200
    ada.refresh_from_db()
    assert (ada.state, ada.key, ada.new_address, ada.new_key) == ("confirmed", "ada@example.com", "", "")
    assert suppression.blocks("new@example.org")
    assert not suppression.blocks("ada@example.com")
    assert not ada.consent.filter(event__in=("bounced", "complained")).exists()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "suppressed"]
    assert client.post(f"/newsletter/move/{link}").status_code == 410


def test_a_new_address_that_forwards_to_a_dead_one_is_given_up(client: Client, signer: Signer) -> None:
    ada = asked_to_move(client)
    assert post(client, signer.signed(Message=bounce("someone@elsewhere.example"))) == 200
    ada.refresh_from_db()
    assert (ada.state, ada.new_key) == ("confirmed", "")
    assert suppression.blocks("new@example.org")


def test_an_answer_to_an_earlier_wish_leaves_a_later_one(client: Client, signer: Signer) -> None:
    ada = asked_to_move(client)
    Subscriber.objects.update(new_address="later@example.org", new_key="later@example.org")
    queue.add(ada, Delivery.Kind.MOVE)
    assert post(client, signer.signed(Message=bounce("new@example.org"))) == 200
    ada.refresh_from_db()
    assert (ada.state, ada.new_key) == ("confirmed", "later@example.org")
    assert suppression.blocks("new@example.org")
    assert not suppression.blocks("later@example.org")
    assert Delivery.objects.filter(kind="move", state="queued").exists()


@pytest.mark.parametrize("told", [bounce("new@example.org", kind="Transient"), delivery("new@example.org")])
def test_a_mail_to_a_new_address_does_not_count_for_the_old(client: Client, signer: Signer, told: str) -> None:
    ada = asked_to_move(client)
    message = json.dumps(json.loads(told) | {"mail": {"messageId": "ses-id"}})
    assert post(client, signer.signed(Message=message)) == 200
    ada.refresh_from_db()
    assert (ada.soft_bounces, ada.new_key) == (3, "new@example.org")


def test_a_dead_new_address_that_is_subscribed_by_itself_is_suppressed_there(client: Client, signer: Signer) -> None:
    bob = reader("bob")
    ada = asked_to_move(client, "bob@example.com")
    assert post(client, signer.signed(Message=bounce("bob@example.com"))) == 200
    ada.refresh_from_db()
    bob.refresh_from_db()
    assert (ada.state, ada.new_key, bob.state) == ("confirmed", "", "unsubscribed")


def test_soft_bounces_count_until_a_delivery(client: Client, signer: Signer) -> None:
    assert services.SOFT_BOUNCES_ALLOWED == 5, "docs/newsletter.md says so"
    ada = reader("ada")
    number = 0

    def tell(message: str) -> None:
        nonlocal number
        number += 1
        assert post(client, signer.signed(MessageId=f"id-{number}", Message=message)) == 200

    soft = bounce("ada@example.com", kind="Transient")
    for _ in range(services.SOFT_BOUNCES_ALLOWED - 1):
        tell(soft)
    tell(delivery("ada@example.com"))
    ada.refresh_from_db()
    assert (ada.soft_bounces, ada.state) == (0, "confirmed")
    for _ in range(services.SOFT_BOUNCES_ALLOWED):
        tell(soft)
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"
    assert Suppression.objects.get().reason == "soft-bounces"


def test_a_message_delivered_twice_acts_once(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    message = signer.signed(Message=bounce("ada@example.com", kind="Transient"))
    assert [post(client, message) for _ in range(3)] == [200, 200, 200]
    ada.refresh_from_db()
    assert ada.soft_bounces == 1
    assert Feedback.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_message_delivered_at_the_same_moment_by_many_acts_once(signer: Signer) -> None:
    ada = reader("ada")
    message = signer.signed(Message=bounce("ada@example.com", kind="Transient"))

    def deliver(_: int) -> int:
        try:
            return post(Client(), message)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(deliver, range(24))) == [200] * 24
    ada.refresh_from_db()
    assert ada.soft_bounces == 1
    assert Feedback.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_soft_bounces_told_at_the_same_moment_are_all_counted(signer: Signer) -> None:
    reader("ada")
    messages = [
        signer.signed(MessageId=f"soft-{number}", Message=bounce("ada@example.com", kind="Transient"))
        for number in range(services.SOFT_BOUNCES_ALLOWED)
    ]

    def deliver(message: dict[str, Any]) -> int:
        try:
            return post(Client(), message)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(messages)) as pool:
        assert list(pool.map(deliver, messages)) == [200] * len(messages)
    assert Suppression.objects.get().reason == "soft-bounces"


def other_key(message: dict[str, Any]) -> dict[str, Any]:
    return Signer().signed(Message=message["Message"])


@pytest.mark.parametrize(
    "forge",
    [
        lambda m: m | {"Message": bounce("ada@example.com", "bob@example.com")},
        lambda m: m | {"MessageId": "another"},
        lambda m: m | {"Subject": "added"},
        lambda m: m | {"Signature": ""},
        lambda m: m | {"Signature": "!!"},
        lambda m: m | {"Signature": "é"},
        lambda m: m | {"Signature": "\ud800"},
        lambda m: m | {"SignatureVersion": "3"},
        lambda m: m | {"TopicArn": TOPIC.replace("123456789012", "999999999999")},
        lambda m: m | {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"},
        lambda m: m | {"SigningCertURL": "https://evil.example/SimpleNotificationService-0123abcd.pem"},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL.replace("https", "http")},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL.replace("https://", "https://user@")},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL.replace(".com/", ".com:8443/")},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL.replace("eu-west-1", "us-east-1")},
        lambda m: m | {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/bucket/../evil.pem"},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL.replace("Simple", "Sim\nple")},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL + "#again"},
        lambda m: m | {"SigningCertURL": CERTIFICATE_URL + "?again"},
        lambda m: m | {"Message": "\ud800"},
        lambda m: m | {"Subject": ["a list"]},
        other_key,
    ],
)
def test_what_sns_has_not_signed_changes_nothing(client: Client, signer: Signer, forge: Any) -> None:
    reader("ada")
    before = snapshot()
    assert post(client, forge(signer.signed(Message=bounce("ada@example.com")))) == 403
    assert snapshot() == before
    assert not Suppression.objects.exists()
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    "body",
    ["", "not json", "[]", "{}", '{"Type": "Notification"}', '{"Type": ["Notification"]}', b"\xff\xfe", "[" * 100_000],
)
def test_a_body_that_is_no_message_is_told_so(client: Client, body: str | bytes) -> None:
    assert post(client, body) == 400


@pytest.mark.parametrize(
    "told",
    [
        "x",
        "[]",
        "{}",
        '{"eventType": 5}',
        '{"eventType": "Bounce", "mail": {"messageId": "x"}}',
        '{"eventType": "Bounce", "mail": {"messageId": "x"}, "bounce": {"bouncedRecipients": [5]}}',
        '{"eventType": "Complaint", "mail": {}, "complaint": {"complainedRecipients": []}}',
        '{"eventType": "Delivery", "mail": {"messageId": "x"}, "delivery": []}',
        '{"eventType": "Delivery", "mail": {"messageId": "x"}, "delivery": {}}',
        '{"eventType": "Delivery", "mail": {"messageId": "x"}, "delivery": {"recipients": 5}}',
        '{"eventType": "Delivery", "mail": {"messageId": "x"}, "delivery": {"recipients": null}}',
    ],
)
def test_a_signed_message_that_ses_would_not_send_is_told_so(client: Client, signer: Signer, told: str) -> None:
    assert post(client, signer.signed(Message=told)) == 400
    assert not Feedback.objects.exists()


def test_an_event_without_consequence_is_taken(client: Client, signer: Signer) -> None:
    told = json.dumps({"eventType": "Open", "mail": {"messageId": "x"}})
    assert post(client, signer.signed(Message=told)) == 200


def test_too_large_a_body_is_not_read(client: Client) -> None:
    assert post(client, "x" * 400_000) == 413


def test_without_a_topic_there_is_no_webhook(client: Client, signer: Signer, settings: Settings) -> None:
    settings.SES_TOPIC_ARN = ""
    assert post(client, signer.signed()) == 404


def test_only_post_is_taken(client: Client) -> None:
    assert client.get(HOOK).status_code == 405


def test_the_subscription_is_confirmed_with_sns_itself(
    client: Client, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed: list[dict[str, str]] = []

    class Sns:
        def confirm_subscription(self, **arguments: str) -> None:
            confirmed.append(arguments)

    regions: list[str] = []

    def make(service: str, region_name: str, config: object) -> Sns:
        assert service == "sns"
        regions.append(region_name)
        return Sns()

    monkeypatch.setattr("boto3.client", make)
    message = signer.signed(
        Type="SubscriptionConfirmation", Token="the-token", SubscribeURL="https://evil.example/", Message="Confirm"
    )
    assert post(client, message) == 200
    assert confirmed == [{"TopicArn": TOPIC, "Token": "the-token"}]
    assert regions == ["eu-west-1"]
    assert post(client, message | {"Token": "another"}) == 403
    assert len(confirmed) == 1


def no_route(url: str) -> bytes:
    raise OSError("no route")


@pytest.mark.parametrize("fetch", [no_route, lambda url: b"<html>Log in to this network</html>"])
def test_a_certificate_that_cannot_be_had_makes_sns_come_again(
    client: Client, signer: Signer, monkeypatch: pytest.MonkeyPatch, fetch: Any
) -> None:
    message = signer.signed(Message=bounce("ada@example.com"))
    with monkeypatch.context() as without:
        without.setattr(sns, "fetch_certificate", fetch)
        assert post(client, message) == 503
        assert not Suppression.objects.exists()
    assert post(client, message) == 200


def answered(status: int) -> Callable[..., Any]:
    """urlopen, as if the certificate's host had given this status."""

    def urlopen(url: str, timeout: float) -> Any:
        raise urllib.error.HTTPError(url, status, "as the test wants it", Message(), None)

    return urlopen


@pytest.mark.parametrize(
    ("told", "status"), [(400, 403), (403, 403), (404, 403), (410, 403), (408, 503), (429, 503), (500, 503), (503, 503)]
)
def test_a_certificate_that_sns_does_not_have_is_a_forgery(
    client: Client, signer: Signer, monkeypatch: pytest.MonkeyPatch, told: int, status: int
) -> None:
    monkeypatch.setattr(sns, "fetch_certificate", FETCH)
    monkeypatch.setattr("urllib.request.urlopen", answered(told))
    assert post(client, signer.signed(Message=bounce("ada@example.com"))) == status
    assert not Suppression.objects.exists()


def test_an_answer_that_is_no_http_makes_sns_come_again(
    client: Client, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(url: str, timeout: float) -> Any:
        raise http.client.IncompleteRead(b"")

    monkeypatch.setattr(sns, "fetch_certificate", FETCH)
    monkeypatch.setattr("urllib.request.urlopen", broken)
    assert post(client, signer.signed()) == 503


def test_a_complaint_outlives_an_erasure(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    preferences.erase(ada)
    assert not suppression.blocks("ada@example.com")
    post(client, signer.signed(Message=complaint("ada@example.com")))
    assert suppression.blocks("ada@example.com")
    suppression.remember("ada@example.com", Suppression.Reason.ERASED)
    assert suppression.blocks("ada@example.com")


def test_what_no_database_keeps_is_taken_out_of_a_servers_words(client: Client, signer: Signer) -> None:
    told = bounce("ada@example.com").replace("unknown", "unknown\\u0000 \\ud800")
    assert post(client, signer.signed(Message=told)) == 200
    assert Suppression.objects.get().detail == "smtp; 550 5.1.1 unknown ?"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["é", "\ud800", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["eventType", "bounce", "mail", "complaint"]), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = ("Type", "MessageId", "TopicArn", "Message", "Timestamp", "Subject", "Token", "SubscribeURL")
PROOFS = ("SignatureVersion", "Signature", "SigningCertURL")
unhurried = hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(body=ANYTHING)
@unhurried
def test_no_body_is_the_sites_fault(client: Client, body: Any) -> None:
    assert post(client, json.dumps(body)) == 400
    assert post(client, str(body).encode("utf-8", "surrogatepass")) == 400


@given(changed=st.dictionaries(st.sampled_from([*FIELDS, *PROOFS]), ANYTHING, min_size=1, max_size=4))
@unhurried
def test_no_forged_envelope_is_the_sites_fault(client: Client, signer: Signer, changed: dict[str, Any]) -> None:
    assert post(client, signer.signed() | changed) in (400, 403)


@given(name=st.sampled_from(["MessageId", "Timestamp", "Subject", "Message"]), text=st.text() | st.just("\ud800\0"))
@unhurried
def test_no_signed_envelope_is_the_sites_fault(client: Client, signer: Signer, name: str, text: str) -> None:
    message: dict[str, Any] = {"Message": bounce("ada@example.com", kind="Transient"), name: text}
    assert post(client, signer.signed(**message)) in (200, 400)


TOLD = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
    "Delivery": ("delivery", "recipients"),
    "Open": ("open", "ipAddress"),
}


@given(
    kind=st.sampled_from(sorted(TOLD)),
    form=st.sampled_from(["eventType", "notificationType"]),
    about=ANYTHING,
    within=st.none() | st.sampled_from(["whole", "list", "one", "mail", "said"]),
)
@unhurried
def test_no_event_is_the_sites_fault(
    client: Client, signer: Signer, kind: str, form: str, about: Any, within: str | None
) -> None:
    part, entries = TOLD[kind]
    one: Any = {"emailAddress": "ada@example.com", "diagnosticCode": about if within == "said" else "no"}
    listed: Any = [about] if within == "one" else about if within == "list" else [one]
    told = {form: kind, "mail": {"messageId": about if within == "mail" else "x"}}
    told[part] = about if within == "whole" else {"bounceType": "Permanent", entries: listed}
    assert post(client, signer.signed(Message=json.dumps(told))) in (200, 400)
    if isinstance(about, dict):
        assert post(client, signer.signed(Message=json.dumps(told | about))) in (200, 400)


def test_a_subscriber_who_asks_again_after_a_bounce_gets_no_mail(client: Client, signer: Signer) -> None:
    post(client, signer.signed(Message=bounce("ada@example.com")))
    assert client.post("/newsletter/subscribe", {"email": "ada@example.com"}).status_code == 303
    assert not Delivery.objects.exists()
