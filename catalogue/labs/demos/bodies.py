"""The bodies of requests that upload a file: pure."""

import secrets
from collections.abc import Mapping

from catalogue.patterns.content.schemas.pattern import File


def content_of(file: File) -> bytes:
    return file.begins.encode("latin-1")[: file.bytes].ljust(file.bytes, b"\0")


def upload(file: File, form: Mapping[str, str] | None) -> tuple[bytes, str]:
    """A body and its content type: the file alone, or a form with the file as its last field (RFC 7578).

    S3 ignores fields after the file: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
    """
    if form is None:
        return content_of(file), file.type
    boundary = f"form-{secrets.token_hex(12)}"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    head = (
        f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        f"Content-Type: {file.type}\r\n\r\n"
    )
    body = head.encode() + content_of(file) + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    """As browsers escape a field's name: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html"""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
