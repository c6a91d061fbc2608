import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.checks import MAILBOX, SMTP, check_newsletter
from tests.newsletter.helpers import use_backend


@pytest.fixture(autouse=True)
def sound(settings: Settings) -> None:
    """Settings as a real site has them."""
    settings.DEBUG = False
    settings.SITE_URL = "https://patterns.example.com"
    settings.DEFAULT_FROM_EMAIL = "Serverless Patterns <updates@patterns.example.com>"
    use_backend(settings, SMTP, timeout=20)


def found() -> list[str | None]:
    problems = check_newsletter(None)
    assert all(problem.hint for problem in problems)
    return [problem.id for problem in problems]


def test_sound_settings_pass() -> None:
    assert found() == []


def test_the_defaults_of_development_pass(settings: Settings) -> None:
    settings.DEBUG = True
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.DEFAULT_FROM_EMAIL = "Serverless Patterns <updates@localhost>"
    use_backend(settings, MAILBOX)
    assert found() == []


def test_a_public_site_cannot_have_a_mailbox_page(settings: Settings) -> None:
    use_backend(settings, MAILBOX)
    assert found() == ["newsletter.E001"]


@pytest.mark.parametrize("address", ["", "updates", "updates@localhost", "Us <updates@>", "a@example.com\nBcc: b@c.de"])
def test_mail_needs_a_sender(settings: Settings, address: str) -> None:
    settings.DEFAULT_FROM_EMAIL = address
    assert found() == ["newsletter.E002"]


@pytest.mark.parametrize("url", ["", "patterns.example.com", "ftp://example.com", "https://example.com/a", "https://"])
def test_links_need_the_address_of_the_site(settings: Settings, url: str) -> None:
    settings.SITE_URL = url
    assert found() == ["newsletter.E003"]


def test_a_public_site_is_https(settings: Settings) -> None:
    settings.SITE_URL = "http://patterns.example.com"
    assert found() == ["newsletter.E004"]


@pytest.mark.parametrize("timeout", [None, 300])
def test_an_attempt_must_end_before_its_lease(settings: Settings, timeout: int | None) -> None:
    use_backend(settings, SMTP, timeout=timeout)
    assert found() == ["newsletter.E005"]
