"""Books the entries of one batch. What fails returns to the queue, with everything of its group that came after it."""

import json
import math
import os
import random
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from ledger import CannotBook, book
from review import UnderReview, wait_for_review

LONGEST_WAIT_SECONDS = 30

sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Book the batch in order. After a failure, the rest of that group is not tried: it has to wait for its turn."""
    log("batch.received", trace_id(event["Records"][0]), size=len(event["Records"]))
    stuck: dict[str, int] = {}  # groups in which an entry failed, with the seconds until the next try
    failed = []
    for record in event["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if group not in stuck:
            wait = seconds_to_wait(record)
            if wait is None:
                continue
            stuck[group] = wait
        come_back_after(record, stuck[group])
        failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


# endregion


def seconds_to_wait(record: dict[str, Any]) -> int | None:
    """Book one entry. None if it needs no further delivery, otherwise the seconds until the next try."""
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    facts = {"message": record["messageId"], "group": record["attributes"]["MessageGroupId"], "attempt": attempt}
    wait = wait_after(attempt)
    try:
        card, entry = entry_in(record)
        facts["card"] = card
        wait_for_review(card, entry["amount"])
        outcome = book(card, entry, record["attributes"]["SequenceNumber"])
    except CannotBook as error:
        log("entry.failed", trace_id(record), error=f"CannotBook: {error}", **facts)
        return None if set_aside(record, str(error)) else wait
    except UnderReview as error:
        log("entry.waits", trace_id(record), error=f"UnderReview: {error}", wait_s=wait, **facts)
        return wait
    except Exception as error:
        log("entry.failed", trace_id(record), error=f"{type(error).__name__}: {error}", wait_s=wait, **facts)
        return wait
    log(f"entry.{outcome}", trace_id(record), entry=entry["entry"], amount=entry["amount"], **facts)
    return None


def entry_in(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The card and the entry. `CannotBook` for anything else, because a retry will not change it."""
    card = record["messageAttributes"].get("card", {}).get("stringValue", "")
    try:
        sent = json.loads(record["body"])
    except (ValueError, RecursionError) as error:
        raise CannotBook(f"the message is not JSON: {error}") from error
    match sent:
        case {"entry": str(name), "amount": int(amount)} if card and name and type(amount) is int:
            return card, {"entry": name, "amount": amount}
    raise CannotBook("not an entry: it needs a card, an identifier and a whole amount")


def wait_after(attempt: int) -> int:
    """Full jitter: a random time up to 2, 4, 8, 16 and then 30 seconds. SQS takes only whole seconds."""
    longest = min(2 ** min(attempt, 10), LONGEST_WAIT_SECONDS)
    return max(1, math.ceil(random.uniform(0, longest)))


def come_back_after(record: dict[str, Any], seconds: int) -> None:
    """Make this message visible again after so many seconds. If that fails, the queue's visibility timeout applies."""
    try:
        sqs.change_message_visibility(
            QueueUrl=os.environ["QUEUE_URL"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
        )
    except (ClientError, BotoCoreError) as error:
        log("wait.not.set", trace_id(record), message=record["messageId"], error=str(error))


# region set_aside
def set_aside(record: dict[str, Any], reason: str) -> bool:
    """Move the message to the dead-letter queue, in the same group. False if that fails, so that it is retried."""
    attributes = {
        name: {"DataType": "String", "StringValue": value}
        for name, value in {
            "card": record["messageAttributes"].get("card", {}).get("stringValue", ""),
            "reason": reason.encode("ascii", "backslashreplace").decode()[:200],
            "trace": f"trace:{trace_id(record)}",
        }.items()
        if value
    }
    try:
        sqs.send_message(
            QueueUrl=os.environ["DEAD_LETTERS_URL"],
            MessageBody=record["body"],
            MessageAttributes=attributes,
            MessageGroupId=record["attributes"]["MessageGroupId"],
            MessageDeduplicationId=record["messageId"],
        )
    except (ClientError, BotoCoreError) as error:
        log("set.aside.failed", trace_id(record), message=record["messageId"], error=str(error))
        return False
    log("entry.set.aside", trace_id(record), message=record["messageId"])
    return True


# endregion


def trace_id(record: dict[str, Any]) -> str:
    """The identifier in the attribute that the API added, without the word before it."""
    attribute = record["messageAttributes"].get("trace", {})
    return attribute.get("stringValue", "").removeprefix("trace:")


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON, so that CloudWatch Logs Insights finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
