"""What of a request and of an answer the edge passes on: pure functions over header lists and paths."""

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes, urlsplit

RawHeaders = Iterable[tuple[bytes, bytes]]

_TRACE_ROOT = re.compile(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")
_SAFE_PATH = re.compile(rb"[\x21-\x7e]*")
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
"""RFC 9110, section 7.6.1, with the obsolete ones that clients still send."""
_REQUEST_DROPPED = _HOP_BY_HOP | {
    "host",
    "content-length",
    "cookie",
    "expect",
    "x-amzn-trace-id",
    "x-amz-security-token",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-target",
}
_RESPONSE_PASSED = frozenset(
    {
        "accept-patch",
        "accept-post",
        "accept-ranges",
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-max-age",
        "age",
        "allow",
        "cache-control",
        "content-digest",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-location",
        "content-range",
        "content-type",
        "deprecation",
        "etag",
        "expires",
        "idempotency-key",
        "idempotency-replayed",
        "idempotent-replayed",
        "last-modified",
        "link",
        "location",
        "preference-applied",
        "ratelimit",
        "ratelimit-limit",
        "ratelimit-policy",
        "ratelimit-remaining",
        "ratelimit-reset",
        "repr-digest",
        "retry-after",
        "server-timing",
        "sunset",
        "vary",
        "warning",
    }
)
"""What an application says of its answer. All else stays behind: cookies, what a browser would apply to the whole
origin (Strict-Transport-Security, Clear-Site-Data, NEL, Report-To, Accept-CH, Speculation-Rules), and what belongs to
the connection."""
_X_HELD_BACK = (
    "x-accel-",  # nginx: serve another file, change buffering or limits
    "x-sendfile",  # Apache, lighttpd, Caddy: serve a file
    "x-lighttpd-",
    "x-litespeed-",
    "x-reproxy-",
    "x-internal-redirect",
    "x-send-file",
    "x-amzn-trace-id",  # the edge's own
    "x-request-id",  # the site's own: an answer has one
    "x-catalogue-",
    "x-ministack-",
    "x-content-",  # content type options and an old policy
    "x-webkit-",
    "x-frame-options",
    "x-xss-protection",
    "x-ua-compatible",
    "x-dns-prefetch-control",
    "x-permitted-cross-domain-policies",
    "x-robots-tag",
    "x-pingback",
)
"""Names that begin so instruct proxies and browsers; any other `X-…` is the application's and passes."""
_BEARER_CHALLENGE = re.compile(r'Bearer(?: +[\w-]+="[^"]*"(?:, *[\w-]+="[^"]*")*)?', re.IGNORECASE)
"""A WWW-Authenticate that asks for a token and nothing else (RFC 6750, section 3). Browsers act on no such challenge;
for any other scheme they would ask the visitor for a password in this site's name."""
_REMAPPED = "x-amzn-remapped-www-authenticate"
"""Where any other challenge goes, as API Gateway does with it:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html"""
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""A visitor's own bytes come from the site's origin: as a document they may run nothing and load nothing."""


class BadPath(ValueError):
    """The request's path cannot be passed on as it is; the message says why."""


def trace_id(headers: RawHeaders) -> str:
    """The caller's own root trace id if it is one, else a new one: `1-<8 hex of Unix seconds>-<24 hex>`.

    Format: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    for name, value in headers:
        if name.lower() == b"x-amzn-trace-id" and (found := _TRACE_ROOT.search(value.decode("latin-1"))):
            return found[1]
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def head_size(headers: RawHeaders, raw_path: bytes, query: bytes) -> int:
    """Bytes of the request line's target and of all headers' names and values.

    "Total combined size of request line and header values" is what API Gateway limits:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    """
    return len(raw_path) + len(query) + sum(len(name) + len(value) for name, value in headers)


def upstream_path(raw_path: bytes, lab_id: str) -> str:
    """The path below `/live/<lab id>`, byte for byte as it came: starts with a slash or is empty. Raises BadPath."""
    rest = raw_path.removeprefix(f"/live/{lab_id}".encode())
    if rest == raw_path or not _SAFE_PATH.fullmatch(rest) or (rest and not rest.startswith(b"/")):
        raise BadPath("The path contains characters that must be percent-encoded.")
    if re.search(rb"%(?![0-9A-Fa-f]{2})", rest):
        raise BadPath("The path contains an invalid percent escape.")
    decoded = unquote_to_bytes(rest)
    if any(segment in (b".", b"..") for segment in re.split(rb"[/\\]", decoded)):
        raise BadPath("The path contains a `.` or `..` segment.")
    return rest.decode("ascii")


def request_headers(headers: RawHeaders, trace: str, drop_prefixes: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The headers to send on: without those of the connection, cookies and AWS signatures, with the trace id."""
    pairs = [(name.decode("latin-1"), _text(value)) for name, value in headers]
    named_by_connection = {
        token.strip().lower() for name, value in pairs if name.lower() == "connection" for token in value.split(",")
    }
    dropped = _REQUEST_DROPPED | named_by_connection
    kept = [
        (name, value)
        for name, value in pairs
        if name.lower() not in dropped
        and not name.lower().startswith(drop_prefixes)
        # A signature would name the AWS account to act for; labs' endpoints take none.
        and not (name.lower() == "authorization" and value.lstrip().upper().startswith("AWS4-"))
    ]
    return [*kept, ("X-Amzn-Trace-Id", f"Root={trace}")]


def response_headers(
    headers: Iterable[tuple[str, str]], *, trace: str, live: str, upstream: str
) -> list[tuple[bytes, bytes]]:
    """The headers to answer with, beside those of security: no cookies, readable from any origin, Location moved.

    `live` is the endpoint's own path (`/live/<id>`), `upstream` the address behind it.
    """
    answer: list[tuple[str, str]] = []
    open_to_all = True
    for name, value in headers:
        lower = name.lower()
        if lower == "www-authenticate":
            name = name if _BEARER_CHALLENGE.fullmatch(value) else _REMAPPED
        elif not _passes(lower):
            continue
        if lower == "access-control-allow-origin":
            open_to_all = False
        if lower in ("location", "content-location"):
            value = moved(value, live=live, upstream=upstream)
        answer.append((name, value))
    if open_to_all:
        answer += [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "*")]
    answer.append(("X-Amzn-Trace-Id", f"Root={trace}"))
    return [(name.lower().encode("latin-1"), value.encode("utf-8")) for name, value in answer]


def _passes(name: str) -> bool:
    """Whether a handler's answer keeps this header (in lower case)."""
    return name in _RESPONSE_PASSED or (name.startswith("x-") and not name.startswith(_X_HELD_BACK))


def moved(location: str, *, live: str, upstream: str) -> str:
    """A Location as the caller must follow it: what points into the API's stage points into the endpoint."""
    parts = urlsplit(upstream)
    stage = "/" + parts.path.rsplit("/", 1)[-1]
    target = location
    if target.startswith(upstream):
        target = target.removeprefix(upstream)
    elif re.match(r"https?://[a-z0-9]+\.execute-api\.[^/]+/", target):
        target = "/" + target.split("/", 3)[3]
        if not (target == stage or target.startswith(stage + "/")):
            return location
        target = target.removeprefix(stage)
    elif target == stage or target.startswith(stage + "/"):
        target = target.removeprefix(stage)
    else:
        return location
    return live + target


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


PREFLIGHT: Mapping[str, str] = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "access-control-max-age": "600",
}
