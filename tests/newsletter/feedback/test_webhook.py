"""Which messages the webhook believes, and how it refuses the others."""

import http.client
import urllib.error
from collections.abc import Callable
from email.message import Message
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.feedback import sns
from catalogue.newsletter.models import Feedback, Suppression
from tests.newsletter.feedback.messages import CERTIFICATE_URL, HOOK, TOPIC, Signer, bounce, post
from tests.newsletter.mail.test_updates import reader
from tests.newsletter.support.helpers import snapshot

pytestmark = pytest.mark.django_db

FETCH = sns.fetch_certificate


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
def test_a_body_that_is_no_message_is_reported(client: Client, body: str | bytes) -> None:
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
def test_a_signed_message_that_ses_would_not_send_is_reported(client: Client, signer: Signer, told: str) -> None:
    assert post(client, signer.signed(Message=told)) == 400
    assert not Feedback.objects.exists()


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
