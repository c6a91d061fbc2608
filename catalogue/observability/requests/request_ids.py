"""The request id: one name for a request in every log line, answer, trace and queued mail."""

import re
import secrets

HEADER = b"x-request-id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def fresh() -> str:
    """A new id: 20 hex digits (80 random bits)."""
    return secrets.token_hex(10)


def accepted(raw: bytes) -> str | None:
    """The id that a trusted proxy sent, if it is well formed: 8 to 64 letters, digits, dots, hyphens, underscores.

    nginx's `$request_id` (32 hex digits) and UUIDs are. Anything else could forge a log line or fill a column.
    """
    text = raw.decode("latin-1")
    return text if _WELL_FORMED.fullmatch(text) else None
