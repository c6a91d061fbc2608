"""Who is behind the site: shown where it is set, absent where it is not, and asked for before a deployment."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from catalogue.base import env

pytestmark = pytest.mark.django_db

PATTERN = "/patterns/gateway-proxy/"


def reminders() -> list[str | None]:
    return [
        message.id for message in run_checks(tags=["web"], include_deployment_checks=True) if message.id == "web.W001"
    ]


def test_nothing_is_shown_where_nothing_is_set_and_a_check_reminds(client: Client, settings: Settings) -> None:
    settings.CONTACT_EMAIL, settings.SOCIAL_LINKS = "", []
    for path in ("/about/", PATTERN):
        text = client.get(path).content.decode()
        assert "mailto:" not in text
        assert "Report a problem" not in text
    assert reminders() == ["web.W001"]


def test_the_address_and_the_links_are_on_every_page_and_a_report_names_page_and_revision(
    client: Client, settings: Settings
) -> None:
    settings.CONTACT_EMAIL = "hello@patterns.example"
    settings.SOCIAL_LINKS = [("Code", "https://code.example/patterns")]
    for path in ("/", "/about/", PATTERN):
        text = client.get(path).content.decode()
        assert 'href="mailto:hello@patterns.example"' in text
        assert '<a href="https://code.example/patterns" rel="me external">Code</a>' in text
    assert "?subject=Gateway%20Proxy%2C%20revision%20" in client.get(PATTERN).content.decode()
    assert "%2Fabout%2F" in client.get("/about/").content.decode()
    assert "Who is behind it" in client.get("/about/").content.decode()
    assert reminders() == []


@pytest.mark.parametrize("value", ["GitHub", "=https://code.example", "Code=http://code.example", "Code=javascript:0"])
def test_a_link_that_is_none_stops_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_LINKS", value)
    with pytest.raises(ImproperlyConfigured, match="write a name, = and an https address"):
        env.links("SOCIAL_LINKS")


def test_links_are_read_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_LINKS", "Code=https://code.example/a=b, Posts=https://posts.example")
    assert env.links("SOCIAL_LINKS") == [("Code", "https://code.example/a=b"), ("Posts", "https://posts.example")]


def test_an_address_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACT_EMAIL", "hello at example")
    with pytest.raises(ImproperlyConfigured, match="write an e-mail address"):
        env.email("CONTACT_EMAIL")
