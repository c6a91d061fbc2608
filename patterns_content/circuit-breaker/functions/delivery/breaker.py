"""A circuit breaker whose state is one row of a table, so that all instances of the function share it.

Closed: the row has no `until`. Open: `until` is the time of the next probe. Half-open: `probing` is there, and
`until` is when another instance may probe, if this one has ended without a report.
"""

import os
import time
from dataclasses import dataclass
from typing import Any

import boto3

THRESHOLD = 3
"""Failures one after the other that open the breaker."""
PROBE_SECONDS = 10.0
"""How long a probe may take: longer than the function's timeout."""

dynamodb = boto3.client("dynamodb")


@dataclass(frozen=True)
class Permit:
    """What an instance may do: `closed` and `probe` may call, `open` may not."""

    state: str
    failures: int = 0
    until: str = ""
    """The lease of a probe, as it stands in the row."""

    @property
    def may_call(self) -> bool:
        return self.state != "open"


# region ask
def ask(name: str) -> Permit:
    """Whether this instance may call. Of all that ask when the time of a probe has come, one gets it."""
    row = read(name)
    if "until" not in row:
        return Permit("closed", int(row.get("failures", {"N": "0"})["N"]))
    seen, now = row["until"]["N"], time.time()
    if now < float(seen):
        return Permit("open")
    lease = str(now + PROBE_SECONDS)
    won = change(name, "SET #until = :lease, probing = :yes", "#until = :seen", lease=lease, seen=seen)
    return Permit("probe", until=lease) if won else Permit("open")


# endregion


# region report
def succeeded(name: str, permit: Permit) -> str | None:
    """Close the breaker after a probe, and forget earlier failures. A healthy call writes nothing."""
    if permit.state == "probe":
        closed = change(name, "REMOVE #until, probing, failures", "#until = :seen", seen=permit.until)
        return "closed" if closed else None
    if permit.failures:
        change(name, "REMOVE failures", "attribute_not_exists(#until)")
    return None


def failed(name: str, permit: Permit) -> str | None:
    """Open the breaker after a probe that failed, or when the failures reach the threshold."""
    until = str(time.time() + float(os.environ["COOL_DOWN_SECONDS"]))
    if permit.state == "probe":
        again = change(name, "SET #until = :until REMOVE probing", "#until = :seen", until=until, seen=permit.until)
        return "reopened" if again else None
    change(name, "ADD failures :one", "attribute_not_exists(#until)", one="1")
    if int(read(name).get("failures", {"N": "0"})["N"]) < THRESHOLD:
        return None
    opened = change(name, "SET #until = :until", "attribute_not_exists(#until)", until=until)
    return "opened" if opened else None


# endregion


def state_of(row: dict[str, Any]) -> dict[str, Any]:
    """The row, for people: the state, the failures in a row, and the seconds until a probe."""
    failures = int(row.get("failures", {"N": "0"})["N"])
    if "until" not in row:
        return {"state": "closed", "failures": failures}
    left = float(row["until"]["N"]) - time.time()
    if "probing" in row:
        return {"state": "half-open", "failures": failures}
    return {"state": "open", "failures": failures, "probe_in_seconds": max(0, round(left, 1))}


def read(name: str) -> dict[str, Any]:
    """The row, empty for a breaker that was never needed. Raises ClientError."""
    found = dynamodb.get_item(TableName=os.environ["BREAKER_TABLE"], Key={"name": {"S": name}}, ConsistentRead=True)
    row: dict[str, Any] = found.get("Item", {})
    return row


def change(name: str, update: str, condition: str, **numbers: str) -> bool:
    """Change the row if the condition holds. False if another instance was faster."""
    values: dict[str, Any] = {f":{key}": {"N": value} for key, value in numbers.items()}
    if ":yes" in update:
        values[":yes"] = {"BOOL": True}
    given = {"ExpressionAttributeValues": values} if values else {}
    if "#until" in update + condition:
        given["ExpressionAttributeNames"] = {"#until": "until"}
    try:
        dynamodb.update_item(
            TableName=os.environ["BREAKER_TABLE"],
            Key={"name": {"S": name}},
            UpdateExpression=update,
            ConditionExpression=condition,
            **given,
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
