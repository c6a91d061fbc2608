"""Tells a caller how their job is going, and sends them on to the result once there is one."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /jobs/{id} -> 200 pending, failed or cancelled; 303 to the proof when done; 404 unknown."""
    job = event["pathParameters"]["id"]
    found = dynamodb.get_item(TableName=os.environ["JOBS_TABLE"], Key={"id": {"S": job}}, ConsistentRead=True).get(
        "Item"
    )
    if found is None:
        log("job.unknown", event, job=job)
        body = {"status": 404, "title": "There is no such job"}
        return answer(404, body, **{"Content-Type": "application/problem+json"})

    status, reason = found["status"]["S"], found.get("reason", {}).get("S", "")
    if status in ("queued", "running") and int(found["deadline"]["N"]) <= time.time():
        status, reason = "failed", "It was not done in the time that we promise."
    log("job.asked", event, job=job, status=status)
    body = {"job": job, "status": status}
    if status == "succeeded":
        return answer(303, body, Location=f"../proofs/{job}")

    done, total = int(found["pages_done"]["N"]), int(found["pages"]["N"])
    body |= {"progress": {"done": done, "total": total}, "detail": reason or f"{done} of {total} pages"}
    pending = {"Retry-After": "1"} if status in ("queued", "running") else {}
    return answer(200, body, **pending)


def answer(status: int, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **headers}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
