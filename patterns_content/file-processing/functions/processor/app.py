"""Processes the file that an event of the bucket names. The event may come twice, late, or for a file that is gone."""

import json
import os
import time
from typing import Any
from urllib.parse import unquote_plus

import boto3
from files import record, seen
from readings import NotReadings, summarize

s3 = boto3.client("s3")


class Crash(Exception):
    """The function ends after its work and before it can report that."""


# region handler
def handler(event: dict[str, Any], context: Any) -> None:
    """Process the file of each record. What is raised here makes Lambda retry the event."""
    for one in event["Records"]:
        process(one["s3"]["bucket"]["name"], one["s3"]["object"])


def process(bucket: str, event: dict[str, Any]) -> None:
    """Summarize the object, unless its row shows that this event or a newer one of the same key is done."""
    key, sequencer = unquote_plus(event["key"]), event["sequencer"]
    log("event.received", "", encoded=event["key"], key=key)
    if done := seen(key, sequencer):
        log(f"file.{done}", "", key=key)
        return
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
    except s3.exceptions.NoSuchKey:
        log("file.gone", "", key=key)  # deleted since: no retry brings it back
        return
    trace = found["Metadata"].get("trace", "")
    facts = outcome(key, found)
    written = record(key, sequencer, facts)
    log(f"file.{facts['status'] if written else 'overtaken'}", trace, key=key, reason=facts.get("reason"))
    if os.environ["CRASH_AFTER_WORK"] == "yes":
        raise Crash("the work is done, and the run fails")


# endregion


# region outcome
def outcome(key: str, found: dict[str, Any]) -> dict[str, Any]:
    """What the row says: a summary and where it is, or why there is none. ClientError if S3 refuses the summary."""
    etag = found["ETag"].strip('"')
    try:
        summary = summarize(found["Body"].read())
    except NotReadings as error:
        return {"status": "rejected", "etag": etag, "reason": str(error)}
    place = f"summaries/{key.removeprefix('incoming/')}/{etag}.json"
    s3.put_object(
        Bucket=os.environ["SUMMARY_BUCKET"],
        Key=place,
        Body=json.dumps(summary).encode(),
        ContentType="application/json",
    )
    return {"status": "processed", "etag": etag, "summary": place, **summary}


# endregion


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON, so that CloudWatch Logs Insights finds its fields by name."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
