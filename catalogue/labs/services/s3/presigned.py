"""Presigned requests to a lab's bucket: which of them the labs' edge passes on, and how much a bucket may then hold.

A presigned address or form carries its signature, so whoever has it needs no other credentials. S3 checks the
signature, the time, and in a form each condition of its policy. The edge passes on what such a request consists of
and nothing else of S3:

- https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
- https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
(both read on December 1, 2026)
"""

from collections.abc import Collection

from catalogue.labs.services.model import ClientOf, Presigned

MOST_BYTES = 32 * 1024 * 1024
"""What a bucket may hold before another upload through the edge is refused: the emulator keeps objects in memory."""
_SIGNED = frozenset(
    {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature"}
)
_TOLD = frozenset(
    {
        *("x-amz-security-token", "x-id", "versionid"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
        *("response-content-language", "response-content-type", "response-expires"),
    }
)
"""Of a GET: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""


def refusal(method: str, key: str, query: Collection[str], content_type: str) -> str:
    """Why a request is not passed on, as a sentence; empty if it is.

    `key` is what follows the bucket's slash in the path, `query` the names in the query.
    """
    names = {name.lower() for name in query}
    if method == "POST":
        if key or names:
            return "A form is posted to the bucket itself, without a key or a query in the address."
        if not content_type.lower().startswith("multipart/form-data"):
            return "An upload is a form: its content type is multipart/form-data."
        return ""
    if method not in ("GET", "HEAD"):
        return "Only presigned forms (POST) and presigned addresses for reading (GET, HEAD) are passed on."
    if not key:
        return "The address has no key: the objects of a bucket cannot be listed here."
    if not names >= _SIGNED:
        return "The address is not presigned: its query lacks a part of the signature."
    if further := names - _SIGNED - _TOLD:
        return f"The query has more than a presigned address for reading: {', '.join(sorted(further))}."
    return ""


def bytes_in(client: ClientOf, bucket: str) -> int:
    """The sizes of all objects together."""
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return sum(one["Size"] for page in pages for one in page.get("Contents", ()))


PRESIGNED = Presigned(
    refusal=refusal,
    on_aws=("https://{id}.s3.amazonaws.com", "https://{id}.s3.{region}.amazonaws.com"),
    embedded="/{id}",
    bytes_in=bytes_in,
    most_bytes=MOST_BYTES,
)
