import pytest
from django.test import RequestFactory

from catalogue.newsletter.subscribers import limits
from catalogue.newsletter.subscribers.limits import client_key


def key(address: str) -> str:
    return client_key(RequestFactory().get("/", REMOTE_ADDR=address))


def test_the_address_itself_is_not_kept() -> None:
    assert "192.0.2.1" not in key("192.0.2.1")
    assert key("192.0.2.1") == key("192.0.2.1") != key("192.0.2.2")


def test_one_ipv6_network_is_one_client() -> None:
    assert key("2001:db8::1") == key("2001:db8::ffff:2")
    assert key("2001:db8:0:1::1") != key("2001:db8::1")


def test_an_ipv4_address_is_the_same_client_over_ipv6() -> None:
    assert key("::ffff:192.0.2.1") == key("192.0.2.1")


@pytest.mark.parametrize("address", ["", "unix:", "not an address"])
def test_a_missing_address_still_has_a_limit(address: str) -> None:
    assert key(address) == key("")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "a minute"), (61, "2 minutes"), (300, "5 minutes"), (5401, "2 hours"), (86400, "24 hours")],
)
def test_a_wait_is_reported_in_words(seconds: int, words: str) -> None:
    assert limits.in_words(seconds) == words
