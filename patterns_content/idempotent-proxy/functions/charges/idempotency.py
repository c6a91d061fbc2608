"""The proxy: one outcome for each idempotency key, however many requests have it.

A key's record is `in_progress` while an attempt works on it and `completed` once there is an answer. Both states
end by themselves: a lease ends the first, a window ends the second. The condition of the write compares both with
the current time, so the code does not rely on DynamoDB to delete expired items.
"""

import json
import os
import random
import time
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.6)
"""Seconds between looks at a key on which another attempt is working: about two in all."""

TRIES = 8
"""How often a transaction is tried when it conflicts with another operation on an item: about two seconds."""

# Time limits well below the function's own: the SDK can then repeat a call whose answer was lost.
dynamodb = boto3.client(
    "dynamodb", config=Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
)


class InProgress(Exception):
    """Another attempt works on this key, or has taken it over."""


class KeyReused(Exception):
    """The key was used before, with another request."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Claim:
    key: str
    owner: str
    lease_until: float
    """Seconds since the epoch. After that, another attempt may take the key."""


# region wait
def claim_or_answer(key: str, fingerprint: str, owner: str) -> Claim | Answer:
    """A claim for the first attempt, the stored answer for every later one. Raises InProgress, KeyReused."""
    found = claim(key, fingerprint, owner)
    for pause in (*PAUSES, None):
        if isinstance(found, Claim):
            return found
        if found and found["fingerprint"]["S"] != fingerprint:
            raise KeyReused
        if found and found["state"]["S"] == "completed":
            return Answer(int(found["status"]["N"]), json.loads(found["body"]["S"]))
        if pause is None:
            break
        time.sleep(pause)
        found = read(key)  # a read never disturbs the owner's transaction; another write could cancel it
        if is_free(found, fingerprint):
            found = claim(key, fingerprint, owner)
    raise InProgress


# endregion


# region claim
def claim(key: str, fingerprint: str, owner: str) -> Claim | dict[str, Any]:
    """Take the key: a claim if that succeeds, otherwise the record that made the condition fail."""
    now = time.time()
    lease_until = now + float(os.environ["LEASE_SECONDS"])
    expires_at = int(max(now + int(os.environ["WINDOW_SECONDS"]), lease_until + 1))
    try:
        dynamodb.put_item(
            TableName=os.environ["KEYS_TABLE"],
            Item={
                "id": {"S": key},
                "state": {"S": "in_progress"},
                "owner": {"S": owner},
                "fingerprint": {"S": fingerprint},
                "lease_until": {"N": str(lease_until)},
                "expires_at": {"N": str(expires_at)},
            },
            ConditionExpression="attribute_not_exists(id) OR expires_at <= :now OR "
            "(#state = :in_progress AND lease_until <= :now AND fingerprint = :fingerprint)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":now": {"N": str(now)},
                ":in_progress": {"S": "in_progress"},
                ":fingerprint": {"S": fingerprint},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        found: dict[str, Any] = error.response["Item"]
        ours = {"owner": {"S": owner}, "fingerprint": {"S": fingerprint}, "state": {"S": "in_progress"}}
        if not ours.items() <= found.items():
            return found
        # The record is this claim itself: the answer to it was lost, and the SDK sent it again.
        lease_until = float(found["lease_until"]["N"])
    except dynamodb.exceptions.TransactionConflictException:
        return read(key)  # its owner is completing it at this moment
    return Claim(key, owner, lease_until)


# endregion


def read(key: str) -> dict[str, Any]:
    """The key's record as it is now, or {} if there is none."""
    found = dynamodb.get_item(TableName=os.environ["KEYS_TABLE"], Key={"id": {"S": key}}, ConsistentRead=True)
    record: dict[str, Any] = found.get("Item", {})
    return record


def is_free(record: dict[str, Any], fingerprint: str) -> bool:
    """Whether a claim is worth trying. Only the claim's own condition decides."""
    now = time.time()
    if not record or float(record["expires_at"]["N"]) <= now:
        return True
    dead = record["state"]["S"] == "in_progress" and float(record["lease_until"]["N"]) <= now
    return dead and record["fingerprint"]["S"] == fingerprint


# region complete
def complete(mine: Claim, answer: Answer, effect: dict[str, Any]) -> None:
    """Write the effect and the answer, both or neither. Raises InProgress if the claim is no longer ours."""
    update = {
        "TableName": os.environ["KEYS_TABLE"],
        "Key": {"id": {"S": mine.key}},
        "UpdateExpression": "SET #state = :completed, #status = :status, body = :body, "
        "expires_at = :expires_at REMOVE lease_until",
        "ConditionExpression": "#state = :in_progress AND #owner = :me",
        "ExpressionAttributeNames": {"#state": "state", "#status": "status", "#owner": "owner"},
        "ExpressionAttributeValues": {
            ":completed": {"S": "completed"},
            ":in_progress": {"S": "in_progress"},
            ":me": {"S": mine.owner},
            ":status": {"N": str(answer.status)},
            ":body": {"S": json.dumps(answer.body)},
            ":expires_at": {"N": str(int(time.time()) + int(os.environ["WINDOW_SECONDS"]))},
        },
    }
    for attempt in range(TRIES):
        try:
            dynamodb.transact_write_items(TransactItems=[effect, {"Update": update}])
            return
        except dynamodb.exceptions.TransactionCanceledException as error:
            reasons = {reason["Code"] for reason in error.response["CancellationReasons"]}
            if "ConditionalCheckFailed" in reasons:
                raise InProgress from None  # taken over
            if reasons - {"None", "TransactionConflict"}:
                raise  # not a conflict: leave it to the caller's retry
        # The SDK does not retry a canceled transaction. A conflict ends when the other operation does.
        pause = random.uniform(0, min(0.8, 0.05 * 2**attempt))
        if time.time() + pause >= mine.lease_until:
            break
        time.sleep(pause)
    raise InProgress


# endregion
