"""The proxy: one outcome for each idempotency key, whoever asks and however often.

A key's record is `in_progress` while somebody works on it and `completed` once there is an answer. Both
states end by themselves: a lease for the first, a window for the second, and each is compared with the
clock in the write's own condition, so nothing waits for DynamoDB to sweep expired items.
"""

import json
import os
import time
from dataclasses import dataclass
from typing import Any

import boto3

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.6, 0.6)
"""Seconds between looks at a key on which somebody else is working: about two in all."""

dynamodb = boto3.client("dynamodb")


class InProgress(Exception):
    """Somebody else is working on this key, and was not done within our patience."""


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


def claim_or_answer(key: str, fingerprint: str, owner: str) -> Claim | Answer:
    """A claim for the first to come, the stored answer for everybody after. Raises InProgress, KeyReused."""
    for pause in (*PAUSES, None):
        found = claim(key, fingerprint, owner)
        if found is None:
            return Claim(key, owner)
        if found["fingerprint"]["S"] != fingerprint:
            raise KeyReused
        if found["state"]["S"] == "completed":
            return Answer(int(found["status"]["N"]), json.loads(found["body"]["S"]))
        if pause is not None:
            time.sleep(pause)
    raise InProgress


# region claim
def claim(key: str, fingerprint: str, owner: str) -> dict[str, Any] | None:
    """Take the key: None when it is ours, otherwise the record that stands in the way."""
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
        return error.response["Item"]
    return None


# endregion


# region complete
def complete(mine: Claim, answer: Answer, effect: dict[str, Any]) -> None:
    """Write the effect and the answer, both or neither. Raises InProgress if the claim was taken over."""
    try:
        dynamodb.transact_write_items(
            TransactItems=[
                effect,
                {
                    "Update": {
                        "TableName": os.environ["KEYS_TABLE"],
                        "Key": {"id": {"S": mine.key}},
                        "UpdateExpression": "SET #state = :completed, #status = :status, body = :body, "
                        "expires_at = :expires_at REMOVE lease_until",
                        "ConditionExpression": "#state = :in_progress AND #owner = :me",
                        "ExpressionAttributeNames": {
                            "#state": "state",
                            "#status": "status",
                            "#owner": "owner",
                        },
                        "ExpressionAttributeValues": {
                            ":completed": {"S": "completed"},
                            ":in_progress": {"S": "in_progress"},
                            ":me": {"S": mine.owner},
                            ":status": {"N": str(answer.status)},
                            ":body": {"S": json.dumps(answer.body)},
                            ":expires_at": {"N": str(int(time.time()) + int(os.environ["WINDOW_SECONDS"]))},
                        },
                    }
                },
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        if any(reason["Code"] == "ConditionalCheckFailed" for reason in error.response["CancellationReasons"]):
            raise InProgress from None
        raise


# endregion
