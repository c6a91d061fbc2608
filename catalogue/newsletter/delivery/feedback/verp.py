"""A sender of its own for each mail (VERP), by which a bounce names the mail that it answers.

The address is `local+token@domain` of BOUNCE_ADDRESS. The token is the delivery's reference and a signature, in
letters and digits whose case does not matter, since mail servers may change it. The recipient of a mail knows its token
and could forge a bounce of that one mail, which is their own; no one can forge one for someone else.
"""

import hmac
import re
import uuid
from base64 import b32decode, b32encode

from django.conf import settings
from django.utils.crypto import salted_hmac

_SIGNATURE_BYTES = 10
_TOKEN = re.compile(r"\+([a-z2-7]{42})@", re.IGNORECASE)
LONGEST_LOCAL_PART = 64 - 1 - 42
"""Characters before the plus sign: RFC 5321 (4.5.3.1.1) allows a local part of 64 octets in all."""
MOST_TOKENS = 20
"""How many candidates of one bounce are looked at."""


def sender(ref: uuid.UUID) -> str:
    """The envelope sender of a delivery (`Delivery.ref`)."""
    local, _, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local}+{token(ref)}@{domain}"


def token(ref: uuid.UUID) -> str:
    return b32encode(ref.bytes + _signature(ref.bytes, settings.SECRET_KEY))[:42].decode().lower()


def read(text: str) -> uuid.UUID | None:
    """The delivery of the first address in a text that we have signed, with a key that is set; None without one."""
    for found in list(_TOKEN.finditer(text))[:MOST_TOKENS]:
        raw = b32decode(found[1].upper() + "======")
        ref, signature = raw[:16], raw[16:]
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            if hmac.compare_digest(signature, _signature(ref, key)):
                return uuid.UUID(bytes=ref)
    return None


def _signature(ref: bytes, key: str) -> bytes:
    return salted_hmac("newsletter.bounce", ref, secret=key, algorithm="sha256").digest()[:_SIGNATURE_BYTES]
