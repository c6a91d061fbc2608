"""The client's address as logs show it.

LOG_CLIENT says how: `truncated` (the default: an IPv4 /24 or IPv6 /48, written as the network's first address),
`full`, or `none`. A truncated address is enough to see that one network sends most of the load, and names no person.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings

from catalogue.web.client_address import Address, client_address, is_trusted, parse_address


def address_of(scope_client: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]]) -> Address | None:
    """The client's address through trusted proxies, from an ASGI scope's parts."""
    if scope_client is None:
        return None
    if not settings.TRUSTED_PROXIES:
        return parse_address(scope_client[0])
    forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    return client_address({"REMOTE_ADDR": scope_client[0], "HTTP_X_FORWARDED_FOR": forwarded.decode("latin-1")})


def from_trusted_proxy(scope_client: tuple[str, int] | None) -> bool:
    """Whether the connection comes from one of TRUSTED_PROXIES."""
    if scope_client is None or not settings.TRUSTED_PROXIES:
        return False
    address = parse_address(scope_client[0])
    return address is not None and is_trusted(address, settings.TRUSTED_PROXIES)


def shown(address: Address | None) -> str:
    """The address as LOG_CLIENT wants it in logs."""
    return "" if address is None else _shown(address, settings.LOG_CLIENT)


@lru_cache(maxsize=1024)
def _shown(address: Address, how: str) -> str:
    if how == "none":
        return ""
    if how == "full":
        return str(address)
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)
