"""Which origins are this site's."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from catalogue.web.origin import is_own, parse


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("https://patterns.example", True),
        ("HTTPS://Patterns.Example", True),
        ("https://patterns.example:443", True),
        ("https://other.example", True),  # the host that the request was sent to
        ("http://patterns.example", False),
        ("http://other.example", False),
        ("https://patterns.example:8443", False),
        ("https://patterns.example.evil.example", False),
        ("https://evil.example@patterns.example", False),
        ("https://[", False),
        ("https://patterns.example:port", False),
        ("null", False),
        ("", False),
        ("patterns.example", False),
    ],
)
def test_an_origin_is_own_by_scheme_host_and_port(settings: Settings, origin: str, own: bool) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://patterns.example", ["patterns.example", "other.example"]
    request = RequestFactory().post("/", headers={"host": "other.example"})
    assert is_own(request, origin) is own


@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    for value in (text, f"https://{text}"):
        found = parse(value)
        assert found is None or found[0] in ("http", "https")
