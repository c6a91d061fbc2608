"""An SNS of the tests' own, whose topic the site listens to, and a mail that was sent by SMTP."""

import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.feedback import sns
from catalogue.newsletter.models import Delivery
from tests.newsletter.feedback.messages import TOPIC, Signer
from tests.newsletter.mail.test_updates import reader, released


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(autouse=True)
def topic(settings: Settings, monkeypatch: pytest.MonkeyPatch, signer: Signer) -> None:
    settings.SES_TOPIC_ARN = TOPIC
    monkeypatch.setattr(sns, "fetch_certificate", lambda url: signer.pem)
    sns.signing_key.cache_clear()


@pytest.fixture
def by_smtp(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "smtp"
    settings.BOUNCE_ADDRESS = "bounces@patterns.example.com"
    settings.BOUNCE_MAILBOX = settings.BOUNCE_MAILBOX_PASSWORD = ""


@pytest.fixture
def mail(by_smtp: None) -> Delivery:
    """A mail of an update, sent to Ada."""
    reader("ada")
    released()
    return Delivery.objects.get()
