"""Works on jobs from the queue: claims one, renders its pages, and records the progress after each.

Messages are delivered at least once. Only the invocation that holds a job's claim works on it, and the holder of a
canceled job cannot write any more.
"""

import hashlib
import json
import os
import time
from typing import Any

import jobs
from web import log

FONTS = ("Garamond", "Futura")


class Lost(Exception):
    """This invocation no longer holds the job."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An SQS batch -> the messages that are to return later. A message that fails does not affect the others."""
    failures = []
    for record in event["Records"]:
        trace = record["attributes"].get("AWSTraceHeader", "")
        try:
            job = json.loads(record["body"])["job"]
            if not jobs.ID.fullmatch(job):
                raise ValueError(f"{job!r} is not the id of a job")
            done = work(job, trace, context)
        except Exception as error:
            # Whatever the cause, the message returns, and after the last delivery the dead-letter queue keeps it.
            log("message.failed", trace, message=record["messageId"], error=f"{type(error).__name__}: {error}")
            done = False
        if not done:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def work(job: str, trace: str, context: Any) -> bool:
    """One job from claim to end. False while another invocation holds it: its message is to return."""
    me = context.aws_request_id
    claimed = claim(job, me, time.time() + context.get_remaining_time_in_millis() / 1000)
    if claimed.answer != "work":
        log("job.busy" if claimed.answer == "busy" else "job.skipped", trace, job=job)
        return claimed.answer != "busy"
    order, attempt = claimed.item, int(claimed.item["attempt"]["N"])
    log("job.started", trace, job=job, attempt=attempt)
    pages: list[str] = []
    try:
        for number in range(1, int(order["pages"]["N"]) + 1):
            if order["font"]["S"] not in FONTS:
                reason = f"The font {order['font']['S']} is not installed (page {number})."
                note("give up", job, me, len(pages), reason={"S": reason})
                log("job.failed", trace, job=job, reason=reason)
                return True
            pages.append(render(order["artwork"]["S"], number))
            note("page", job, me, len(pages))
            log("page.rendered", trace, job=job, page=number)
        note("finish", job, me, len(pages), proof={"L": [{"S": page} for page in pages]})
        log("job.succeeded", trace, job=job, pages=len(pages))
    except Lost:
        log("job.stopped", trace, job=job, pages=len(pages))
    return True


def render(artwork: str, number: int) -> str:
    """A page's checksum. The pause stands for the work of a real renderer."""
    time.sleep(float(os.environ["SECONDS_PER_PAGE"]))
    return hashlib.sha256(f"{artwork}, page {number}".encode()).hexdigest()


# region claim
def claim(job: str, me: str, until: float) -> jobs.Outcome:
    """Claim a job that waits, or one whose claim has expired. The answer is "work", "busy" or "skip"."""
    now = time.time()
    mine = "claimed_by = :me, claimed_until = :until, attempt = attempt + :one, pages_done = :none"
    values = {":me": {"S": me}, ":until": {"N": str(until)}, ":one": {"N": "1"}, ":none": {"N": "0"}}
    # The deadline for the work counts from the first attempt: the time in the queue is not included.
    ends = {":ends": {"N": str(now + jobs.WORK_SECONDS)}}
    outcome = jobs.apply("claim", job, now, f"{mine}, deadline = :ends", {**values, **ends})
    if outcome.answer == "busy":
        outcome = jobs.apply("take over", job, now, mine, values, mine="claimed_until < :now", otherwise="busy")
    if outcome.answer == "busy" and outcome.item["claimed_by"]["S"] == me:
        # The SDK repeats a write whose answer got lost, and the second write meets the claim of the first.
        return jobs.Outcome("work", outcome.item)
    return outcome


def note(event: str, job: str, me: str, pages_done: int, **more: dict[str, Any]) -> None:
    """Write progress or the end if the job is still ours. Raise Lost if it was canceled, taken over or too late."""
    sets = ", ".join(["pages_done = :done", *(f"{name} = :{name}" for name in more)])
    values = {":done": {"N": str(pages_done)}, ":me": {"S": me}, **{f":{name}": more[name] for name in more}}
    if jobs.apply(event, job, time.time(), sets, values, mine="claimed_by = :me").answer != "go on":
        raise Lost


# endregion
