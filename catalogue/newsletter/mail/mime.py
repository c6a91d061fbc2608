"""A message built once, of which each recipient's copy is made by joining bytes.

Building MIME again for every recipient costs hundreds of times as much as filling in their few values. A place for
a value is written `⟦name⟧` in a mail's text and HTML; header lines with places are given apart, since header
folding must not tear them.
"""

import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple

_PLACE = re.compile(r"⟦([a-z_]+)⟧")
_LINE = 72
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")


def place(name: str) -> str:
    """Where a recipient's value goes."""
    return f"⟦{name}⟧"


class BadHeader(ValueError):
    """A value that no header can carry: a line break, a control character, or a letter outside ASCII."""


class _Place(NamedTuple):
    name: str
    in_body: bool


@dataclass(frozen=True)
class MessageTemplate:
    """A whole message (RFC 5322, CRLF) with places."""

    _pieces: tuple[bytes | _Place, ...]

    @property
    def places(self) -> set[str]:
        """The names of the values that `fill` needs."""
        return {piece.name for piece in self._pieces if isinstance(piece, _Place)}

    def fill(self, values: Mapping[str, str]) -> bytes:
        """The message for one recipient. Raises KeyError for a place without a value, BadHeader."""
        known: dict[_Place, bytes] = {}
        parts: list[bytes] = []
        for piece in self._pieces:
            if isinstance(piece, _Place):
                found = known.get(piece)
                if found is None:
                    value = values[piece.name]
                    found = known[piece] = _soft(value) if piece.in_body else header_value(value)
                parts.append(found)
            else:
                parts.append(piece)
        return b"".join(parts)


def header_value(value: str) -> bytes:
    """Raises BadHeader."""
    if not _HEADER_VALUE.fullmatch(value):
        raise BadHeader(f"{value!r} cannot stand in a header.")
    return value.encode("ascii")


def build(
    *,
    headers: Mapping[str, str | Address | list[Address]],
    lines: Mapping[str, str],
    text: str,
    html: str,
) -> MessageTemplate:
    """A multipart/alternative message, text first.

    `headers` are the same for every recipient, encoded and folded as RFC 5322 wants it. `lines` are header lines that
    may hold places; they are ASCII and written as they are. Raises BadHeader.
    """
    fixed = EmailMessage(policy=SMTP)
    for name, value in headers.items():
        if isinstance(value, str) and ("\r" in value or "\n" in value):
            raise BadHeader(f"{name} has a line break.")
        fixed[name] = value
    head = fixed.as_bytes().rstrip(b"\r\n") + b"\r\n"
    # A boundary that occurs in neither part, and that the same mail gets every time.
    boundary = "part-" + hashlib.sha256((text + "\0" + html).encode()).hexdigest()[:32]
    pieces: list[bytes | _Place] = [head]
    for name, line in lines.items():
        pieces += [f"{name}: ".encode("ascii"), *_split(line, header_value, in_body=False), b"\r\n"]
    pieces.append(
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode()
    )
    for kind, content in (("plain", text), ("html", html)):
        pieces.append(
            f'--{boundary}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
        )
        pieces += [*_split(content, _quoted_printable, in_body=True), b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return MessageTemplate(tuple(_merged(pieces)))


def _split(content: str, encode: Callable[[str], bytes], *, in_body: bool) -> list[bytes | _Place]:
    parts = _PLACE.split(content)
    pieces: list[bytes | _Place] = []
    for index, part in enumerate(parts):
        if index % 2:
            # In quoted-printable a value gets lines of its own, joined softly, so that none grows too long.
            if in_body:
                pieces += [b"=\r\n", _Place(part, True), b"=\r\n"]
            else:
                pieces.append(_Place(part, False))
        elif part:
            pieces.append(encode(part))
    return pieces


def _merged(pieces: list[bytes | _Place]) -> list[bytes | _Place]:
    """The fewest pieces: neighbors that are bytes are joined."""
    merged: list[bytes | _Place] = []
    for piece in pieces:
        if merged and isinstance(piece, bytes) and isinstance(merged[-1], bytes):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def _quoted_printable(text: str) -> bytes:
    encoded = binascii.b2a_qp(text.replace("\r\n", "\n").encode(), istext=True, header=False)
    return encoded.replace(b"\n", b"\r\n")


def _soft(value: str) -> bytes:
    """A value in quoted-printable over as many softly joined lines as it needs."""
    encoded = value.encode().replace(b"=", b"=3D")
    if not encoded.isascii() or b"\n" in encoded or b"\r" in encoded:
        raise BadHeader(f"{value!r} is not a link.")
    lines: list[bytes] = []
    while len(encoded) > _LINE:
        cut = _LINE
        while b"=" in encoded[cut - 2 : cut]:  # never inside an escape
            cut -= 1
        lines.append(encoded[:cut])
        encoded = encoded[cut:]
    return b"=\r\n".join([*lines, encoded])
