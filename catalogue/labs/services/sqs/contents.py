"""Messages of a queue, read without receiving them.

SQS has no call for that: each receive counts toward maxReceiveCount and hides the message for a while.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html (December 1, 2026)
So the emulator's process looks into its own memory, and on AWS nothing is shown.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.contents import MOST_CHARACTERS, MOST_ENTRIES, Contents, Entry, bounded, times

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Target

_ON_AWS = (
    "SQS cannot show messages without receiving them, and each receive counts toward maxReceiveCount. "
    "So a lab on AWS shows their number only."
)
_UNCHANGED = "Read without receiving: no receive is counted, and no message is hidden from consumers."


def read(target: Target, url: str) -> Contents:
    peeked = target.peek("sqs", url)
    if peeked is None:
        return Contents("Messages", (), note=_ON_AWS)
    shown, total = peeked[:MOST_ENTRIES], len(peeked)
    return bounded("Messages", map(_entry, shown), _UNCHANGED, more=total > len(shown))


def _entry(message: dict[str, Any]) -> Entry:
    facts = [times(message["receives"], "received") if message["receives"] else "not received yet"]
    if message["hidden_seconds"] > 0:
        facts.append(f"{'held by a consumer' if message['receives'] else 'delayed'} for {message['hidden_seconds']} s")
    if message["group"]:
        facts.append(f"group {message['group']}")
    facts += [f"{name}: {value}" for name, value in message["attributes"].items()]
    return Entry(message["id"], message["body"], tuple(facts))


def peek(url: str) -> list[dict[str, Any]] | None:
    """Runs in the emulator: the first messages of a queue, one more than are shown, and nothing of it changes."""
    from ministack.services import sqs

    queue = sqs._queues.get(sqs._queue_ref_from_urlish(url)[1]) or sqs._queues.get(url)
    if queue is None:
        return None
    now = time.time()
    return [_peeked(message, now) for message in list(queue["messages"])[: MOST_ENTRIES + 1]]


def _peeked(message: dict[str, Any], now: float) -> dict[str, Any]:
    attributes = message.get("message_attributes") or {}
    return {
        "id": message["id"],
        "body": message["body"][: MOST_CHARACTERS + 1],
        "receives": message["receive_count"],
        "hidden_seconds": max(0, round(message["visible_at"] - now)),
        "group": message.get("group_id") or "",
        "attributes": {name: str(value.get("StringValue", "binary"))[:200] for name, value in attributes.items()},
    }
