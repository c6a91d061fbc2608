"""The dead-letter queue as a list: read a part of it, and give back what was only looked at."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

MOST = 200
"""Messages in one look. A queue has no list operation: each message that is looked at is received."""

HIDDEN_SECONDS = 30
"""How long a received message is hidden. If the function dies during a look, the messages are back after that time."""

NO_REASON = "unknown"
"""The reason of a message that SQS moved here itself, after too many receives."""

sqs = boto3.client("sqs")


# region held
@contextmanager
def held() -> Iterator[list[dict[str, Any]]]:
    """The dead letters, up to MOST. Those that remain in the list at the end become visible again at once."""
    letters: list[dict[str, Any]] = []
    try:
        while len(letters) < MOST:
            page = _receive()
            if not page:
                break
            letters.extend(page)
        yield letters
    finally:
        for first in range(0, len(letters), 10):
            _give_back(letters[first : first + 10])


# endregion


def reason_of(letter: dict[str, Any]) -> str:
    return _attribute(letter, "reason") or NO_REASON


def summary(letters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each reason: how many, the age of the oldest in seconds, how often they were redriven, and one example."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for letter in letters:
        groups.setdefault(reason_of(letter), []).append(letter)
    return [
        {
            "reason": reason,
            "count": len(group),
            "oldest_s": max(round(time.time() - int(letter["Attributes"]["SentTimestamp"]) / 1000) for letter in group),
            "redriven": max(redriven(letter) for letter in group),
            "example": {"body": group[0]["Body"][:500], "detail": _attribute(group[0], "detail")},
        }
        for reason, group in sorted(groups.items())
    ]


# region send_back
def send_back(letters: list[dict[str, Any]], reason: str, limit: int) -> int:
    """Send up to `limit` letters of a reason to the order queue, and delete each once it was sent. How many were moved.

    If the function dies between the two calls, the message is in both queues: the worker has to recognize it.
    """
    chosen = [letter for letter in letters if reason_of(letter) == reason][:limit]
    for letter in chosen:
        trace = _attribute(letter, "trace")
        facts = {"redriven": str(redriven(letter) + 1), **({"trace": trace} if trace else {})}
        sqs.send_message(
            QueueUrl=os.environ["QUEUE_URL"],
            MessageBody=letter["Body"],
            MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in facts.items()},
        )
        delete(letters, letter)
    return len(chosen)


# endregion


def delete(letters: list[dict[str, Any]], letter: dict[str, Any]) -> None:
    """Delete a letter from the queue and from the list, so that it is not given back."""
    sqs.delete_message(QueueUrl=os.environ["DEAD_LETTERS_URL"], ReceiptHandle=letter["ReceiptHandle"])
    letters.remove(letter)


def redriven(letter: dict[str, Any]) -> int:
    count = _attribute(letter, "redriven")
    return int(count) if count.isdecimal() and len(count) < 10 else 0


def _receive() -> list[dict[str, Any]]:
    # Waiting asks all of SQS's servers. Without it, a queue with few messages may look empty.
    found = sqs.receive_message(
        QueueUrl=os.environ["DEAD_LETTERS_URL"],
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        VisibilityTimeout=HIDDEN_SECONDS,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    page: list[dict[str, Any]] = found.get("Messages", [])
    return page


def _give_back(letters: list[dict[str, Any]]) -> None:
    sqs.change_message_visibility_batch(
        QueueUrl=os.environ["DEAD_LETTERS_URL"],
        Entries=[
            {"Id": str(number), "ReceiptHandle": letter["ReceiptHandle"], "VisibilityTimeout": 0}
            for number, letter in enumerate(letters)
        ],
    )


def _attribute(letter: dict[str, Any], name: str) -> str:
    value: str = letter.get("MessageAttributes", {}).get(name, {}).get("StringValue", "")
    return value
