"""Takes personal data out of text that leaves the process: log lines, error reports, spans.

Links of the newsletter give their rights to anybody who reads them, so their tokens are masked. Of e-mail addresses
the domain stays, which is what an operator needs to see that a provider refuses mail.
"""

import re
from collections.abc import Mapping
from typing import Any

# Also where the path is cut, quoted or percent-encoded: a token has neither slash, space nor quote.
_TOKEN = re.compile(r"(/newsletter/(?:confirm|unsubscribe|preferences|move)/)[^/\s?#'\"]+")
# The signature in the envelope sender of a mail of ours (newsletter.feedback.verp), whatever stands around it.
_VERP = re.compile(r"\+[A-Za-z2-7]{42}(?![A-Za-z0-9])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@((?:[\w-]{1,63}\.){0,8}[\w-]{1,63})")
_SECRET_NAMES = re.compile(r"cookie|authorization|token|password|secret|session|csrf|api.?key|dsn", re.IGNORECASE)
MASK = "…"


def scrubbed(text: str) -> str:
    """The text with `…` in place of each newsletter token, and of the local part of each e-mail address."""
    if "/newsletter/" in text:
        text = _TOKEN.sub(rf"\1{MASK}", text)
    if "+" in text:
        text = _VERP.sub(f"+{MASK}", text)
    if "@" in text:
        text = _EMAIL.sub(rf"{MASK}@\1", text)
    return text


def scrubbed_value(value: Any, depth: int = 0) -> Any:
    """A JSON-like value with every text scrubbed, and values whose name says that they are secret left out."""
    if depth > 20:
        return MASK
    if isinstance(value, str):
        return scrubbed(value)
    if isinstance(value, Mapping):
        return {
            name: MASK if isinstance(name, str) and _SECRET_NAMES.search(name) else scrubbed_value(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrubbed_value(inner, depth + 1) for inner in value]
    return value
