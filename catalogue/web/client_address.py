"""Whom a request comes from, where proxies stand before the site.

A proxy says for whom it asks in X-Forwarded-For, and so may anybody. The header is therefore read from its right end,
and only as far as the addresses of TRUSTED_PROXIES reach: what a client wrote itself stands to the left of that.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from catalogue.base.keys import lasting_key

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = "unknown"
_MOST_HOPS = 20
_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d+|\[([0-9A-Fa-f:.]+)\](?::\d+)?")


def client_network(meta: Mapping[str, Any]) -> str:
    """The client of a request (its META): an IPv4 address, the /64 that one IPv6 customer owns, or `unknown`."""
    address = client_address(meta)
    if address is None:
        return UNKNOWN
    return str(ipaddress.ip_network((address, 64 if address.version == 6 else 32), strict=False))


def client_address(meta: Mapping[str, Any]) -> Address | None:
    """The first address from the right that is no trusted proxy's; None if the server names none.

    An entry that is no address ends the search: the proxy that passed it on is then taken for the client.
    """
    trusted = trusted_proxies(tuple(settings.TRUSTED_PROXIES))
    nearest = parse_address(str(meta.get("REMOTE_ADDR", "")))
    if nearest is None:
        return None
    hops = str(meta.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    for entry in hops[: -_MOST_HOPS - 1 : -1]:
        if not _within(nearest, trusted):
            break
        before = parse_address(entry)
        if before is None:
            break
        nearest = before
    return nearest


def client_key(request: HttpRequest, purpose: str) -> str:
    """A keyed hash of the client's network: equal for equal clients, of no use to anybody else. 64 hex digits."""
    network = client_network(request.META)
    return salted_hmac(purpose, network, secret=lasting_key(), algorithm="sha256").hexdigest()


def parse_address(text: str) -> Address | None:
    """An address as servers and proxies write it, with or without a port; IPv4 within IPv6 is IPv4."""
    text = text.strip()
    with_port = _WITH_PORT.fullmatch(text)
    if with_port:
        text = with_port[1] or with_port[2]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address
    return address


@lru_cache(maxsize=8)
def trusted_proxies(entries: Sequence[str]) -> tuple[Network, ...]:
    """The networks of TRUSTED_PROXIES; what is no network trusts no one (and is told by the system check)."""
    return tuple(network for network in map(_network, entries) if network is not None)


def is_trusted(address: Address, entries: Sequence[str]) -> bool:
    """Whether an address is one of the trusted proxies that `entries` name."""
    return _within(address, trusted_proxies(tuple(entries)))


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def check_proxies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """System checks of TRUSTED_PROXIES."""
    return list(_checks())


def _checks() -> Iterator[CheckMessage]:
    for entry in settings.TRUSTED_PROXIES:
        network = _network(entry)
        if network is None:
            yield Error(
                f"TRUSTED_PROXIES: {entry!r} is not an address or a network.",
                hint="Write comma-separated addresses and networks, for example 127.0.0.1,::1,10.0.0.0/8.",
                id="catalogue.E001",
            )
        elif network.prefixlen == 0:
            yield Error(
                f"TRUSTED_PROXIES: {entry!r} trusts every client, so any client can forge its address.",
                hint="List the proxies' own addresses.",
                id="catalogue.E002",
            )
    if not settings.DEBUG and not settings.TRUSTED_PROXIES and settings.SITE_URL.startswith("https://"):
        yield Warning(
            "SITE_URL is https, which needs a proxy, and TRUSTED_PROXIES is empty: all visitors count as one client.",
            hint="Set it to the proxy's address, for example TRUSTED_PROXIES=127.0.0.1.",
            id="catalogue.W001",
        )
