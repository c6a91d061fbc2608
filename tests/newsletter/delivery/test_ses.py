"""Mail by Amazon SES: against the embedded AWS's SES, and against what SES answers when it refuses."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalogue.labs.embedded.access.boot_keys import credentials_for
from catalogue.labs.embedded.process import Emulator
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.delivery.transports import ses
from catalogue.newsletter.models import Delivery, SendingPace, Suppression
from tests.newsletter.mail.test_updates import reader, released

pytestmark = pytest.mark.django_db
SENDER = "updates@patterns.example.com"


@pytest.fixture
def ses_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings.MAIL_TRANSPORT = "ses"
    settings.DEFAULT_FROM_EMAIL = f"Serverless Patterns <{SENDER}>"
    settings.NEWSLETTER_CONNECTIONS = 2


@pytest.fixture
def embedded_ses(ses_settings: None, settings: Settings, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.SES_ENDPOINT = emulator.url
    keys = credentials_for(emulator.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    client = boto3.Session(*keys, region_name=settings.SES_REGION).client("sesv2", endpoint_url=emulator.url)
    client.create_email_identity(EmailIdentity=SENDER)
    yield client
    client.delete_email_identity(EmailIdentity=SENDER)


@pytest.mark.lab
def test_the_embedded_ses_takes_the_raw_mail_and_its_id_is_kept(embedded_ses: Any, settings: Settings) -> None:
    embedded_ses.create_configuration_set(ConfigurationSetName="updates")
    settings.SES_CONFIGURATION_SET = "updates"
    for name in ("ada", "bob", "cy"):
        reader(name)
    released()
    assert sender.send_due().sent == 3
    ids = list(Delivery.objects.values_list("provider_id", flat=True))
    assert all(ids)
    assert len(set(ids)) == 3


def stubbed(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client = boto3.client("sesv2", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    monkeypatch.setattr(ses, "ses_client", lambda: client)
    return Stubber(client)


def one_mail(settings: Settings) -> None:
    settings.NEWSLETTER_CONNECTIONS = 1
    reader("ada")
    released()


def test_what_is_sent_is_the_mail_with_its_configuration_set(
    ses_settings: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SES_CONFIGURATION_SET = "updates"
    one_mail(settings)
    stub = stubbed(monkeypatch)
    asked: dict[str, Any] = {}

    def remember(params: dict[str, Any], **_: Any) -> None:
        asked.update(params)

    stub.client.meta.events.register("provide-client-params.sesv2.SendEmail", remember)
    stub.add_response("send_email", {"MessageId": "0100-abc"})
    with stub:
        sender.send_due()
    assert asked["FromEmailAddress"] == SENDER
    assert asked["Destination"] == {"ToAddresses": ["ada@example.com"]}
    assert asked["ConfigurationSetName"] == "updates"
    raw = asked["Content"]["Raw"]["Data"]
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert Delivery.objects.get().provider_id == "0100-abc"


@pytest.mark.parametrize(
    ("code", "status", "state", "attempts"),
    [
        ("MessageRejected", 400, "failed", 1),
        ("BadRequestException", 400, "failed", 1),
        ("AccountSuspendedException", 400, "retry", 1),
        ("MailFromDomainNotVerifiedException", 400, "retry", 1),
        ("SendingPausedException", 400, "retry", 1),
        ("InternalServiceErrorException", 500, "retry", 1),
        ("SignatureDoesNotMatch", 403, "retry", 1),
        ("InvalidSignatureException", 403, "retry", 1),
        ("InvalidAccessKeyId", 403, "retry", 1),
        ("AccessDenied", 403, "retry", 1),
        ("RequestExpired", 400, "retry", 1),
        ("TooManyRequestsException", 429, "queued", 0),
        ("LimitExceededException", 400, "queued", 0),
    ],
)
def test_refusals_are_distinguished(
    ses_settings: None,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    status: int,
    state: str,
    attempts: int,
) -> None:
    one_mail(settings)
    stub = stubbed(monkeypatch)
    stub.add_client_error("send_email", code, "no", http_status_code=status)
    with stub:
        sender.send_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == (state, attempts)
    assert code in delivery.error
    assert not Suppression.objects.exists()
    throttled = SendingPace.objects.filter(held_until__gt=timezone.now().timestamp()).exists()
    assert throttled == (state == "queued")


def test_an_unverified_sender_is_the_operators_to_fix_and_costs_no_reader(
    ses_settings: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_mail(settings)
    stub = stubbed(monkeypatch)
    said = "Email address is not verified. The following identities failed the check in region US-EAST-1: updates@…"
    stub.add_client_error("send_email", "MessageRejected", said, http_status_code=400)
    with stub:
        sender.send_due()
    assert Delivery.objects.get().state == "retry"
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (EndpointConnectionError(endpoint_url="https://ses"), "queued"),
        (ConnectionClosedError(endpoint_url="https://ses"), "in_doubt"),
        (ReadTimeoutError(endpoint_url="https://ses"), "in_doubt"),
    ],
)
def test_a_lost_answer_is_in_doubt_and_a_refused_connection_is_not(
    ses_settings: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception, state: str
) -> None:
    settings.NEWSLETTER_IN_DOUBT = "hold"
    one_mail(settings)

    class Client:
        def send_email(self, **_: Any) -> None:
            raise error

    monkeypatch.setattr(ses, "ses_client", Client)
    sender.send_due()
    assert Delivery.objects.get().state == state
