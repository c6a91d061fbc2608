"""Whom a request counts for: forged headers change nothing, trusted proxies are looked through."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from catalogue.web.client_address import check_proxies, client_address, client_key, client_network


def client(settings: Settings, remote: str, forwarded: str | None = None, trusted: str = "") -> str:
    settings.TRUSTED_PROXIES = trusted.split()
    meta = {"REMOTE_ADDR": remote} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    return str(client_address(meta))


def test_without_trusted_proxies_only_the_connection_counts(settings: Settings) -> None:
    assert client(settings, "192.0.2.1", "198.51.100.7") == "192.0.2.1"


def test_a_client_that_is_no_proxy_cannot_say_who_it_is(settings: Settings) -> None:
    assert client(settings, "192.0.2.1", "198.51.100.7", trusted="10.0.0.0/8") == "192.0.2.1"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the left one is what the client wrote itself
        ("198.51.100.7, 10.2.2.2", "198.51.100.7"),
        ("10.9.9.9, 10.2.2.2", "10.9.9.9"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::5]:4711", "2001:db8::5"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, ", "10.1.1.1"),
        ("203.0.113.9, not an address", "10.1.1.1"),
        ("203.0.113.9, unknown, 10.2.2.2", "10.2.2.2"),
        ("", "10.1.1.1"),
        (",".join(["198.51.100.7"] + ["10.2.2.2"] * 5000), "10.2.2.2"),
    ],
)
def test_a_trusted_proxy_is_looked_through_from_the_right(settings: Settings, forwarded: str, expected: str) -> None:
    assert client(settings, "10.1.1.1", forwarded, trusted="10.0.0.0/8 ::1") == expected


def test_a_server_on_a_socket_names_no_one(settings: Settings) -> None:
    assert client(settings, "", "198.51.100.7", trusted="10.0.0.0/8") == "None"
    assert client_network({}) == "unknown"


def test_one_ipv6_customer_is_one_client() -> None:
    assert client_network({"REMOTE_ADDR": "2001:db8::1"}) == client_network({"REMOTE_ADDR": "2001:db8::ff:2"})
    assert client_network({"REMOTE_ADDR": "2001:db8::1"}) != client_network({"REMOTE_ADDR": "2001:db8:0:1::1"})


def test_the_key_shows_no_address_and_differs_by_purpose() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    assert "192.0.2.1" not in client_key(request, "a")
    assert client_key(request, "a") != client_key(request, "b")


@pytest.mark.parametrize(
    ("entries", "debug", "ids"),
    [
        (["127.0.0.1", "::1", "10.0.0.0/8"], False, []),
        (["localhost"], True, ["catalogue.E001"]),
        (["0.0.0.0/0"], True, ["catalogue.E002"]),
        ([], False, ["catalogue.W001"]),
        ([], True, []),
    ],
)
def test_a_wrong_value_is_reported_before_the_start(
    settings: Settings, entries: list[str], debug: bool, ids: list[str]
) -> None:
    settings.TRUSTED_PROXIES, settings.DEBUG, settings.SITE_URL = entries, debug, "https://patterns.example"
    assert [message.id for message in check_proxies(None)] == ids
