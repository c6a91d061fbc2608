"""How long caches keep a static file, and how they recognise it."""

import re
from wsgiref.headers import Headers

HASHED = re.compile(r"\.(?P<hash>[0-9a-f]{12})\.\w+$")
"""As Django's manifest storage names a file."""


def add_headers(headers: Headers, path: str, url: str) -> None:
    """Headers of the file at `path`, called by servestatic once for each at the start.

    A name with a hash stands for one content: it is kept for a year, the longest that RFC 9111 (5.2.2.1) thinks of, and
    never asked for again (RFC 8246). Its entity tag is weak, since the same one goes with every encoding (RFC 9110,
    8.8.1), and comes from the content, so that two machines behind one cache agree on it.
    """
    if hashed := HASHED.search(url):
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
        headers["ETag"] = f'W/"{hashed["hash"]}"'
