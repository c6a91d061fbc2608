import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.checks import check_newsletter


@pytest.fixture(autouse=True)
def sound(settings: Settings) -> None:
    """Settings as a real site has them."""
    settings.DEBUG = False
    settings.SITE_URL = "https://patterns.example.com"
    settings.DEFAULT_FROM_EMAIL = "Serverless Patterns <updates@patterns.example.com>"
    settings.MAIL_TRANSPORT = "smtp"
    settings.SMTP_HOST = "smtp.example.com"


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
    settings.MAIL_TRANSPORT = "mailbox"
    assert found() == []


def test_a_public_site_cannot_have_a_mailbox_page(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "mailbox"
    assert found() == ["newsletter.E001"]


@pytest.mark.parametrize("address", ["", "updates", "updates@localhost", "Us <updates@>", "a@example.com\nBcc: b@c.de"])
def test_mail_needs_a_sender(settings: Settings, address: str) -> None:
    settings.DEFAULT_FROM_EMAIL = address
    assert found() == ["newsletter.E002"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "patterns.example.com",
        "ftp://example.com",
        "https://example.com/a",
        "https://",
        "https://a site.example.com",
        "https://example.com ",
        "https://example.com\n",
        "https://example..com",
        "https://Example.com",
        "https://bücher.example",
        "https://me@example.com",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:x",
        "https://example.com?a",
        "https://example.com#a",
        "https://[",
        "https://[::1",
    ],
)
def test_links_need_the_address_of_the_site(settings: Settings, url: str) -> None:
    settings.SITE_URL = url
    assert found() == ["newsletter.E003"]


@pytest.mark.parametrize("url", ["https://example.com", "https://a-b.example.com:8443", "https://[::1]:8000"])
def test_an_origin_is_the_address_of_a_site(settings: Settings, url: str) -> None:
    settings.SITE_URL = url
    assert found() == []


def test_a_public_site_is_https(settings: Settings) -> None:
    settings.SITE_URL = "http://patterns.example.com"
    assert found() == ["newsletter.E004"]


def test_an_attempt_must_end_before_its_lease(settings: Settings) -> None:
    settings.NEWSLETTER_LEASE_SECONDS = settings.SMTP_TIMEOUT * 3
    assert found() == ["newsletter.E005"]


@pytest.mark.parametrize("text", ["soon", "2026-12-01", "2026-13-01:5", "2026-12-01:0", "2026-12-01:many"])
def test_a_warm_up_is_a_day_and_a_number(settings: Settings, text: str) -> None:
    settings.NEWSLETTER_WARM_UP = text
    assert found() == ["newsletter.E006"]


@pytest.mark.parametrize("arn", ["updates", "arn:aws:sqs:eu-west-1:123456789012:x", "arn:aws:sns:eu-west-1:12:x"])
def test_a_topic_is_an_arn(settings: Settings, arn: str) -> None:
    settings.SES_TOPIC_ARN = arn
    assert found() == ["newsletter.E007"]


@pytest.mark.parametrize("address", ["editors", "editors@", "a@localhost", "a@example.com\nBcc: b@example.com"])
def test_answers_need_an_address(settings: Settings, address: str) -> None:
    settings.REPLY_TO = address
    assert found() == ["newsletter.E008"]


def test_ses_needs_a_region(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "ses"
    settings.SES_REGION = ""
    assert found() == ["newsletter.E009"]


@pytest.mark.parametrize("host", ["", "smtp example.com", "smtp.example.com\n"])
def test_smtp_needs_a_host(settings: Settings, host: str) -> None:
    settings.SMTP_HOST = host
    assert found() == ["newsletter.E010"]


def test_ses_needs_no_smtp_host(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "ses"
    settings.SMTP_HOST = ""
    assert found() == []


@pytest.mark.parametrize("port", [0, 65536, 25_000_000])
def test_a_port_is_one_of_those_there_are(settings: Settings, port: int) -> None:
    settings.SMTP_PORT = port
    assert found() == ["newsletter.E011"]


@pytest.mark.parametrize("region", ["Ireland", "eu-west", "eu west 1", "eu-west-1\n", "https://eu-west-1"])
def test_a_region_is_named_as_aws_does(settings: Settings, region: str) -> None:
    settings.SES_REGION = region
    assert found() == ["newsletter.E012"]


@pytest.mark.parametrize("selector", ["my key", "key.", ".key", "key\n", "-key", "k" * 64, "clé"])
def test_a_dkim_selector_is_part_of_a_name(settings: Settings, selector: str) -> None:
    settings.NEWSLETTER_DKIM_SELECTOR = selector
    assert found() == ["newsletter.E013"]


@pytest.mark.parametrize("selector", ["mail2026", "a.b-c", "k_1"])
def test_a_dkim_selector_may_have_parts(settings: Settings, selector: str) -> None:
    settings.NEWSLETTER_DKIM_SELECTOR = selector
    assert found() == []


def test_all_settings_of_ses_pass(settings: Settings) -> None:
    settings.MAIL_TRANSPORT = "ses"
    settings.SES_REGION = "eu-west-1"
    settings.SES_TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:mail-feedback"
    settings.REPLY_TO = "Editors <editors@example.com>"
    settings.NEWSLETTER_WARM_UP = "2026-12-01:200"
    assert found() == []


@pytest.mark.parametrize("host", ["smtp.example.com", "192.0.2.7", "127.0.0.1.example.com", "localhost.example.com"])
def test_a_password_does_not_cross_the_network_in_clear_text(settings: Settings, host: str) -> None:
    settings.SMTP_HOST = host
    settings.SMTP_USER = "updates"
    assert found() == ["newsletter.E015"]
    settings.SMTP_STARTTLS = True
    assert found() == []
    settings.SMTP_STARTTLS, settings.SMTP_TLS = False, True
    assert found() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost", "LOCALHOST."])
def test_a_password_may_stay_in_clear_text_on_this_machine(settings: Settings, host: str) -> None:
    settings.SMTP_HOST = host
    settings.SMTP_USER = "updates"
    assert found() == []


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("bounces@example.com", []),
        ("b" * 21 + "@example.com", []),
        ("b" * 22 + "@example.com", ["newsletter.E018"]),
        ("bounces", ["newsletter.E017"]),
        ("bounces+x@example.com", ["newsletter.E017"]),
        ("Bounces <bounces@example.com>", ["newsletter.E017"]),
        ("bounces@bücher.example", ["newsletter.E017"]),
        ("bounces@example.com\nRCPT TO:<x@example.com>", ["newsletter.E017"]),
    ],
)
def test_bounces_come_to_an_address_with_room_for_a_signature(
    settings: Settings, address: str, problem: list[str]
) -> None:
    settings.BOUNCE_ADDRESS = address
    assert found() == problem


def test_a_connection_has_one_kind_of_tls(settings: Settings) -> None:
    settings.SMTP_TLS = settings.SMTP_STARTTLS = True
    assert found() == ["newsletter.E014"]
