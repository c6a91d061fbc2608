"""The jobs table in DynamoDB: each event of the state table as one conditional write.

DynamoDB decides the condition, so the state that a caller reads is the state that was written. Times are
seconds since 1970.
"""

import os
import re
from typing import Any, NamedTuple

import boto3
import states

KEPT_SECONDS = 24 * 3600
"""How long a job is kept, from its order on."""
START_SECONDS = 6 * 3600
"""How long a job may wait for its first attempt."""
WORK_SECONDS = 30 * 60
"""How long a job may take from its first attempt on: longer than all deliveries of its message take together."""
ID = re.compile(r"[0-9a-f]{32}")

dynamodb = boto3.client("dynamodb")


class Outcome(NamedTuple):
    answer: str
    """As in the state table."""
    item: dict[str, Any]
    """The job as it is now; {} if it is absent."""


class Unsettled(Exception):
    """The job changed each time it was read. Try again."""


def state_of(item: dict[str, Any], now: float) -> str:
    """The state of a job. One that has expired is absent, although DynamoDB may not delete it for days."""
    if not item or int(item["expires_at"]["N"]) <= now:
        return "absent"
    return str(item["status"]["S"])


def read(job: str, now: float) -> tuple[str, dict[str, Any]]:
    """The state and the item of a job, by a consistent read: after a 303 its proof is there."""
    found = dynamodb.get_item(TableName=os.environ["JOBS_TABLE"], Key={"id": {"S": job}}, ConsistentRead=True)
    item = found.get("Item", {})
    return state_of(item, now), item


def look(job: str, now: float) -> tuple[str, dict[str, Any]]:
    """Like `read`, but a job past its deadline is first recorded as failed."""
    for _ in range(3):
        state, item = read(job, now)
        if not _is_late(item, now):
            return state, item
        fail_late(job, now)
    raise Unsettled(job)


# region apply
def apply(
    event: str, job: str, now: float, sets: str, values: dict[str, Any], *, mine: str = "", otherwise: str = "stop"
) -> Outcome:
    """Apply an event to a job: one write, on the condition that the job is in a state of the table's `from` column.

    `sets` and `values` are what it writes besides the status. `mine` is a further condition, for example that the
    caller holds the claim; if only that condition fails, the answer is `otherwise`.
    """
    rules = states.writing(event)
    sources = {f":from{number}": {"S": rule.source} for number, rule in enumerate(rules)}
    condition = f"#status IN ({', '.join(sources)}) AND deadline > :now AND expires_at > :now"
    condition += f" AND {mine}" if mine else ""
    values = {**values, **sources, ":to": {"S": rules[0].target}, ":now": {"N": str(now)}}
    for _ in range(3):
        item, done = _update(job, f"#status = :to, {sets}", condition, values)
        if done:
            return Outcome(rules[0].answer, item)
        if not _is_late(item, now):
            rule = states.RULES[state_of(item, now), event]
            return Outcome(otherwise if rule in rules else rule.answer, item)
        fail_late(job, now)
    raise Unsettled(job)


# endregion


def fail_late(job: str, now: float) -> None:
    """Record that the job failed at its deadline, whatever its worker still does."""
    reason = "It was not done before its deadline."
    _update(
        job,
        "#status = :to, reason = :reason",
        "#status IN (:from0, :from1) AND deadline <= :now AND expires_at > :now",
        {
            ":from0": {"S": "queued"},
            ":from1": {"S": "running"},
            ":to": {"S": states.RULES["queued", "deadline"].target},
            ":reason": {"S": reason},
            ":now": {"N": str(now)},
        },
    )


def _is_late(item: dict[str, Any], now: float) -> bool:
    return state_of(item, now) in states.PENDING and float(item["deadline"]["N"]) <= now


def _update(job: str, sets: str, condition: str, values: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The item after the write and True, or the item that did not meet the condition and False."""
    try:
        answer = dynamodb.update_item(
            TableName=os.environ["JOBS_TABLE"],
            Key={"id": {"S": job}},
            UpdateExpression=f"SET {sets}",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        return error.response.get("Item", {}), False
    return answer["Attributes"], True
