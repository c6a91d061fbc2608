"""Summarizes each file beside itself, the naive twin: its summaries are files of the same bucket too."""

import json
import os
import time
from typing import Any

import boto3
from readings import NotReadings, summarize

s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> None:
    """Process each record with the key as the event has it."""
    for one in event["Records"]:
        process(one["s3"]["bucket"]["name"], one["s3"]["object"]["key"])


def process(bucket: str, key: str) -> None:
    """Store a summary under the file's name with .summary before .csv, and a row with the result."""
    rounds = key.count(".summary")
    found = s3.get_object(Bucket=bucket, Key=key)
    trace = found["Metadata"].get("trace", "")
    try:
        facts: dict[str, Any] = {"status": "processed", **summarize(found["Body"].read())}
    except NotReadings as error:
        facts = {"status": "rejected", "reason": str(error)}
    item = {name: {"N" if isinstance(value, int) else "S": str(value)} for name, value in facts.items()}
    dynamodb.put_item(TableName=os.environ["FILES_TABLE"], Item={"file": {"S": key}, **item})
    log(f"summary.{facts['status']}" if rounds else f"file.{facts['status']}", trace, key=key)
    if facts["status"] == "rejected":
        return
    if rounds >= int(os.environ["MOST_ROUNDS"]):
        log("loop.stopped", trace, key=key, rounds=rounds)
        return
    lines = f"hour,tenths\n0,{facts['lowest']}\n1,{facts['highest']}\n"
    place = f"{key.removesuffix('.csv')}.summary.csv"
    s3.put_object(Bucket=bucket, Key=place, Body=lines.encode(), ContentType="text/csv", Metadata={"trace": trace})


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
