"""Whether a browser's request comes from a page of this site, by its Origin or Referer header.

An origin is scheme, host and port (RFC 6454). Ours are that of SITE_URL and, since the site answers under every host
of ALLOWED_HOSTS, SITE_URL's scheme with the request's own host: behind a proxy that speaks TLS the connection itself
does not say by which scheme the visitor came.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

_PORTS = {"http": 80, "https": 443}

type Origin = tuple[str, str, int]


def is_own(request: HttpRequest, value: str) -> bool:
    """Whether an Origin header, or the origin of an address, is this site's. What cannot be parsed is not."""
    origin = parse(value)
    if origin is None:
        return False
    scheme = settings.SITE_URL.partition("://")[0]
    return origin in (parse(settings.SITE_URL), parse(f"{scheme}://{request.get_host()}"))


def parse(value: str) -> Origin | None:
    """Scheme, host in lower case and port of an origin or an address; None if it names none of http(s)."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return scheme, parts.hostname.lower(), _PORTS[scheme] if port is None else port
