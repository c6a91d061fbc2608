"""Cancels a job that is not over: from this write on, its worker may not write any more."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DELETE /jobs/{id} -> 200 when it is cancelled (also the second time), 404, or 409 when it was over."""
    job = event["pathParameters"]["id"]
    try:
        dynamodb.update_item(
            TableName=os.environ["JOBS_TABLE"],
            Key={"id": {"S": job}},
            UpdateExpression="SET #status = :cancelled",
            ConditionExpression="#status IN (:queued, :running, :cancelled)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":queued": {"S": "queued"},
                ":running": {"S": "running"},
                ":cancelled": {"S": "cancelled"},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except dynamodb.exceptions.ConditionalCheckFailedException as error:
        found = error.response.get("Item")
        log("job.not_cancelled", event, job=job)
        if found is None:
            return answer(404, {"status": 404, "title": "There is no such job"})
        return answer(409, {"status": 409, "title": "The job is over", "detail": found["status"]["S"]})
    log("job.cancelled", event, job=job)
    return answer(200, {"job": job, "status": "cancelled"})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    kind = "application/json" if status == 200 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
