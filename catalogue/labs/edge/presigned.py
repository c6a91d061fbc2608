"""Presigned requests through the edge: `/live/<lab id>/_s3/<bucket>/<key>` leads to the lab's own bucket only.

A function of a lab signs the address at which it sees AWS. A visitor cannot reach that of the emulator, so the edge
puts its own address in its place where an answer names it, and sends what arrives there on with the Host header that
was signed. On AWS, visitors get and use the addresses of AWS itself, and only a demo's steps come this way.

What may pass is up to the service (`Presigned` of catalogue/labs/services/); whether the signature is right, to AWS.
"""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from catalogue.labs.edge.http import RawHeaders
from catalogue.labs.edge.refusing import Refusal
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.base import Door, Target, TargetDown
from catalogue.observability.prometheus.metrics import limit_hit

_PASSED = {
    *("accept", "accept-encoding", "content-type", "range", "user-agent"),
    *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
}
"""Headers of a request that are passed on. None of them can name another resource or another caller."""
_MOST_QUERY = 4096
"""Characters: an address that a role has signed has about a thousand."""
_DIGESTS = frozenset({b"content-digest", b"repr-digest"})


def door_at(doors: Sequence[Door], path: str) -> Door | None:
    """The door that a path below the lab's endpoint leads to. Refuses other resources of the same service."""
    start = "/".join(path.split("/", 3)[:3])
    found = next((door for door in doors if door.path == start), None)
    if found is None and any(path.startswith(door.path[: door.path.rindex("/") + 1]) for door in doors):
        raise Refusal(404, "Not Found", "This lab has no resource of this name.")
    return found


def edge_path(doors: Sequence[Door], address: str) -> str:
    """The path below the lab's endpoint for an address that a function has signed; other addresses as they are."""
    for door in doors:
        if re.match(re.escape(door.signed) + r"(?=[/?]|$)", address):
            rest = address.removeprefix(door.signed)
            return door.path + ("" if rest == "/" else rest)
    return address


async def admit(door: Door, target: Target, method: str, path: str, query: str, headers: RawHeaders, size: int) -> None:
    """Raises Refusal for what is no presigned request, and for an upload that does not fit."""
    _, known = lab_services().presigned[door.type]
    kind = next((value.decode("latin-1") for name, value in headers if name.lower() == b"content-type"), "")
    if len(query) > _MOST_QUERY:
        raise Refusal(414, "URI Too Long", f"A presigned address has at most {_MOST_QUERY:,} characters of query.")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    if why := known.refusal(method, path.removeprefix(door.path).removeprefix("/"), names, kind):
        raise Refusal(403, "Forbidden", why)
    if method != "POST":
        return
    try:
        held = await in_database(known.bytes_in, target.client, door.id)
    except (BotoCoreError, ClientError, TargetDown):
        raise Refusal(
            503, "The lab does not respond", "How much the bucket holds is not known.", Retry_After="2"
        ) from None
    if held + size > known.most_bytes:
        limit_hit("lab_bucket_bytes")
        most = known.most_bytes // (1024 * 1024)
        raise Refusal(507, "Insufficient Storage", f"With this upload, {door.logical} would hold more than {most} MB.")


def address(door: Door, path: str) -> str:
    """Where to send a request that came to `path`."""
    return door.upstream + (path.removeprefix(door.path) or "/")


def request_headers(door: Door, headers: RawHeaders) -> list[tuple[str, str]]:
    """What goes with it: the host that was signed, and the few headers that reading or writing an object needs."""
    kept = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name.decode().lower() in _PASSED
    ]
    return [("Host", door.host), *kept]


def shown(doors: Sequence[Door], path: str) -> str:
    """The path as a run shows it, with the resource's logical id; the query has a signature and is left out."""
    door = next((door for door in doors if path == door.path or path.startswith(door.path + "/")), None)
    if door is None:
        return path
    return f"{door.path[: door.path.rindex('/')]}/{door.logical}{path.removeprefix(door.path)}"


def moved(
    doors: Sequence[Door], lab_id: str, headers: list[tuple[bytes, bytes]], content: bytes
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """An answer with the edge's addresses in place of those that only functions can reach. Pure but for SITE_URL."""
    before = content
    for door in doors:
        if not door.moved:
            continue
        written = re.compile(re.escape(door.signed.encode()) + rb"(?![\w.-])")
        own = f"{settings.SITE_URL}/live/{lab_id}{door.path}".encode().replace(b"\\", rb"\\")
        if not _is_encoded(headers):
            content = written.sub(own, content)
        headers = [
            (name, _location(door, written, own, value) if name == b"location" else value) for name, value in headers
        ]
    if content != before:
        headers = [(name, value) for name, value in headers if name not in _DIGESTS]
    return headers, content


def _location(door: Door, written: re.Pattern[bytes], own: bytes, value: bytes) -> bytes:
    """The emulator answers an upload with the address that the object would have on AWS."""
    on_aws = re.compile(rb"https?://" + re.escape(door.id.encode()) + rb"\.[\w.-]*amazonaws\.com(?![\w.-])")
    return on_aws.sub(own, written.sub(own, value))


def _is_encoded(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-encoding" and value != b"identity" for name, value in headers)
