"""The operators' API: GET /dead-letters, POST /dead-letters/redrive and POST /dead-letters/discard."""

import json
import os
import time
from typing import Any

import boto3
from letters import MOST, delete, held, reason_of, send_back, summary

dynamodb = boto3.client("dynamodb")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with what was found or moved, 400 for a request without a reason and a limit."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id")
    if event["resource"] == "/dead-letters":
        with held() as letters:
            log("letters.seen", trace, count=len(letters))
            body = {"count": len(letters), "more": len(letters) >= MOST, "reasons": summary(letters)}
            return answer(200, body, **{"X-Dead-Letters": str(len(letters))})
    wanted = read_request(event.get("body"))
    if wanted is None:
        return answer(400, {"status": 400, "title": f"Send a reason and a limit of 1 to {MOST}"})
    reason, limit = wanted
    with held() as letters:
        if event["resource"] == "/dead-letters/redrive":
            moved = send_back(letters, reason, limit)
            log("letters.redriven", trace, reason=reason, count=moved)
            return answer(200, {"redriven": moved, "left": sum(reason_of(letter) == reason for letter in letters)})
        discarded = archive(letters, reason, limit)
        log("letters.discarded", trace, reason=reason, count=discarded)
        return answer(200, {"discarded": discarded})


# endregion


def read_request(body: str | None) -> tuple[str, int] | None:
    try:
        sent = json.loads(body or "")
    except (ValueError, RecursionError):
        return None
    match sent:
        case {"reason": str(reason), "limit": int(limit)} if type(limit) is int and 1 <= limit <= MOST and reason:
            return reason, limit
    return None


def archive(letters: list[dict[str, Any]], reason: str, limit: int) -> int:
    """Store up to `limit` letters of a reason in the archive, then delete them from the queue."""
    chosen = [letter for letter in letters if reason_of(letter) == reason][:limit]
    for letter in chosen:
        dynamodb.put_item(
            TableName=os.environ["ARCHIVE_TABLE"],
            Item={
                "message": {"S": letter["MessageId"]},
                "reason": {"S": reason},
                "body": {"S": letter["Body"]},
                "discarded_at": {"N": str(time.time())},
            },
        )
        delete(letters, letter)
    return len(chosen)


def answer(status: int, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    """A proxy integration's response; an error as RFC 9457 writes it."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind, **headers}, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
