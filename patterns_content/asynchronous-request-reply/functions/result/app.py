"""Hands out the result of a job that succeeded, for as long as it is kept."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /proofs/{id} -> 200 {"proof", "artwork", "pages": [{"number", "sha256"}]}, or 404."""
    proof = event["pathParameters"]["id"]
    found = dynamodb.get_item(TableName=os.environ["JOBS_TABLE"], Key={"id": {"S": proof}}).get("Item")
    if found is None or "proof" not in found:
        log("proof.unknown", event, proof=proof)
        return answer(404, {"status": 404, "title": "There is no such proof"}, "application/problem+json")
    log("proof.read", event, proof=proof)
    pages = [{"number": number, "sha256": page["S"]} for number, page in enumerate(found["proof"]["L"], 1)]
    return answer(200, {"proof": proof, "artwork": found["artwork"]["S"], "pages": pages})


def answer(status: int, body: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
