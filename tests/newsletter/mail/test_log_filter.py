"""The links of our mail do not stand in the log."""

import io
import logging
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from catalogue.newsletter import urls
from catalogue.newsletter.subscribers import tokens
from catalogue.observability.logs.scrub import scrubbed as masked
from tests.newsletter.mail.test_updates import reader

ROUTES = [pattern.name for pattern in urls.urlpatterns if "token" in pattern.pattern.converters]


@pytest.mark.parametrize("name", ROUTES)
def test_no_address_with_a_token_is_logged_whole(name: str) -> None:
    token = tokens.preferences_token(uuid.uuid4())
    text = masked(f"Gone: {reverse(f'newsletter:{name}', args=[token])} and more")
    assert token not in text
    assert text.startswith("Gone: /newsletter/")
    assert text.endswith(" and more")


@pytest.mark.parametrize(
    "path", ["/newsletter/", "/newsletter/subscribe", "/patterns/unsubscribe/x", "100 % /newsletter"]
)
def test_what_holds_no_token_stays(path: str) -> None:
    assert masked(path) == path


@pytest.mark.django_db
def test_a_refusal_is_logged_without_the_token(client: Client) -> None:
    stderr = next(handler for handler in logging.getLogger().handlers if handler.name == "stderr")
    assert isinstance(stderr, logging.StreamHandler)
    token = tokens.preferences_token(reader("ada", state="unsubscribed").ref)
    written = io.StringIO()
    before = stderr.setStream(written)
    try:
        assert client.get(f"/newsletter/preferences/{token}").status_code == 410
        assert client.get(f"/newsletter/preferences/{token}x").status_code == 404
    finally:
        stderr.setStream(before)
    assert "Gone: /newsletter/preferences/…" in written.getvalue()
    assert token not in written.getvalue()
