"""What became of one attempt to send a mail, told apart by what must happen next."""

import enum
import re
from dataclasses import dataclass


class Outcome(enum.Enum):
    SENT = "sent"
    WITHDRAWN = "withdrawn"  # no longer wanted, seen in time: nothing was sent
    TEMPORARY = "temporary"  # this mail, later
    PERMANENT = "permanent"  # this mail, never
    NO_SUCH_MAILBOX = "no such mailbox"  # this address, never again
    THROTTLED = "throttled"  # every mail, more slowly
    CONNECTION = "connection"  # not this mail's fault, and nothing of it can have arrived
    UNWRITABLE = "unwritable"  # no one's copy of this update can be made: the whole update waits for an editor
    IN_DOUBT = "in doubt"  # the connection broke before the answer to a complete mail


@dataclass(frozen=True)
class Result:
    outcome: Outcome
    detail: str = ""
    """What the server said, or the exception."""
    provider_id: str = ""
    """The id under which the provider took the mail, if it gives one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", readable(self.detail))
        object.__setattr__(self, "provider_id", readable(self.provider_id)[:200])


def readable(said: str) -> str:
    """What a server said, as every database keeps it: without NUL, without halves of surrogate pairs, bounded."""
    return said.replace("\0", "").encode("utf-8", "replace").decode()[:1000]


SENT = Result(Outcome.SENT)
WITHDRAWN = Result(Outcome.WITHDRAWN)

_ENHANCED = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
# RFC 3463 and 7505: no such mailbox (1.1), system (1.2), spelling (1.3); moved (1.6), no mail (1.10), disabled (2.1).
_DEAD_ADDRESS = re.compile(r"\b5\.(1\.(1|2|3|6|10)|2\.1)\b")
# RFC 3463: 5.1.7 and 5.1.8 are the sender's address, 5.7.x is policy: authentication, authorization, reputation.
_ABOUT_US = re.compile(r"\b5\.(1\.[78]|7\.\d+)\b")
_ABOUT_US_IN_WORDS = re.compile(r"relay|authenti|sender|not permitted", re.IGNORECASE)
_LOG_IN_FIRST = (530, 535, 538)  # RFC 4954, 6
# RFC 3463: 4.7.x is policy (rate limits among them), 4.3.2 a system that takes no messages now.
_SLOW_DOWN = re.compile(r"\b4\.(7\.\d+|3\.2)\b")
_SLOW_DOWN_IN_WORDS = re.compile(r"\b4\.(7\.0|3\.2)\b|too (many|much|fast)|\brate\b|throttl|slow", re.IGNORECASE)


def of_reply(code: int, said: bytes | str, *, about_recipient: bool) -> Result:
    """Sort an SMTP reply that refuses something (RFC 5321, 4.2.1: 4yz is not final, 5yz is).

    What is said to RCPT is taken as said of this recipient where it can be: a 4.7.1 is greylisting (RFC 6647) unless it
    speaks of a rate, and a 550, 551 or 553 without an enhanced code means that there is no such mailbox. A refusal that
    is about us (sender, login, relaying, policy) would meet every reader, and an operator can fix it: it is tried
    again like a temporary one, and costs no one the subscription.
    """
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    detail = f"{code} {text}".strip()[:1000]
    slow_down = _SLOW_DOWN.search(text) and (not about_recipient or _SLOW_DOWN_IN_WORDS.search(text))
    if code == 421 or (400 <= code < 500 and slow_down):
        return Result(Outcome.THROTTLED, detail)
    if not 500 <= code < 600:
        return Result(Outcome.TEMPORARY, detail)
    if about_recipient and _DEAD_ADDRESS.search(text):
        return Result(Outcome.NO_SUCH_MAILBOX, detail)
    if code in _LOG_IN_FIRST or _ABOUT_US.search(text) or (about_recipient and _ABOUT_US_IN_WORDS.search(text)):
        return Result(Outcome.TEMPORARY, detail)
    plain = about_recipient and code in (550, 551, 553) and not _ENHANCED.search(text)
    return Result(Outcome.NO_SUCH_MAILBOX if plain else Outcome.PERMANENT, detail)
