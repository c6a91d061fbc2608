"""Works jobs off the queue: claims one, renders its pages, and says after each how far it is.

Messages come at least once. A job is worked on only by the invocation whose claim stands on it, and a
job that was cancelled loses its claim.
"""

import hashlib
import json
import os
import time
from typing import Any

import boto3

FONTS = ("Garamond", "Futura")

dynamodb = boto3.client("dynamodb")


class Lost(Exception):
    """The job is not this invocation's any more."""


class Busy(Exception):
    """Another invocation is at work on the job."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An SQS batch -> the messages that are to come back later."""
    failures = []
    for record in event["Records"]:
        trace = record["attributes"].get("AWSTraceHeader", "")
        job = json.loads(record["body"])["job"]
        try:
            work(job, trace, context)
        except Busy:
            log("job.busy", trace, job=job)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def work(job: str, trace: str, context: Any) -> None:
    """One job from claim to end. Raises Busy while another invocation holds it."""
    me = context.aws_request_id
    order = claim(job, me, time.time() + context.get_remaining_time_in_millis() / 1000)
    if order is None:
        log("job.skipped", trace, job=job)
        return
    log("job.started", trace, job=job)
    pages: list[str] = []
    try:
        for number in range(1, int(order["pages"]["N"]) + 1):
            if order["font"]["S"] not in FONTS:
                reason = f"The font {order['font']['S']} is not installed (page {number})."
                note(job, me, "failed", len(pages), reason={"S": reason})
                log("job.failed", trace, job=job, reason=reason)
                return
            pages.append(render(order["artwork"]["S"], number))
            note(job, me, "running", len(pages))
            log("page.rendered", trace, job=job, page=number)
        note(job, me, "succeeded", len(pages), proof={"L": [{"S": page} for page in pages]})
        log("job.succeeded", trace, job=job, pages=len(pages))
    except Lost:
        log("job.stopped", trace, job=job, pages=len(pages))


def render(artwork: str, number: int) -> str:
    """A page's checksum. The pause stands for the work of a real renderer."""
    time.sleep(float(os.environ["SECONDS_PER_PAGE"]))
    return hashlib.sha256(f"{artwork}, page {number}".encode()).hexdigest()


# region claim
def claim(job: str, me: str, until: float) -> dict[str, Any] | None:
    """Take a job that waits, or one whose holder's time is up. None where it is over. Raises Busy."""
    try:
        answer = dynamodb.update_item(
            TableName=os.environ["JOBS_TABLE"],
            Key={"id": {"S": job}},
            UpdateExpression="SET #status = :running, claimed_by = :me, claimed_until = :until",
            ConditionExpression="deadline > :now AND "
            "(#status = :queued OR (#status = :running AND claimed_until < :now))",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":queued": {"S": "queued"},
                ":running": {"S": "running"},
                ":me": {"S": me},
                ":until": {"N": str(until)},
                ":now": {"N": str(time.time())},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        if error.response.get("Item", {}).get("status", {}).get("S") == "running":
            raise Busy from None
        return None
    return answer["Attributes"]


def note(job: str, me: str, status: str, pages_done: int, **more: dict[str, Any]) -> None:
    """Write progress or the end, if the job is still ours. Raises Lost if it was cancelled or taken over."""
    values = {":status": {"S": status}, ":done": {"N": str(pages_done)}}
    values |= {":running": {"S": "running"}, ":me": {"S": me}}
    extra = "".join(f", {name} = :{name}" for name in more)
    try:
        dynamodb.update_item(
            TableName=os.environ["JOBS_TABLE"],
            Key={"id": {"S": job}},
            UpdateExpression=f"SET #status = :status, pages_done = :done{extra}",
            ConditionExpression="#status = :running AND claimed_by = :me",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=values | {f":{name}": value for name, value in more.items()},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        raise Lost from None


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
