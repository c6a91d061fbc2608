"""What RFC 9110 asks of an answer from a cache: encodings, conditional requests, ranges. Pure functions."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from django.utils.http import parse_etags, parse_http_date_safe

type Encoding = Literal["identity", "gzip", "br"]

_BY_SIZE: tuple[Encoding, ...] = ("br", "gzip", "identity")
_RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})", re.ASCII)
"""Up to the largest number of 64 bits, which some clients send for `to the end`."""


class Span(NamedTuple):
    """A part of a body, both ends included."""

    first: int
    last: int


@lru_cache(maxsize=1024)
def best_encoding(accepted: bytes) -> Encoding:
    """The encoding that a client likes best by its Accept-Encoding (RFC 9110, 12.5.3); of equals, the smallest.

    A client that accepts nothing we have gets the bytes as they are, as 12.5.3 lets a server do.
    """
    weights: dict[str, float] = {}
    for part in accepted.decode("latin-1").lower().split(","):
        name, _, parameters = part.strip().partition(";")
        weight = re.search(r"q\s*=\s*([0-9.]+)", parameters)
        try:
            weights[name.strip()] = float(weight[1]) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    any_other = weights.get("*", 0.0)

    def liked(encoding: Encoding) -> float:
        # Unnamed, `identity` is always acceptable, but no one's first choice.
        return weights.get(encoding, any_other or 0.0001 if encoding == "identity" else any_other)

    best = max(_BY_SIZE, key=liked)
    return best if liked(best) > 0 else "identity"


def etag_of(etag: str, encoding: Encoding) -> str:
    """A strong validator of its own for each encoding (RFC 9110, 8.8.3.3), with its quotes."""
    return f'"{etag}"' if encoding == "identity" else f'"{etag}-{encoding}"'


def precondition_failed(if_match: bytes, if_unmodified_since: bytes, etag: str, changed: int) -> bool:
    """Whether the client wants an answer only of other bytes than these (RFC 9110, 13.1.1, 13.1.4 and 13.2.2).

    If-Match decides where it is given, by strong comparison; a date that cannot be read is passed over.
    """
    if if_match:
        wanted = parse_etags(if_match.decode("latin-1"))
        return wanted != ["*"] and etag not in wanted
    since = parse_http_date_safe(if_unmodified_since.decode("latin-1")) if if_unmodified_since else None
    return since is not None and changed > since


def not_modified(if_none_match: bytes, if_modified_since: bytes, etag: str, changed: int) -> bool:
    """Whether the client has this already (RFC 9110, 13.2.2): If-None-Match decides where it is given."""
    if if_none_match:
        known = parse_etags(if_none_match.decode("latin-1"))
        return known == ["*"] or any(one.removeprefix("W/") == etag for one in known)
    since = parse_http_date_safe(if_modified_since.decode("latin-1")) if if_modified_since else None
    return since is not None and changed <= since


def span(wanted: bytes, if_range: bytes, etag: str, modified: bytes, length: int) -> Span | Literal["none"] | None:
    """The part of a body that a Range asks for (RFC 9110, 14.2); None for all of it, `none` if it lies outside.

    Several ranges at once, other units and what cannot be read are passed over, as 14.2 allows; so is a Range whose
    If-Range names other bytes than these.
    """
    found = _RANGE.fullmatch(wanted.decode("latin-1").replace(" ", ""))
    if found is None or (if_range and if_range not in (etag.encode(), modified)):
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    if not first:
        return Span(max(0, length - int(last)), length - 1) if int(last) and length else "none"
    if last and int(last) < int(first):
        return None
    return Span(int(first), min(int(last) if last else length - 1, length - 1)) if int(first) < length else "none"
