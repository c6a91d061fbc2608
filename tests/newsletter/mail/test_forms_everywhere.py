"""The form to subscribe stands on every page."""

from pathlib import Path

import pytest
from django.test import Client

from catalogue.newsletter.subscribers import tokens
from tests.newsletter.mail.test_updates import SLUG, reader, released
from tests.support.site import ROOT

FORM = 'action="/newsletter/subscribe"'
TEMPLATES = ROOT / "templates"
PAGES = [
    file
    for file in sorted(TEMPLATES.rglob("*.html"))
    if file.relative_to(TEMPLATES).parts[0] not in ("admin", "emails") and "{% extends" in file.read_text("utf-8")
]


OF_SUBSCRIBERS = {
    "newsletter/subscribing/already.html",
    "newsletter/subscribing/confirm.html",
    "newsletter/subscribing/confirmed.html",
    "newsletter/preferences.html",
    "newsletter/moving/move.html",
    "newsletter/moving/moved.html",
    "newsletter/leaving/erase.html",
}
"""Whoever reads these is subscribed, or about to be: a form would ask them for what they have given."""
UNLESS_OPENED = "{% block subscribe %}{% if not project %}{{ block.super }}{% endif %}{% endblock %}"
OPENED = {"labs/project/opening.html"}
"""The pages of a template that its author has opened on their own machine: there is no newsletter."""


@pytest.mark.parametrize("page", PAGES, ids=lambda file: file.relative_to(TEMPLATES).as_posix())
def test_no_page_leaves_out_the_form_but_for_one_of_its_own(page: Path) -> None:
    text = page.read_text("utf-8").replace(UNLESS_OPENED, "")
    subscribed = page.relative_to(TEMPLATES).as_posix() in OF_SUBSCRIBERS | OPENED
    assert ("{% block subscribe %}" in text) == (subscribed or "newsletter/_form.html" in text)
    assert not (subscribed and "newsletter/_form.html" in text)


@pytest.mark.django_db
def test_pages_that_only_a_reader_sees_have_the_form_once(client: Client) -> None:
    ada = reader("ada")
    update = released()
    leave = tokens.unsubscribe_token(ada.ref)
    for address in (
        "/nowhere/",
        "/newsletter/",
        "/newsletter/subscribe",
        "/newsletter/check-mailbox",
        f"/newsletter/updates/{SLUG}/{update.revision}",
        f"/newsletter/unsubscribe/{leave}",
        "/mailbox/",
        "/patterns/",
        "/",
    ):
        html = client.get(address, headers={"accept": "text/html"}).content.decode()
        assert html.count(FORM) == 1, address
    confirm, choose = tokens.confirm_token(ada), tokens.preferences_token(ada.ref)
    for address in (f"confirm/{confirm}", f"preferences/{choose}", f"preferences/{choose}/erase"):
        assert FORM not in client.get(f"/newsletter/{address}").content.decode(), address
