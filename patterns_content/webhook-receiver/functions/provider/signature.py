"""Verifies the signature of a webhook in the form of Standard Webhooks: HMAC-SHA256 over id, timestamp and raw body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (read 2026-12-01)
"""

import base64
import hmac
from collections.abc import Iterable


class Refused(Exception):
    """The delivery is not the provider's, or not of now. The message says which."""


# region verify
def verify(headers: dict[str, str], body: bytes, keys: Iterable[bytes], now: float, tolerance: float) -> str:
    """The id of the event. Raises Refused. `headers` have names in lower case, `now` and `tolerance` are in seconds."""
    number, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = f"{number}.{timestamp}.".encode() + body
    expected = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    given = [text.removeprefix("v1,").encode() for text in headers.get("webhook-signature", "").split()]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise Refused("the signature does not fit")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > tolerance:  # only now is the timestamp the provider's
        raise Refused("the delivery is too old, or from the future")
    return number


# endregion


def sign(number: str, timestamp: int, body: bytes, key: bytes) -> str:
    """The value of the header `webhook-signature`."""
    return "v1," + base64.b64encode(hmac.digest(key, f"{number}.{timestamp}.".encode() + body, "sha256")).decode()
