"""An SNS of the tests' own, whose topic the site listens to."""

import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.feedback import sns
from tests.newsletter.feedback.messages import TOPIC, Signer


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture(autouse=True)
def topic(settings: Settings, monkeypatch: pytest.MonkeyPatch, signer: Signer) -> None:
    settings.SES_TOPIC_ARN = TOPIC
    monkeypatch.setattr(sns, "fetch_certificate", lambda url: signer.pem)
    sns.signing_key.cache_clear()
